/** A logger for people: what is worth knowing becomes a line of the report, without its fields. */
import type { Logger } from "@holdfast/core";
import type { Reporter } from "./reporter.js";

export function reporterLogger(reporter: Reporter): Logger {
  const line = (_fields: object, message: string) => reporter.line(`  ! ${message}`);
  return { debug: () => {}, info: () => {}, warn: line, error: line };
}
