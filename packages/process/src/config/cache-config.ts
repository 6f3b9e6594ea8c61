/**
 * What may be said of one cache, with its defaults and bounds. The same for the file that people
 * write, for what the registry holds and for what the nodes run: the form written in YAML is what
 * travels, and every reader parses it here.
 */
import { MAX_VALUE_BYTES } from "@holdfast/core";
import { z } from "zod";
import { ConfigError, type ConfigProblem } from "./config-error.js";
import { parseConfigText } from "./config-file.js";
import { check } from "./explain.js";
import type { Path } from "./schema-fields.js";
import { sqlIdentifier } from "./shared-options.js";
import { byteSize, duration, formatDuration } from "./units.js";

export const CACHE_PATTERNS = [
  "cache-aside",
  "read-through",
  "write-through",
  "write-behind",
] as const;

export type CachePattern = (typeof CACHE_PATTERNS)[number];

/**
 * Which entry goes when there is no room: what the rule says that would have had most hits of late
 * (`adaptive`); the least recently used; the least often used, of late; the oldest; one that was not used
 * again soon after it came (`s3-fifo`); or the one with the fewest uses for its size (`gdsf`).
 */
export const EVICTION_POLICY_NAMES = ["adaptive", "lru", "lfu", "fifo", "s3-fifo", "gdsf"] as const;

export type EvictionPolicyName = (typeof EVICTION_POLICY_NAMES)[number];

export interface CacheConfig {
  readonly pattern: CachePattern;
  /** Lifetime of an entry that is written without one, in milliseconds. 0: it does not expire. */
  readonly ttlMs: number;
  /** Largest share of a lifetime that is taken off at random, so that entries do not end together. */
  readonly ttlJitter: number;
  /**
   * From this age on an entry is stale: it is served, marked as such, while it is loaded anew, in milliseconds.
   * Spread as `ttlMs`. 0: never. In cache-aside caches it is callers who load it anew.
   */
  readonly softTtlMs: number;
  /**
   * How long a value is kept beyond the end of its lifetime, to be served, marked as stale, where the load that should
   * replace it fails, in milliseconds. 0: not at all.
   */
  readonly graceMs: number;
  /**
   * How much ahead of its end, or of becoming stale, an entry that is read is loaded anew: the factor `beta` of XFetch,
   * by which what loads take is multiplied. 1 is its optimum; 0: nothing is loaded ahead.
   */
  readonly refreshAhead: number;
  /** How long an entry may be neither read nor written before it ends, in milliseconds. 0: for ever. */
  readonly maxIdleMs: number;
  /** How long the absence of a row is remembered, in milliseconds. 0: not at all. */
  readonly negativeTtlMs: number;
  readonly eviction: EvictionPolicyName;
  /** Most memory of the cache on each node. `undefined`: what the node has. */
  readonly maxBytes: number | undefined;
  /** Most entries of the cache on each node. */
  readonly maxEntries: number | undefined;
  /** Largest value. A larger one is refused with `VALUE_TOO_LARGE`. */
  readonly valueMaxBytes: number;
  /** Where rows come from and go to; present unless the pattern is cache-aside. */
  readonly source: SourceConfig | undefined;
  /** Means something in write-behind caches only. */
  readonly writeBehind: WriteBehindConfig;
  /** SQL by name; the first columns of each row are a key to warm. */
  readonly warmQueries: Readonly<Record<string, string>>;
}

export type SourceConfig =
  | { readonly kind: "entries" }
  | {
      readonly kind: "table";
      readonly table: string;
      readonly key: readonly string[];
      /** `undefined`: all columns. */
      readonly columns: readonly string[] | undefined;
      /** What stands between the columns of a key of several. */
      readonly separator: string;
    };

/** From the weakest to the strongest. */
export const WRITE_BEHIND_ACKS = [
  "memory",
  "journal",
  "backup",
  "journal+backup",
  "database",
] as const;

/**
 * `memory`: nothing but the owner's memory has it. `journal`: the owner's journal has it, so that it
 * survives the death of the process once its disk is back. `backup`: every backup in sync has it, so
 * that it survives the loss of all but one. `journal+backup`: both, and the backups' journals as well.
 * `database`: the database has it.
 */
export type WriteBehindAck = (typeof WRITE_BEHIND_ACKS)[number];

