/**
 * Settings out of environment variables: `HOLDFAST_LISTEN__DATA_PORT` is `listen.dataPort`. Two
 * underscores separate levels; within a level case and single underscores do not count.
 *
 * How a value is read depends on the setting: text is taken as it is; a list is split at commas,
 * or read as YAML when it starts with `[`; everything else is read as YAML. An empty variable
 * counts as not set. `…_FILE` names a file that holds the value of a text, so that a secret need
 * not be in the environment.
 */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { ConfigProblem } from "./config-error.js";
import { suggestion } from "./explain.js";
import { fieldsOf, kindOf, leavesOf, type Schema } from "./schema-fields.js";

export interface EnvironmentSetting {
  readonly path: readonly string[];
  readonly value: unknown;
  /** Name of the variable. */
  readonly origin: string;
}

export interface EnvironmentOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly prefix: string;
  /** Variables with the prefix that mean something else. */
  readonly ignored: readonly string[];
}

const FILE_SUFFIX = "_FILE";

export function readEnvironment(
  schema: Schema,
  { env, prefix, ignored }: EnvironmentOptions,
): {
  readonly settings: readonly EnvironmentSetting[];
  readonly problems: readonly ConfigProblem[];
} {
  const settings = new Map<string, EnvironmentSetting>();
  const problems: ConfigProblem[] = [];
  for (const origin of Object.keys(env).sort()) {
    const text = env[origin];
    if (!origin.startsWith(prefix) || ignored.includes(origin) || !text) continue;
    const setting = readVariable(schema, { origin, text, name: origin.slice(prefix.length) });
    if (setting === undefined) {
      problems.push({
        path: "",
        message: `unknown setting${hint(schema, origin, prefix)}`,
        origin,
      });
      continue;
    }
    if ("message" in setting) {
      problems.push(setting);
      continue;
    }
    const path = setting.path.join(".");
    const twin = settings.get(path);
    if (twin === undefined) settings.set(path, setting);
    else problems.push({ path, message: `is also set by ${twin.origin}`, origin });
  }
  return { settings: [...settings.values()], problems };
}

/** The variable of a setting: `HOLDFAST_LISTEN__DATA_PORT` for `listen.dataPort`. */
export function variableOf(path: readonly string[], prefix: string): string {
  const levels = path.map((name) => name.replace(/[A-Z]/g, "_$&").toUpperCase());
  return prefix + levels.join("__");
}

interface Variable {
  readonly origin: string;
  readonly text: string;
  /** The variable's name without the prefix. */
  readonly name: string;
}

function readVariable(
  schema: Schema,
  { origin, text, name }: Variable,
): EnvironmentSetting | ConfigProblem | undefined {
  const found = find(schema, name);
  if (found !== undefined) return readText(found, text, origin);
  if (!name.endsWith(FILE_SUFFIX)) return undefined;
  const named = find(schema, name.slice(0, -FILE_SUFFIX.length));
  if (named === undefined || kindOf(named.field) !== "text") return undefined;
  try {
    return { path: named.path, value: readFileSync(text, "utf8").replace(/\r?\n$/, ""), origin };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException; // readFileSync throws nothing else.
    const message = `cannot read the file ${text}: ${code ?? String(error)}`;
    return { path: named.path.join("."), message, origin };
  }
}

function readText(
  { path, field }: Found,
  text: string,
  origin: string,
): EnvironmentSetting | ConfigProblem {
  const kind = kindOf(field);
  if (kind === "text") return { path, value: text, origin };
  if (kind === "list" && !text.trimStart().startsWith("[")) {
    return { path, value: text.split(",").map((item) => item.trim()), origin };
  }
  try {
    return { path, value: parse(text), origin };
  } catch {
    return { path: path.join("."), message: "is not valid YAML", origin };
  }
}

interface Found {
  readonly path: readonly string[];
  readonly field: Schema;
}

function find(schema: Schema, name: string): Found | undefined {
  let field = schema;
  const path: string[] = [];
  for (const level of name.split("__")) {
    const match = Object.entries(fieldsOf(field)).find(([key]) => fold(key) === fold(level));
    if (match === undefined) return undefined;
    path.push(match[0]);
    field = match[1];
  }
  return { path, field };
}

function fold(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}

function hint(schema: Schema, origin: string, prefix: string): string {
  const known = leavesOf(schema).map((path) => variableOf(path, prefix));
  return suggestion(origin, known, "");
}
