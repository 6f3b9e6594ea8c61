/** One cache of any pattern over a MemorySource, owned by one tenure: what cache tests start from. */
import { silentLogger } from "@holdfast/core";
import { FakeClock, seededRandom } from "@holdfast/core/testing";
import { type CacheConfig, type CachePattern, parseCacheConfig } from "@holdfast/process";
import type { Cache } from "../cache/cache.js";
import type { JournalWriter } from "../cache/cache-journal.js";
import type { ReplicaSets } from "../cache/cache-replication.js";
import { CleanEntriesWatch } from "../cache/clean-entries.js";
import { ConfiguredCache } from "../cache/configured-cache.js";
import type { NodeServices, OperationContext } from "../cache/context.js";
import type { Change } from "../cache/writes.js";
import { MissRatioCurve } from "../curve/miss-ratio-curve.js";
import { Tenure } from "../ownership/tenure.js";
import { MemoryBudget } from "../store/memory-budget.js";
import { MemoryLetters } from "./memory-letters.js";
import { MemorySource } from "./memory-source.js";
import { noBackups } from "./no-backups.js";

export interface CacheFixture {
  readonly clock: FakeClock;
  readonly source: MemorySource;
  readonly letters: MemoryLetters;
  readonly tenure: Tenure;
  readonly cache: ConfiguredCache;
  readonly operations: Cache;
  readonly events: string[];
  /** An operation that may take this long. */
  context(budgetMs?: number): OperationContext;
  config(overrides: object): CacheConfig;
  /** Whether this node may still serve; tests switch it off. */
  right: boolean;
}

/** The only one: every key is in it. */
export const PARTITION = 0;
export const CACHE_ID = 7;

const MEMORY_BYTES = 2 ** 20;

/** Settings as they are written in YAML. */
export interface CacheOverrides {
  readonly writeBehind?: object;
  readonly [setting: string]: unknown;
}

/** A cache without a journal acknowledges from memory, unless the overrides say otherwise. */
export function createCacheFixture(
  pattern: CachePattern,
  overrides: CacheOverrides = {},
  journal?: JournalWriter,
  replication: ReplicaSets = noBackups,
): CacheFixture {
  const term = 5;
  const ack = journal === undefined ? "memory" : "journal";
  const logger = silentLogger;
  const clock = new FakeClock(1_000_000);
  const source = new MemorySource();
  const letters = new MemoryLetters();
  const tenure = new Tenure(PARTITION, term, []);
  const events: string[] = [];
  const config = (changes: object) =>
    parseCacheConfig("test", {
      pattern,
      ...(pattern === "cache-aside" ? {} : { source: { kind: "entries" } }),
      ...overrides,
      ...(pattern === "write-behind" && { writeBehind: { ack, ...overrides.writeBehind } }),
      ...changes,
    });
  const services: NodeServices = {
    incarnation: () => "incarnation-1",
    tenureOf: (partition) => (partition === PARTITION && isOurs(tenure) ? tenure : undefined),
    mayFinish: (candidate) => fixture.right && isOurs(candidate),
    fenced: () => undefined,
    raiseTerm: (_tenure, minTerm) => events.push(`raise ${minTerm}`),
    deposed: (incarnation) => events.push(`deposed ${incarnation}`),
    restoreIncarnation: async () => {
      events.push("restored");
    },
  };
  const random = seededRandom(1);
  const nodeCurve = new MissRatioCurve({ boundBytes: () => 2 ** 20, clock });
  const cache = new ConfiguredCache(
    { id: CACHE_ID, name: "test" },
    config({}),
    pattern === "cache-aside" ? undefined : source,
    {
      budget: new MemoryBudget(MEMORY_BYTES),
      placement: { partitions: 1, hashSeed: 1 },
      services,
      journal,
      replication,
      deadLetters: letters,
      cleanEntries: new CleanEntriesWatch(),
      curve: nodeCurve,
      clock,
      random,
      logger,
    },
  );
  const fixture: CacheFixture = {
    clock,
    source,
    letters,
    tenure,
    cache,
    operations: cache.operations,
    events,
    context: (budgetMs = 1_000) => ({
      tenure,
      keyHash: 0,
      deadlineMs: clock.monotonic() + budgetMs,
    }),
    config,
    right: true,
  };
  return fixture;
}

function isOurs({ state }: Tenure): boolean {
  return state.at === "serving" || state.at === "releasing";
}

/** A value as operations take it, with the encoding of strings. */
export function text(value: string, ttlMs?: number): Change {
  return { value: Buffer.from(value), encoding: 2, ttlMs };
}

export function textOf(result: { readonly value: Uint8Array | undefined }): string | undefined {
  return result.value === undefined ? undefined : Buffer.from(result.value).toString();
}
