/**
 * One configuration out of a YAML file, environment variables and overrides, each stronger than the
 * one before, checked against one schema. Whatever is wrong is reported together, in one
 * ConfigError.
 *
 * Use `z.strictObject` in schemas: an unknown setting is then an error with a suggestion.
 */
import type { z } from "zod";
import { ConfigError } from "./config-error.js";
import { type ConfigSource, readConfigFile } from "./config-file.js";
import { type EnvironmentSetting, readEnvironment } from "./environment.js";
import { check } from "./explain.js";
import type { Path } from "./schema-fields.js";

export interface LoadConfigOptions {
  /** Path of the YAML file. Omitted: there is none. */
  readonly file?: string | undefined;
  /** The environment; only a process's `main.ts` passes the real one. Omitted: empty. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Settings that win over everything else, in the form of the file. */
  readonly overrides?: unknown;
  /** What the names of variables start with. Default: `HOLDFAST_`. */
  readonly prefix?: string;
  /** Variables with the prefix that are not settings. `<prefix>CONFIG`, which names the file, never is. */
  readonly ignoredEnv?: readonly string[];
}

/** @throws {ConfigError} with every problem. */
export function loadConfig<Schema extends z.ZodType>(
  schema: Schema,
  options: LoadConfigOptions = {},
): z.output<Schema> {
  const { env = {}, overrides, prefix = "HOLDFAST_", ignoredEnv = [] } = options;
  const file = options.file === undefined ? undefined : readConfigFile(options.file);
  const ignored = [`${prefix}CONFIG`, ...ignoredEnv];
  const environment = readEnvironment(schema, { env, prefix, ignored });

  let input: unknown = file?.value ?? {};
  for (const { path, value } of environment.settings) input = withSetting(input, path, value);
  input = merged(input, overrides);

  const found = [...(file?.problems ?? []), ...environment.problems];
  // A file that cannot be read would make every setting in it look missing.
  if (file !== undefined && file.problems.length > 0) throw new ConfigError(found);
  const checked = check(schema, input, originFinder(file, environment.settings, overrides));
  if (checked.ok && found.length === 0) return checked.value;
  throw new ConfigError(checked.ok ? found : [...found, ...checked.problems]);
}

function originFinder(
  file: ConfigSource | undefined,
  settings: readonly EnvironmentSetting[],
  overrides: unknown,
): (path: Path) => string | undefined {
  return (path) => {
    if (has(overrides, path)) return "given by the program";
    const setting = settings.find((one) => one.path.every((name, index) => name === path[index]));
    return setting?.origin ?? file?.originOf(path);
  };
}

function has(value: unknown, path: Path): boolean {
  if (path.length === 0) return false;
  let part = value;
  for (const name of path) {
    if (typeof part !== "object" || part === null || !Object.hasOwn(part, name)) return false;
    part = (part as Readonly<Record<PropertyKey, unknown>>)[name]; // Just seen to be there.
  }
  return true;
}

function withSetting(base: unknown, path: readonly string[], value: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const entries = isSection(base) ? new Map(Object.entries(base)) : new Map<string, unknown>();
  entries.set(name, withSetting(entries.get(name), rest, value));
  return Object.fromEntries(entries);
}

/** Sections are merged name by name; everything else in `over` replaces what is in `base`. */
function merged(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isSection(base) || !isSection(over)) return over;
  const entries = new Map<string, unknown>(Object.entries(base));
  for (const [name, value] of Object.entries(over)) {
    entries.set(name, merged(entries.get(name), value));
  }
  // Unlike assignment, fromEntries gives "__proto__" no special meaning.
  return Object.fromEntries(entries);
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
