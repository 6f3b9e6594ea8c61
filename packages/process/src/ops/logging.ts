/**
 * The logger of a server process: JSON lines, written at once, without worker threads that could
 * take the last lines of a crash with them. Errors of the database lose the fields that carry
 * values of rows.
 */

import type { Logger } from "@holdfast/core";
import { type DestinationStream, destination, pino, stdSerializers } from "pino";
import type { LogLevel } from "../config/shared-options.js";

export interface ProcessLogger extends Logger {
  /** For what ends the process. */
  fatal(fields: object, message: string): void;
  /** A logger that adds `fields` to every line. */
  child(fields: object): ProcessLogger;
}

export interface LoggerOptions {
  /** Name of the process, in every line. */
  readonly name: string;
  readonly level: LogLevel;
  /** Default: standard output. */
  readonly destination?: "stdout" | "stderr" | DestinationStream;
}

export function createLogger(options: LoggerOptions): ProcessLogger {
  const { name, level, destination: target = "stdout" } = options;
  const stream =
    typeof target === "string"
      ? destination({ fd: target === "stdout" ? 1 : 2, sync: true })
      : target;
  return pino({ name, level, serializers: { err: serializeError } }, stream);
}

/** What PostgreSQL's errors say of the rows and parameters they are about. */
const VALUE_FIELDS = ["detail", "where", "parameters", "internalQuery", "query"];

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return withoutValues(stdSerializers.errWithCause(error));
}

function withoutValues(serialized: unknown): unknown {
  if (Array.isArray(serialized)) return serialized.map(withoutValues);
  if (typeof serialized !== "object" || serialized === null) return serialized;
  const kept = Object.entries(serialized).filter(([field]) => !VALUE_FIELDS.includes(field));
  return Object.fromEntries(
    kept.map(([field, value]) =>
      field === "cause" || field === "aggregateErrors"
        ? [field, withoutValues(value)]
        : [field, value],
    ),
  );
}
