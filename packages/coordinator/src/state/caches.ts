/**
 * The definitions of caches: what a request to apply some of them means for what is there. Pure;
 * the transactions are admin-service.ts's matter.
 *
 * A cache has an id that is never another's, not even after the registry has lost its data: journals
 * know caches by id. With a database the ids come from there (see `PresentCaches.assigned`); without
 * one, which no cache with a journal can do, the highest id is kept under a key of its own.
 */
import { CacheError } from "@holdfast/core";
import {
  CACHE_NAME,
  CACHES_PREFIX,
  type CacheConfig,
  type CacheRecord,
  type Compare,
  ConfigError,
  encodeRecord,
  parseCacheConfig,
  type Write,
} from "@holdfast/process";
import type { Stored } from "./registry-view.js";

export const CACHE_IDS_KEY = "cache-ids";

/** Most caches in one request: etcd takes 128 conditions in one transaction. */
const MAX_CACHES_PER_REQUEST = 100;

export interface CacheInput {
  readonly name: string;
  readonly configJson: string;
}

export interface PresentCaches {
  readonly caches: ReadonlyMap<string, Stored<CacheRecord>>;
  /** The highest id given so far, and the revision of the key that says so; 0: none yet. */
  readonly highestId: number;
  readonly idsModRevision: number;
  /** Ids of names that are new to the registry, where a database knows or has given them. */
  readonly assigned: ReadonlyMap<string, number>;
}

export interface PlannedCache {
  readonly name: string;
  readonly record: CacheRecord;
  readonly change: "UNCHANGED" | "CREATED" | "UPDATED";
}

export interface ApplyPlan {
  readonly caches: readonly PlannedCache[];
  /** Empty: nothing is to be written. */
  readonly writes: readonly Write[];
  readonly compares: readonly Compare[];
}

/** @throws {CacheError} `INVALID_ARGUMENT` with every problem of every cache. */
export function planCaches(inputs: readonly CacheInput[], present: PresentCaches): ApplyPlan {
  const problems: string[] = [];
  if (inputs.length > MAX_CACHES_PER_REQUEST) {
    problems.push(`at most ${MAX_CACHES_PER_REQUEST} caches can be applied at once`);
  }
  const names = new Set<string>();
  let highestId = present.highestId;
  const caches = inputs.flatMap(({ name, configJson }): PlannedCache[] => {
    if (names.has(name)) problems.push(`caches.${name}: is given twice`);
    names.add(name);
    const known = present.caches.get(name)?.value;
    const config = parseInput(name, configJson, problems);
    if (config === undefined) return [];
    if (known === undefined) {
      const id = present.assigned.get(name) ?? highestId + 1;
      highestId = Math.max(highestId, id);
      const record = { id, revision: 1, config };
      return [{ name, record, change: "CREATED" }];
    }
    if (sameValue(known.config, config)) return [{ name, record: known, change: "UNCHANGED" }];
    problems.push(...forbiddenChanges(name, known.config, config));
    const record = { id: known.id, revision: known.revision + 1, config };
    return [{ name, record, change: "UPDATED" }];
  });
  if (problems.length > 0) throw new CacheError("INVALID_ARGUMENT", problems.join("\n"));
  return { caches, ...transactionOf(caches, present, highestId) };
}

function transactionOf(
  caches: readonly PlannedCache[],
  present: PresentCaches,
  highestId: number,
): Pick<ApplyPlan, "writes" | "compares"> {
  const changed = caches.filter(({ change }) => change !== "UNCHANGED");
  const writes: Write[] = changed.map(({ name, record }) => ({
    key: `${CACHES_PREFIX}${name}`,
    put: encodeRecord(record),
  }));
  const compares: Compare[] = changed.map(({ name }) => ({
    key: `${CACHES_PREFIX}${name}`,
    target: "mod",
    equals: present.caches.get(name)?.modRevision ?? 0,
  }));
  if (highestId > present.highestId) {
    writes.push({ key: CACHE_IDS_KEY, put: JSON.stringify({ highest: highestId }) });
    compares.push({ key: CACHE_IDS_KEY, target: "mod", equals: present.idsModRevision });
  }
  return { writes, compares };
}

/** The configuration in the form in which it was written; undefined when it has problems. */
function parseInput(name: string, configJson: string, problems: string[]): unknown {
  let config: unknown;
  try {
    config = JSON.parse(configJson);
  } catch {
    problems.push(`caches.${CACHE_NAME.test(name) ? name : "?"}: the configuration is not JSON`);
    return undefined;
  }
  return parseOrExplain(name, config, problems) === undefined ? undefined : config;
}

function parseOrExplain(
  name: string,
  config: unknown,
  problems: string[],
): CacheConfig | undefined {
  try {
    return parseCacheConfig(name, config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems.map(({ path, message }) => `${path}: ${message}`));
    return undefined;
  }
}

/** Entries, dirty ones among them, belong to the pattern and source that they were written under. */
function forbiddenChanges(name: string, known: unknown, config: unknown): string[] {
  const before = parseOrExplain(name, known, []);
  const after = parseOrExplain(name, config, []);
  // A definition that an older release wrote and this one cannot read may be replaced.
  if (before === undefined || after === undefined) return [];
  const fixed = ["pattern", "source"] as const;
  return fixed
    .filter((field) => !sameValue(before[field], after[field]))
    .map((field) => `caches.${name}.${field}: cannot be changed; define a cache of another name`);
}

/** Equality of JSON values, whatever the order of their fields. */
function sameValue(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === "object" && each !== null && !Array.isArray(each)
        ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
        : each,
    ) ?? ""
  );
}
