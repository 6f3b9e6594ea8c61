/** The store against a naive one: the same random commands must leave both in the same state. */
import { CacheError } from "@holdfast/core";
import { FakeClock, testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idOf, NaiveNode } from "../testing/naive-store.js";
import type { Entry, NewEntry } from "./entry.js";
import { EVICTION_POLICIES, type EvictionPolicyName } from "./eviction/index.js";
import { MemoryBudget } from "./memory-budget.js";
import { Store } from "./store.js";

const seed = testSeed();
const START_MS = 1_790_000_000_000;
const PARTITIONS = [0, 1, 2];
/** Room for a few entries each, so that every bound is met often. */
const BOUNDS = [
  { maxBytes: 6_000, maxEntries: 4 },
  { maxBytes: 20_000, maxEntries: 100 },
];
const CAPACITY_BYTES = 9_000;
/** Of those that the database refuses. */
const UNPERSISTED_BOUNDS = { maxEntries: 2, maxBytes: 4_000 };

/** The stores under test. */
class RealNode {
  readonly clock = new FakeClock(START_MS);
  readonly budget = new MemoryBudget(CAPACITY_BYTES);
  readonly stores: readonly Store[];
  /** Every entry that a `put` returned, also of keys removed since: callers may hold them. */
  readonly held: { readonly entry: Entry; readonly stay: number | undefined }[] = [];

  constructor(policy: EvictionPolicyName) {
    const { budget, clock } = this;
    this.stores = BOUNDS.map((bounds) => new Store({ budget, clock, policy, ...bounds }));
  }
}

class Command implements fc.Command<NaiveNode, RealNode> {
  readonly #text: string;
  readonly #run: (naive: NaiveNode, real: RealNode) => void;

  constructor(text: string, run: (naive: NaiveNode, real: RealNode) => void) {
    this.#text = text;
    this.#run = run;
  }

  check(): boolean {
    return true;
  }

  run(naive: NaiveNode, real: RealNode): void {
    this.#run(naive, real);
    expectSame(naive, real);
  }

  toString(): string {
    return this.#text;
  }
}

function expectSame(naive: NaiveNode, real: RealNode): void {
  real.stores.forEach((store, index) => {
    const naiveStore = naive.stores[index];
    const bounds = BOUNDS[index];
    expect(store.counts).toEqual(naiveStore?.counts);
    for (const partition of PARTITIONS) {
      expect(byKey(store.entriesOf(partition))).toEqual(byKey(naiveStore?.live(partition) ?? []));
    }
    expect(store.counts.bytes).toBeLessThanOrEqual(bounds?.maxBytes ?? 0);
    expect(store.counts.entries).toBeLessThanOrEqual(bounds?.maxEntries ?? 0);
  });
  expect(real.budget.usedBytes).toBe(naive.usedBytes);
  expect(real.budget.pinnedBytes).toBe(naive.pinnedBytes);
  expect(real.budget.usedBytes).toBeLessThanOrEqual(CAPACITY_BYTES);
}

/** The visible fields, without the links behind them. */
function fieldsOf(entry: Entry | undefined) {
  if (entry === undefined) return undefined;
  const { key, partition, value, encoding, version } = entry;
  const { writtenAtMs, expiresAtMs, pinned, unpersisted, costBytes } = entry;
  const bytes = value === undefined ? undefined : Buffer.from(value).toString("hex");
  const lifetime = { writtenAtMs, expiresAtMs };
  const pin = { pinned, unpersisted };
  return { key, partition, bytes, encoding, version, ...lifetime, ...pin, costBytes };
}

function byKey(entries: Iterable<Entry>) {
  return [...entries].map(fieldsOf).sort((a, b) => ((a?.key ?? "") < (b?.key ?? "") ? -1 : 1));
}

/** The result, or the code of the refusal. */
function outcomeOf(action: () => Entry): unknown {
  try {
    return fieldsOf(action());
  } catch (error) {
    if (error instanceof CacheError) return error.code;
    throw error;
  }
}

const places = fc.record({
  store: fc.nat({ max: BOUNDS.length - 1 }),
  key: fc.constantFrom("a", "b", "c", "d", "eight", "€"),
  partition: fc.constantFrom(...PARTITIONS),
});
/** From the past to the far future; mostly near enough that time passes it. */
const lifetimesMs = fc.oneof(
  fc.integer({ min: -500, max: 3_000 }),
  fc.constantFrom(0, 60_000, Number.POSITIVE_INFINITY),
);
const puts = fc.record({
  place: places,
  length: fc.option(fc.constantFrom(0, 64, 65, 500, 3_000, 5_400, 8_500), { nil: undefined }),
  version: fc.nat(),
  lifetimeMs: lifetimesMs,
  pinned: fc.constantFrom(false, false, true),
});

/** Runs the same on both stores of that number. */
function onBoth(
  index: number,
  naive: NaiveNode,
  real: RealNode,
  run: (pair: { naive: NaiveNode["stores"][number]; real: Store }) => void,
): void {
  const [naiveStore, realStore] = [naive.stores[index], real.stores[index]];
  if (naiveStore === undefined || realStore === undefined) throw new Error("no such store");
  run({ naive: naiveStore, real: realStore });
}

