/** The store against a naive one: the same random commands must leave both in the same state. */

import { CacheError, partitionOf } from "@holdfast/core";
import { FakeClock, testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EVICTION_POLICIES, type EvictionPolicyName } from "../eviction/index.js";
import { messageOf } from "../testing/key-messages.js";
import { NaiveStore } from "../testing/naive-store.js";
import type { Entry, NewEntry } from "./entry.js";
import { TICK_MS } from "./expiry.js";
import { MemoryBudget } from "./memory-budget.js";
import type { StoreCounts } from "./occupancy.js";
import { PAGE_BYTES } from "./pages.js";
import { Store } from "./store.js";

const seed = testSeed();
const START_MS = 1_790_000_000_000;
const PLACEMENT = { partitions: 4, hashSeed: 5 };
const PARTITIONS = [0, 1, 2, 3];
const KEYS = Array.from({ length: 24 }, (_, number) => `${"k".repeat((number % 5) ** 3)}${number}`);
/** Every bound is met often: the first store's own, and the node's by the two together. */
const BOUNDS = [
  { maxBytes: 100_000, maxEntries: 6 },
  { maxBytes: 2 ** 20, maxEntries: 1_000 },
];
const CAPACITY_BYTES: number = 14 * PAGE_BYTES;
/** The largest value's, and more than what comes with it. */
const MAX_ENTRY_BYTES = 100_000;
/** Of those that the database refuses. */
const UNPERSISTED_BOUNDS = { maxEntries: 2, maxBytes: 4_000 };

type Naive = readonly NaiveStore[];

/** The stores under test. */
class RealNode {
  readonly clock = new FakeClock(START_MS);
  readonly budget = new MemoryBudget(CAPACITY_BYTES);
  readonly stores: readonly Store[];

  constructor(policy: EvictionPolicyName) {
    const { budget, clock } = this;
    this.stores = BOUNDS.map(
      (bounds) => new Store({ budget, clock, policy, placement: PLACEMENT, ...bounds }),
    );
  }
}

class Command implements fc.Command<Naive, RealNode> {
  readonly #text: string;
  /** Returns the key that was put, if one was. */
  readonly #run: (naive: NaiveStore, real: Store, node: RealNode, all: Naive) => unknown;
  readonly #store: number;
  readonly #mayEvict: boolean;

  constructor(
    text: string,
    store: number,
    run: (naive: NaiveStore, real: Store, node: RealNode, all: Naive) => unknown,
    mayEvict = false,
  ) {
    this.#mayEvict = mayEvict;
    this.#text = `${text} (store ${store})`;
    this.#store = store;
    this.#run = run;
  }

  check(): boolean {
    return true;
  }