export interface WriteBehindConfig {
  /** What a write has reached when it is acknowledged. */
  readonly ack: WriteBehindAck;
  /** Longest wait of a write before it is sent, counted from the first dirty write of its key. */
  readonly maxDelayMs: number;
  /** Most rows in one statement. How many they are at a time follows the age of what waits. */
  readonly batchMaxRows: number;
  /**
   * How old the oldest unflushed write should get at most. Statements grow, up to `batchMaxRows`, while
   * it comes near that, and are halved when the database takes too long over them.
   */
  readonly ageObjectiveMs: number;
  /** Statements in flight at once; the writes of one key always take the same lane. */
  readonly lanes: number;
  /** Most writes waiting on a node. When full, writes wait, then fail with `OVERLOADED`. */
  readonly queueMaxEntries: number;
  /**
   * Most bytes waiting on a node. When full, as above. Of writes that the database refuses, a tenth of these
   * two stays in memory besides.
   */
  readonly queueMaxBytes: number;
  /**
   * Share of those two from which on a write waits for the database before it is acknowledged, so that
   * writers slow down to what the database takes. 1: never.
   */
  readonly writeThroughAbove: number;
}

/** A cache as it was written, checked. */
export interface CacheFileEntry {
  readonly name: string;
  /** In the form in which it is written in YAML; `parseCacheConfig` accepts it. */
  readonly config: unknown;
}

export const CACHE_NAME: RegExp = /^[a-z][a-z0-9_-]{0,62}$/;

const YEAR_MS = 366 * 86_400_000;

/** The age objective of caches that name none and wait less than half of it, in milliseconds. */
const LEAST_AGE_OBJECTIVE_MS = 5_000;

/** Each entry is looked at once in that time, however often it is used. */
const LEAST_MAX_IDLE_MS = 1_000;

const sourceSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("entries") }),
  z.strictObject({
    kind: z.literal("table"),
    table: sqlIdentifier(),
    // One column is written as text, several as a list.
    key: z.preprocess(
      (key) => (typeof key === "string" ? [key] : key),
      z
        .array(sqlIdentifier())
        .min(1)
        .max(8)
        .refine(isUnique, { error: "must not repeat a column" }),
    ),
    columns: z
      .array(sqlIdentifier())
      .min(1)
      .max(500)
      .refine(isUnique, { error: "must not repeat a column" })
      .optional(),
    separator: z.string().min(1).max(8).default(":"),
  }),
]);

const writeBehindSchema = z
  .strictObject({
    ack: z.enum(WRITE_BEHIND_ACKS).default("journal+backup"),
    maxDelay: duration({ minMs: 1, maxMs: 600_000 }).default(1_000),
    batchMaxRows: z.int().min(1).max(5_000).default(5_000),
    ageObjective: duration({ minMs: 10, maxMs: 3_600_000 }).optional(),
    lanes: z.int().min(1).max(64).default(4),
    queueMaxEntries: z.int().min(1).max(10_000_000).default(100_000),
    queueMaxBytes: byteSize({ minBytes: 2 ** 20 }).default(64 * 2 ** 20),
    writeThroughAbove: z.number().min(0).max(1).default(0.9),
  })
  .refine(({ maxDelay, ageObjective = maxDelay }) => ageObjective >= maxDelay, {
    path: ["ageObjective"],
    error: "must not be below maxDelay, for which every write may wait",
  });

const cacheName = z.string().regex(CACHE_NAME, {
  error: "the name must be a lower-case letter, then at most 62 lower-case letters, digits, _ or -",
});

const cacheFields = z.strictObject({
  pattern: z.enum(CACHE_PATTERNS),
  ttl: duration({ maxMs: YEAR_MS }).default(0),
  ttlJitter: z.number().min(0).max(0.5).default(0),
  softTtl: duration({ maxMs: YEAR_MS }).default(0),
  grace: duration({ maxMs: YEAR_MS }).default(0),
  refreshAhead: z.number().min(0).max(100).default(0),
  maxIdle: duration({ maxMs: YEAR_MS })
    .refine((maxIdleMs) => maxIdleMs === 0 || maxIdleMs >= LEAST_MAX_IDLE_MS, {
      error: `must be at least ${formatDuration(LEAST_MAX_IDLE_MS)}, or 0 for as long as it may be`,
    })
    .default(0),
  negativeTtl: duration({ maxMs: YEAR_MS }).default(10_000),
  eviction: z.enum(EVICTION_POLICY_NAMES).default("adaptive"),
  maxBytes: byteSize({ minBytes: 2 ** 16 }).optional(),
  maxEntries: z.int().min(1).optional(),
  valueMaxBytes: byteSize({ minBytes: 1, maxBytes: MAX_VALUE_BYTES }).default(2 ** 20),
  source: sourceSchema.optional(),
  writeBehind: writeBehindSchema.prefault({}),
  warm: z
    .strictObject({ queries: z.record(cacheName, z.string().min(1)).default({}) })
    .prefault({}),
});

