/**
 * Says what is wrong with a value in words that an operator understands, instead of zod's.
 *
 * Texts are never repeated, because a setting that takes text may be a password; of numbers,
 * switches and choices the offending value is shown.
 */
import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";
import type { ConfigProblem } from "./config-error.js";
import { fieldsOf, type Path, type Schema, showPath } from "./schema-fields.js";

type Issue = z.core.$ZodRawIssue;

export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Parses a value and, when it is invalid, names every problem. `originOf` tells where it stands. */
export function check<S extends z.ZodType>(
  schema: S,
  input: unknown,
  originOf: (path: Path) => string | undefined = () => undefined,
): Checked<z.output<S>> {
  const parsed = schema.safeParse(input, { error: explain });
  if (parsed.success) return { ok: true, value: parsed.data };
  const problems = parsed.error.issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return [problem(issue.path, issue.message, originOf)];
    // explain() wrote one line for each key, in this order.
    const messages = issue.message.split("\n");
    return issue.keys.map((key, index) =>
      problem([...issue.path, key], messages[index] ?? "unknown setting", originOf),
    );
  });
  return { ok: false, problems };
}

/** `; did you mean "lru"?` when something close enough is among the candidates, else nothing. */
export function suggestion(word: string, candidates: readonly string[], quote = '"'): string {
  if (candidates.length === 0) return "";
  const best = closest(word, candidates);
  const limit = Math.max(2, Math.floor(word.length / 3));
  return distance(word, best) <= limit ? `; did you mean ${quote}${best}${quote}?` : "";
}

/** A value in a message: short, on one line. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a section";
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}

function problem(
  path: Path,
  message: string,
  originOf: (path: Path) => string | undefined,
): ConfigProblem {
  const origin = originOf(path);
  return { path: showPath(path), message, ...(origin === undefined ? {} : { origin }) };
}

function explain(issue: Issue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return explainType(issue);
    case "too_small":
      return explainBound(issue.origin, Number(issue.minimum), "at least", issue.input);
    case "too_big":
      return explainBound(issue.origin, Number(issue.maximum), "at most", issue.input);
    case "invalid_value":
      return explainChoice(issue.values.map(String), issue.input);
    case "invalid_union":
      return explainUnion(issue);
    case "invalid_format":
      return `must match ${issue.pattern ?? issue.format}`;
    case "invalid_key":
      return issue.issues[0]?.message;
    case "unrecognized_keys":
      return explainUnknown(issue.keys, issue.inst);
    default:
      return undefined;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a section",
  record: "a section",
};

function explainType(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType>): string {
  if (issue.input === undefined) return "is required";
  const wanted = isWhole(issue.inst) ? "int" : issue.expected;
  const expected = TYPES[wanted] ?? wanted;
  if (issue.input === null) return `must be ${expected}, but is empty`;
  if (wanted !== "string") return `must be ${expected}, not ${show(issue.input)}`;
  return `must be ${expected}, not ${TYPES[kindOfValue(issue.input)]}`;
}

function isWhole(instance: Issue["inst"]): boolean {
  const def = isSchema(instance) ? instance._zod.def : undefined;
  return def?.type === "number" && "format" in def && def.format === "safeint";
}

/** Issues are raised by schemas and by single checks on them. */
function isSchema(instance: Issue["inst"]): instance is Schema {
  return instance !== undefined && "type" in instance._zod.def;
}

function kindOfValue(value: unknown): string {
  return Array.isArray(value) ? "array" : typeof value;
}

function explainBound(origin: string, bound: number, word: string, input: unknown): string {
  if (origin === "string") {
    return bound === 1 && word === "at least"
      ? "must not be empty"
      : `must have ${word} ${bound} characters`;
  }
  if (origin === "array") return `must have ${word} ${bound} ${bound === 1 ? "item" : "items"}`;
  return `must be ${word} ${bound}, not ${show(input)}`;
}

function explainChoice(choices: readonly string[], input: unknown): string {
  const list = choices.map((choice) => JSON.stringify(choice)).join(", ");
  const wanted = choices.length === 1 ? list : `one of ${list}`;
  if (input === undefined) return `is required: ${wanted}`;
  const hint = typeof input === "string" ? suggestion(input, choices) : "";
  return `must be ${wanted}, not ${show(input)}${hint}`;
}

function explainUnion(
  issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>,
): string | undefined {
  if (issue.discriminator === undefined) return undefined;
  const choices = "options" in issue && Array.isArray(issue.options) ? issue.options : [];
  const given = issue.input as Readonly<Record<string, unknown>>; // Only mappings get this far.
  return explainChoice(choices.map(String), given[issue.discriminator]);
}

function explainUnknown(keys: readonly string[], section: Issue["inst"]): string {
  const known = isSchema(section) ? Object.keys(fieldsOf(section)) : [];
  return keys.map((key) => `unknown setting${suggestion(key, known)}`).join("\n");
}