  run(all: Naive, node: RealNode): void {
    const [naive, real] = [all[this.#store], node.stores[this.#store]];
    if (naive === undefined || real === undefined) throw new Error("there is no such store");
    const before = node.stores.map(({ counts }) => ({ ...counts }));
    const putKey = this.#run(naive, real, node, all);
    all.forEach((each, index) => {
      const store = node.stores[index] as Store;
      const gone = each.live().filter(({ key }) => store.facts(key) === undefined);
      expectEvictions(before[index] as StoreCounts, store, gone.length, each === naive);
      const keys = gone.map(({ key }) => key);
      expect(each.evicted(keys, each === naive ? putKey : undefined)).toBeUndefined();
      expectSameInGrace(each, store, putKey !== undefined || this.#mayEvict);
      expectSame(each, store);
    });
    const isPinned = node.stores.some(({ counts }) => counts.pinnedEntries > 0);
    // Tables are charged once the entry is there; the next one makes up for it.
    if (!isPinned) expect(node.budget.usedBytes).toBeLessThanOrEqual(CAPACITY_BYTES + PAGE_BYTES);
  }

  toString(): string {
    return this.#text;
  }
}

/** Only where something was put a bound of the store's own can have been the reason, if it was met. */
function expectEvictions(before: StoreCounts, store: Store, evicted: number, isPut: boolean): void {
  const { evictions, capacityEvictions, memoryEvictions } = store.counts;
  expect(evictions - before.evictions).toBe(evicted);
  expect(capacityEvictions + memoryEvictions).toBe(evictions);
  if (capacityEvictions === before.capacityEvictions) return;
  const { maxBytes, maxEntries } = store.bounds;
  const isFull = before.entries >= maxEntries || before.bytes > maxBytes - MAX_ENTRY_BYTES;
  expect(isPut && isFull).toBe(true);
}

function expectSame(naive: NaiveStore, real: Store): void {
  const entries = PARTITIONS.flatMap((partition) => [...real.entriesOf(partition)]);
  expect(byKey(entries)).toEqual(byKey(naive.live()));
}

/** What is in grace goes for lack of space like what is live, and is in nobody's counts of that. */
function expectSameInGrace(naive: NaiveStore, real: Store, mayEvict: boolean): void {
  for (const { key } of naive.graced()) {
    const found = real.findInGrace(key);
    if (found === undefined && mayEvict) naive.forget(key);
    else
      expect(byKey(found ? [{ ...found, key }] : [])).toEqual(
        byKey([naive.findInGrace(key) as Entry]),
      );
  }
}

/** The fields that both have, in one form. */
function byKey(entries: readonly (Entry | ReturnType<NaiveStore["live"]>[number])[]) {
  return Object.fromEntries(
    entries.map((entry) => {
      const { key, value, encoding, version, writtenAtMs, expiresAtMs, costBytes } = entry;
      const { pinned, unpersisted } = entry;
      const fields = { encoding, version, expiresAtMs, costBytes, pinned, unpersisted };
      return [
        key,
        { ...fields, bytes: value && summaryOf(value), writtenAtMs: Math.floor(writtenAtMs / 8) },
      ];
    }),
  );
}

/** Tests write values of one byte, over and over. */
function summaryOf(value: Uint8Array): string {
  const isWhole = Buffer.alloc(value.length, value[0] ?? 0).equals(value);
  return `${value.length} times ${isWhole ? value[0] : "several bytes"}`;
}

const stores = fc.nat({ max: BOUNDS.length - 1 });
const keys = fc.constantFrom(...KEYS);
const lifetimesMs = fc.oneof(
  fc.constant(Number.POSITIVE_INFINITY),
  fc.integer({ min: -5, max: 3_000 }),
);
/** Of every kind of record: in a small slot, in a large one, in several. */
const values = fc.option(
  fc
    .record({
      length: fc.oneof(
        fc.integer({ min: 0, max: 600 }),
        fc.integer({ min: 3_900, max: 4_300 }),
        fc.integer({ min: 0, max: 90_000 }),
      ),
      fill: fc.nat(255),
    })
    .map(({ length, fill }) => Buffer.alloc(length, fill)),
  { nil: undefined, freq: 8 },
);

const put = fc
  .record({
    store: stores,
    key: keys,
    value: values,
    encoding: fc.oneof(fc.nat(255), fc.nat(0xffff)),
    version: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    lifetimeMs: lifetimesMs,
    pinned: fc.boolean(),
    isRarelyPinned: fc.boolean(),
  })
  .map(({ store, lifetimeMs, isRarelyPinned, ...rest }) => {
    const text = `put ${rest.key} ${rest.value?.length} B ${lifetimeMs} ms`;
    return new Command(text, store, (naive, real) => {
      const pinned = rest.pinned && isRarelyPinned;
      const input: NewEntry = { ...rest, pinned, expiresAtMs: naive.nowMs + lifetimeMs };
      const mustRefuse = naive.refuses(input);
      try {
        real.put(input);
        expect(mustRefuse).toBe(false);
        naive.put(input);
      } catch (error) {
        if (!(error instanceof CacheError)) throw error;
        // The node's own bound depends on the other store as well.
        if (!mustRefuse) expect(error.code).toBe("OVERLOADED");
      }
      return input.key;
    });
  });

const read = fc
  .record({
    store: stores,
    key: keys,
    how: fc.constantFrom("get", "in place", "peek", "in grace", "remove"),
  })
  .map(
    ({ store, key, how }) =>
      new Command(`${how} ${key}`, store, (naive, real) => {
        if (how === "remove") expect(real.remove(key)).toBe(naive.remove(key));
        else if (how === "in grace") {
          expect(real.findInGrace(key, true)?.version).toBe(naive.findInGrace(key, true)?.version);
        } else if (how === "in place") {
          const expected = naive.get(key, false);
          real.sought.setPart(Buffer.from(`<${key}>`), 1, 1 + Buffer.byteLength(key));
          const found = real.findSought();
          const bytes = found && Buffer.from(found.bytes.subarray(found.start, found.end));
          expect(bytes).toEqual(expected?.value);
          if (found === undefined) return;
          real.useInPlace();
          naive.get(key, true);
        } else {
          const expected = naive.get(key, how === "get");
          const actual = how === "get" ? real.get(key) : real.peek(key);
          expect(byKey(actual ? [{ ...actual, key }] : [])).toEqual(
            byKey(expected ? [expected] : []),
          );
        }
      }),
  );

const change = fc
  .record({
    store: stores,
    key: keys,
    how: fc.constantFrom("unpin", "setExpiry", "keepUnpersisted"),
    lifetimeMs: lifetimesMs,
  })
  .map(
    ({ store, key, how, lifetimeMs }) =>
      new Command(`${how} ${key} ${lifetimeMs}`, store, (naive, real) => {
        if (how === "setExpiry") {
          real.setExpiry(key, naive.nowMs + lifetimeMs);
          naive.setExpiry(key, naive.nowMs + lifetimeMs);
          // Room for its end is made at the cost of others.
          return key;
        } else if (how === "unpin") {
          real.unpin(key);
          naive.unpin(key);
        } else {
          real.keepUnpersisted(key, UNPERSISTED_BOUNDS);
          naive.keepUnpersisted(key, UNPERSISTED_BOUNDS);
        }
        return undefined;
      }),
  );

const sweep = fc
  .record({
    store: stores,
    partition: fc.option(fc.constantFrom(...PARTITIONS), { nil: undefined, freq: 3 }),
  })
  .map(
    ({ store, partition }) =>
      new Command(
        partition === undefined ? "clear" : `drop ${partition}`,
        store,
        (naive, real, node) => {
          if (partition === undefined) {
            real.clear();
            naive.clear();
            if (real.counts.entries === 0) expect(real.usedBytes).toBe(0);
            const usedBytes = node.stores.map((each) => each.usedBytes);
            expect(node.budget.usedBytes).toBe(usedBytes.reduce((sum, bytes) => sum + bytes));
          } else {
            real.dropPartition(partition);
            const isIn = ({ key }: { readonly key: string }) =>
              partitionOf(Buffer.from(key), PLACEMENT) === partition;
            naive.removeWhere(isIn);
          }
        },
        true,
      ),
  );

const idle = fc
  .record({ store: stores, maxIdleMs: fc.constantFrom(500, 3_000, Number.POSITIVE_INFINITY) })
  .map(
    ({ store, maxIdleMs }) =>
      new Command(`end what is idle for ${maxIdleMs} ms`, store, (naive, real) => {
        // What has ended until now, but was not removed, might be live again.
        for (const key of KEYS) real.facts(key);
        real.setMaxIdle(maxIdleMs);
        naive.setMaxIdle(maxIdleMs);
      }),
  );

const grace = fc.record({ store: stores, graceMs: fc.constantFrom(0, 500, 3_000) }).map(
  ({ store, graceMs }) =>
    new Command(`keep for ${graceMs} ms of grace`, store, (naive, real) => {
      for (const key of KEYS) real.facts(key);
      real.setGrace(graceMs);
      naive.setGrace(graceMs);
    }),
);

const advance = fc.integer({ min: 1, max: 2_000 }).map(
  (ms) =>
    new Command(`advance ${ms} ms`, 0, (_naive, _real, node, all) => {
      for (const each of all) each.nowMs += ms;
      node.clock.advance(ms);
    }),
);

const reclaim = stores.map(
  (store) =>
    new Command("reclaim", store, (naive, real, node, all) => {
      for (const each of all) each.nowMs += TICK_MS;
      node.clock.advance(TICK_MS);
      // In one slice, or with another one in between.
      real.reclaim(0);
      expect(real.reclaim(Number.POSITIVE_INFINITY)).toBe(true);
      // Those whose tick is not over may be left: a look at them removes them.
      for (const key of KEYS) if (naive.get(key, false) === undefined) real.facts(key);
      expect(real.counts).toMatchObject(naive.counts);
      expect(real.counts.bytes).toBeLessThanOrEqual(real.bounds.maxBytes);
    }),
);

/** Those that are looked up next, or that are not. */
const prefetch = fc
  .record({ store: stores, some: fc.array(fc.oneof(keys, fc.constant("x".repeat(600)))) })
  .map(
    ({ store, some }) =>
      new Command(`prefetch ${some.length} keys`, store, (_naive, real) => {
        real.prefetch(...messageOf([...some, ...KEYS]));
        for (const key of some) real.facts(key);
      }),
  );

// The keys of the table are its names.
describe.each(Object.keys(EVICTION_POLICIES) as EvictionPolicyName[])(
  "Stores with %s",
  (policy) => {
    it(`do what a naive implementation does (seed ${seed})`, () => {
      const writes = [put, put, put, put, put, change, sweep];
      const commands = [...writes, read, read, prefetch, idle, grace, advance, reclaim];
      fc.assert(
        fc.property(fc.commands(commands, { size: "+1", maxCommands: 150 }), (all) => {
          const setup = () => ({
            model: BOUNDS.map((bounds) => new NaiveStore(policy, bounds, START_MS)),
            real: new RealNode(policy),
          });
          fc.modelRun(setup, all);
        }),
        { seed, numRuns: 100 },
      );
    });
  },
);