const cacheSchema = cacheFields.refine(
  ({ ttl, softTtl }) => softTtl === 0 || ttl === 0 || softTtl < ttl,
  { path: ["softTtl"], error: "must be below ttl, with which entries end" },
);

/**
 * Checks and completes one cache's definition.
 *
 * @throws {ConfigError} with every problem, under `caches.<name>`.
 */
export function parseCacheConfig(name: string, config: unknown): CacheConfig {
  const result = examine(name, config, () => undefined);
  if ("problems" in result) throw new ConfigError(result.problems);
  return result.config;
}

/**
 * The caches of a YAML file of the form `caches: {<name>: {…}}`, each of them checked.
 *
 * @throws {ConfigError} with every problem of every cache, and the line it stands on.
 */
export function parseCachesFile(yamlText: string, fileName: string): readonly CacheFileEntry[] {
  const file = parseConfigText(yamlText, fileName);
  if (file.problems.length > 0) throw new ConfigError(file.problems);
  const schema = z.strictObject({ caches: z.record(z.string(), z.unknown()) });
  const checked = check(schema, file.value ?? {}, (path) => file.originOf(path));
  if (!checked.ok) throw new ConfigError(checked.problems);
  const entries = Object.entries(checked.value.caches).map(([name, config]) => ({ name, config }));
  const problems = entries.flatMap(({ name, config }) => {
    const result = examine(name, config, (path) => file.originOf(path));
    return "problems" in result ? result.problems : [];
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return entries;
}

function examine(
  name: string,
  config: unknown,
  originOf: (path: Path) => string | undefined,
): { readonly config: CacheConfig } | { readonly problems: readonly ConfigProblem[] } {
  const prefix = ["caches", name];
  const named = check(cacheName, name);
  const checked = check(cacheSchema, config, (path) => originOf([...prefix, ...path]));
  const problems: ConfigProblem[] = [];
  if (!named.ok) problems.push(...named.problems);
  if (!checked.ok) problems.push(...checked.problems);
  for (const { path, message } of contradictions(config)) {
    const origin = originOf([...prefix, path]);
    problems.push({ path, message, ...(origin === undefined ? {} : { origin }) });
  }
  if (checked.ok && problems.length === 0) return { config: complete(checked.value) };
  const place = prefix.join(".");
  return {
    problems: problems.map((problem) => {
      const path = problem.path === "" ? place : `${place}.${problem.path}`;
      const origin = problem.origin ?? originOf(prefix);
      return { ...problem, path, ...(origin === undefined ? {} : { origin }) };
    }),
  };
}

/**
 * Settings that are wrong only together. They are looked for in what was written, not in what was
 * parsed, so that they are reported along with everything else.
 */
function contradictions(config: unknown): readonly ConfigProblem[] {
  if (typeof config !== "object" || config === null) return [];
  const { pattern, source, writeBehind, warm } = config as Readonly<Record<string, unknown>>;
  if (!CACHE_PATTERNS.some((known) => known === pattern)) return [];
  const problems: ConfigProblem[] = [];
  for (const [path, setting] of Object.entries({ source, warm })) {
    if (pattern !== "cache-aside" || setting === undefined) continue;
    problems.push({ path, message: "is not for cache-aside caches, which load nothing" });
  }
  if (pattern !== "cache-aside" && source === undefined) {
    problems.push({ path: "source", message: `is required for ${String(pattern)} caches` });
  }
  if (pattern !== "write-behind" && writeBehind !== undefined) {
    const message = `is for write-behind caches, and this one is ${String(pattern)}`;
    problems.push({ path: "writeBehind", message });
  }
  return problems;
}

function complete(parsed: z.output<typeof cacheSchema>): CacheConfig {
  const { ttl, softTtl, grace, maxIdle, negativeTtl, ...others } = parsed;
  const { source, writeBehind, warm, maxBytes, maxEntries, ...rest } = others;
  const { maxDelay, ageObjective, ...otherWriteBehind } = writeBehind;
  // Writes that merely wait for their delay are as young as they are to be.
  const ageObjectiveMs = ageObjective ?? Math.max(LEAST_AGE_OBJECTIVE_MS, 2 * maxDelay);
  return {
    ...rest,
    ttlMs: ttl,
    softTtlMs: softTtl,
    graceMs: grace,
    maxIdleMs: maxIdle,
    negativeTtlMs: negativeTtl,
    maxBytes,
    maxEntries,
    source: source?.kind === "table" ? { ...source, columns: source.columns } : source,
    writeBehind: { ...otherWriteBehind, maxDelayMs: maxDelay, ageObjectiveMs },
    warmQueries: warm.queries,
  };
}

function isUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