const put = puts.map(
  ({ place: { store, key, partition }, length, version, lifetimeMs, pinned }) =>
    new Command(`put ${store}:${partition}/${key} ${length} ${lifetimeMs} ${pinned}`, (n, r) =>
      onBoth(store, n, r, ({ naive, real }) => {
        const value = length === undefined ? undefined : new Uint8Array(length).fill(version);
        const expiresAtMs = n.nowMs + lifetimeMs;
        const input: NewEntry = {
          ...{ key, partition, value, encoding: version % 3, version, expiresAtMs, pinned },
        };
        const expected = naive.put(input);
        const outcome = outcomeOf(() => {
          const entry = real.put(input);
          r.held.push({ entry, stay: naive.stayOf(idOf(entry)) });
          return entry;
        });
        expect(outcome).toEqual(typeof expected === "string" ? expected : fieldsOf(expected));
      }),
    ),
);

const read = fc.record({ place: places, how: fc.constantFrom("get", "get", "peek", "remove") }).map(
  ({ place: { store, key, partition }, how }) =>
    new Command(`${how} ${store}:${partition}/${key}`, (n, r) =>
      onBoth(store, n, r, ({ naive, real }) => {
        const [expected, actual] =
          how === "remove"
            ? [naive.remove(key, partition), real.remove(key, partition)]
            : how === "get"
              ? [naive.get(key, partition, true), real.get(key, partition)]
              : [naive.get(key, partition, false), real.peek(key, partition)];
        expect(fieldsOf(actual)).toEqual(fieldsOf(expected));
      }),
    ),
);

/** What callers do with an entry that they hold: of any store, possibly removed since. */
const change = fc
  .record({
    store: fc.nat({ max: BOUNDS.length - 1 }),
    which: fc.integer({ min: 1, max: 6 }),
    how: fc.constantFrom("unpin", "setExpiry", "keepUnpersisted", "keepUnpersisted"),
    lifetimeMs: lifetimesMs,
  })
  .map(
    ({ store, which, how, lifetimeMs }) =>
      new Command(`${how} ${store} ${lifetimeMs}`, (n, r) =>
        onBoth(store, n, r, ({ naive, real }) => {
          const held = r.held.at(-which);
          if (held === undefined) return;
          const { entry, stay } = held;
          const id = idOf(entry);
          const isStored = naive.stayOf(id) === stay;
          if (how === "unpin") real.unpin(entry);
          else if (how === "setExpiry") real.setExpiry(entry, n.nowMs + lifetimeMs);
          else real.keepUnpersisted(entry, UNPERSISTED_BOUNDS);
          if (!isStored) return;
          if (how === "unpin") naive.unpin(id);
          else if (how === "setExpiry") naive.setExpiry(id, n.nowMs + lifetimeMs);
          else naive.keepUnpersisted(id, UNPERSISTED_BOUNDS);
        }),
      ),
  );

const sweep = fc
  .record({
    store: fc.nat({ max: BOUNDS.length - 1 }),
    partition: fc.option(fc.constantFrom(...PARTITIONS), { nil: undefined }),
  })
  .map(
    ({ store, partition }) =>
      new Command(
        partition === undefined ? `clear ${store}` : `drop ${store}:${partition}`,
        (n, r) =>
          onBoth(store, n, r, ({ naive, real }) => {
            const [expected, actual] =
              partition === undefined
                ? [naive.removeWhere((entry) => !entry.pinned || entry.unpersisted), real.clear()]
                : [
                    naive.removeWhere((entry) => entry.partition === partition),
                    real.dropPartition(partition),
                  ];
            expect(actual).toBe(expected);
          }),
      ),
  );

const advance = fc.integer({ min: 1, max: 2_000 }).map(
  (ms) =>
    new Command(`advance ${ms} ms`, (n, r) => {
      n.nowMs += ms;
      r.clock.advance(ms);
    }),
);

const reclaim = fc.nat({ max: BOUNDS.length - 1 }).map(
  (store) =>
    new Command(`reclaim ${store}`, (n, r) =>
      onBoth(store, n, r, ({ naive, real }) => {
        for (const { key, partition } of naive.undecided()) {
          naive.get(key, partition, false);
          expect(real.peek(key, partition)).toBeUndefined();
        }
        naive.reclaim();
        expect(real.reclaim(Number.POSITIVE_INFINITY)).toBe(true);
      }),
    ),
);

const hasRoom = fc.record({ place: places, costBytes: fc.integer({ min: 1, max: 4_000 }) }).map(
  ({ place: { store }, costBytes }) =>
    new Command(`hasRoomFor ${store} ${costBytes}`, (n, r) =>
      onBoth(store, n, r, ({ naive, real }) => {
        const { entries, bytes } = naive.counts;
        const bounds = BOUNDS[store] ?? { maxEntries: 0, maxBytes: 0 };
        const expected =
          entries < bounds.maxEntries &&
          bytes + costBytes <= bounds.maxBytes &&
          n.usedBytes + costBytes <= CAPACITY_BYTES;
        expect(real.hasRoomFor(costBytes)).toBe(expected);
      }),
    ),
);

// The keys of the table are its names.
describe.each(Object.keys(EVICTION_POLICIES) as EvictionPolicyName[])(
  "Stores with %s",
  (policy) => {
    it(`do what a naive implementation does (seed ${seed})`, () => {
      fc.assert(
        fc.property(
          fc.commands(
            [put, put, put, put, read, read, change, change, sweep, advance, reclaim, hasRoom],
            {
              size: "+1",
              maxCommands: 150,
            },
          ),
          (commands) => {
            const setup = () => ({
              model: new NaiveNode(
                CAPACITY_BYTES,
                START_MS,
                BOUNDS.map((bounds) => ({ policy, ...bounds })),
              ),
              real: new RealNode(policy),
            });
            fc.modelRun(setup, commands);
          },
        ),
        { seed, numRuns: 100 },
      );
    });
  },
);
