import { type Logger, makeVersion, silentLogger } from "@holdfast/core";
import { seededRandom } from "@holdfast/core/testing";
import { DatabaseError } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import {
  type CacheFixture,
  createCacheFixture,
  PARTITION,
  text,
  textOf,
} from "../testing/cache-fixture.js";
import { gate, turn } from "../testing/turns.js";
import { Checker } from "./checker.js";

const HIGH = makeVersion(9, 1);

function startChecker(fixture: CacheFixture, checksPerSecond = 20) {
  const { cache, clock, tenure } = fixture;
  const errors: object[] = [];
  const logger: Logger = { ...silentLogger, error: (fields: object) => errors.push(fields) };
  const checker = new Checker(
    {
      caches: () => [cache],
      tenures: () => [tenure],
      services: {
        tenureOf: (partition) => (partition === PARTITION ? tenure : undefined),
        mayFinish: () => fixture.right,
        fenced: () => undefined,
      },
      clock,
      random: seededRandom(1),
      logger,
    },
    checksPerSecond,
  );
  return {
    checker,
    errors,
    start: () => checker.start(),
    stop: () => checker.stop(),
    rounds: async (count: number) => {
      for (let round = 0; round < count; round++) {
        await clock.advanceAsync(1_000, 1);
        await turn();
      }
    },
  };
}

/** A clean entry for each key, and its row. */
async function fill(fixture: CacheFixture, keys: readonly string[]): Promise<void> {
  const { operations, context } = fixture;
  for (const key of keys) await operations.set(key, text(key), undefined, context());
}

describe("Checker", () => {
  it("leaves alone what the database refuses: it differs from its row, and must", async () => {
    const fixture = createCacheFixture("write-behind", { writeBehind: { maxDelay: "1ms" } });
    const { cache, source, clock, operations, context } = fixture;
    source.plant("k", "row");
    source.refused.set("k", "23514");
    await operations.set("k", text("poison"), undefined, context());
    clock.advance(1);
    await turn();
    const { start, stop, rounds, errors } = startChecker(fixture);
    await start();
    await rounds(10);
    await stop();
    expect(cache.counters).toMatchObject({ checked: 0, newerThanDatabase: 0 });
    expect(errors).toEqual([]);
    expect(await operations.get("k", context())).toMatchObject({ unpersisted: true });
  });

  it("finds nothing wrong with entries that are as the database has them", async () => {
    const fixture = createCacheFixture("write-through");
    await fill(fixture, ["a", "b", "c"]);
    await fixture.operations.delete("b", undefined, fixture.context());
    const { start, stop, rounds, errors } = startChecker(fixture);
    await start();
    await rounds(2);
    const { counters } = fixture.cache;
    expect(counters).toMatchObject({ checked: 6, newerThanDatabase: 0, staleEntries: 0 });
    expect(errors).toEqual([]);
    await stop();
    expect(fixture.clock.pendingTimers).toBe(0);
  });

  it("looks at so many entries a second, and at each of them in its turn", async () => {
    const fixture = createCacheFixture("write-through");
    const keys = Array.from({ length: 25 }, (_, n) => `k${n}`);
    await fill(fixture, keys);
    const { start, stop, rounds } = startChecker(fixture, 10);
    await start();
    fixture.source.loads.length = 0;
    await rounds(3);
    expect(fixture.source.loads.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(new Set(fixture.source.loads.flat())).toEqual(new Set(keys));
    await stop();
  });

  it("counts, tells and drops an entry whose row has gone back", async () => {
    const fixture = createCacheFixture("write-through");
    const { source, operations, context, cache } = fixture;
    await fill(fixture, ["a", "b"]);
    source.plant("a", "from a backup", 7);
    const { start, stop, rounds, errors } = startChecker(fixture);
    await start();
    await rounds(1);
    expect(cache.counters.newerThanDatabase).toBe(0);
    await rounds(3);
    expect(cache.counters).toMatchObject({ newerThanDatabase: 1, staleEntries: 0 });
    expect(errors).toEqual([
      { cache: "test", partition: PARTITION, version: makeVersion(5, 1), rowVersion: 7 },
    ]);
    expect(textOf(await operations.get("a", context()))).toBe("from a backup");
    await rounds(5);
    expect(cache.counters.newerThanDatabase).toBe(1);
    await stop();
  });

  it("counts an entry that stays older than its row, where the cache makes all versions", async () => {
    const fixture = createCacheFixture("write-through");
    await fill(fixture, ["a"]);
    fixture.source.plant("a", "by somebody else", HIGH);
    const { start, stop, rounds } = startChecker(fixture);
    await start();
    await rounds(5);
    expect(fixture.cache.counters).toMatchObject({ newerThanDatabase: 0, staleEntries: 1 });
    await stop();
  });

  it("lets a cache that only reads be behind for as long as its entries live", async () => {
    const fixture = createCacheFixture("read-through", { ttl: "10s" });
    const { source, operations, context, cache } = fixture;
    source.plant("a", "old", makeVersion(2, 1));
    await operations.get("a", context());
    source.plant("a", "new", makeVersion(2, 2));
    const { start, stop, rounds } = startChecker(fixture);
    await start();
    await rounds(12);
    expect(cache.counters.checked).toBeGreaterThan(5);
    expect(cache.counters.staleEntries).toBe(0);
    await stop();
  });

  it("does not compare rows that only other programs wrote", async () => {
    const fixture = createCacheFixture("read-through");
    const { source, operations, context, cache } = fixture;
    source.plant("a", "theirs");
    await Promise.all(["a", "b"].map((key) => operations.get(key, context())));
    source.rows.delete("a");
    source.plant("b", "inserted");
    const { start, stop, rounds } = startChecker(fixture);
    await start();
    await rounds(6);
    expect(cache.counters).toMatchObject({ newerThanDatabase: 0, staleEntries: 0 });
    expect(cache.counters.checked).toBeGreaterThan(5);
    await stop();
  });

  it("expects no tombstone behind a remembered deletion", async () => {
    const fixture = createCacheFixture("write-through");
    await fill(fixture, ["a"]);
    await fixture.operations.delete("a", undefined, fixture.context());
    fixture.source.rows.delete("a");
    const { start, stop, rounds } = startChecker(fixture);
    await start();
    await rounds(5);
    expect(fixture.cache.counters).toMatchObject({ newerThanDatabase: 0, staleEntries: 0 });
    await stop();
  });

  it("passes over dirty entries", async () => {
    const fixture = createCacheFixture("write-behind", { writeBehind: { maxDelay: "600s" } });
    await fill(fixture, ["a", "b"]);
    const { start, stop, rounds } = startChecker(fixture);
    await start();
    await rounds(3);
    expect(fixture.cache.counters.checked).toBe(0);
    expect(fixture.source.loads).toEqual([]);
    await stop();
    await fixture.cache.stop();
  });

  it("does not count what changed while it looked", async () => {
    const fixture = createCacheFixture("write-through");
    const { source, cache } = fixture;
    await fill(fixture, ["a"]);
    const { wait, open } = gate();
    source.beforeLoad = wait;
    const { start, stop, rounds } = startChecker(fixture);
    await start();
    await rounds(1);
    // The row that was read is from before this write.
    await fill(fixture, ["a"]);
    open();
    await turn();
    source.beforeLoad = () => {};
    expect(cache.counters.checked).toBe(0);
    await rounds(5);
    expect(cache.counters).toMatchObject({ newerThanDatabase: 0, staleEntries: 0 });
    expect(cache.counters.checked).toBeGreaterThan(0);
    await stop();
  });

  it("does not count what differs only once", async () => {
    const fixture = createCacheFixture("write-through");
    const { source, cache } = fixture;
    await fill(fixture, ["a"]);
    const row = source.rows.get("a");
    source.plant("a", "x", 7);
    const { start, stop, rounds, errors } = startChecker(fixture);
    await start();
    await rounds(1);
    if (row !== undefined) source.rows.set("a", row);
    await rounds(5);
    expect(cache.counters).toMatchObject({ newerThanDatabase: 0, staleEntries: 0 });
    expect(errors).toEqual([]);
    await stop();
  });

  it("drops a suspicion when the entry is written, or the node loses its right, before it looks again", async () => {
    const fixture = createCacheFixture("write-through");
    const { source, cache } = fixture;
    await fill(fixture, ["a", "b"]);
    source.plant("a", "x", 7);
    source.plant("b", "x", 7);
    const { start, stop, rounds } = startChecker(fixture);
    await start();
    await rounds(1);
    await fill(fixture, ["a"]);
    fixture.right = false;
    await rounds(6);
    expect(cache.counters.newerThanDatabase).toBe(0);
    await stop();
  });

  it("goes on when the database is back", async () => {
    const fixture = createCacheFixture("write-through");
    await fill(fixture, ["a"]);
    fixture.source.beforeLoad = () => {
      throw new DatabaseError("unavailable", "the database is down");
    };
    const { start, stop, rounds } = startChecker(fixture);
    await start();
    await rounds(2);
    expect(fixture.cache.counters.checked).toBe(0);
    fixture.source.beforeLoad = () => {};
    await rounds(2);
    expect(fixture.cache.counters.checked).toBeGreaterThan(0);
    await stop();
  });

  it("checks nothing when it is told to check nothing", async () => {
    const fixture = createCacheFixture("write-through");
    const { start, stop } = startChecker(fixture, 0);
    await start();
    expect(fixture.clock.pendingTimers).toBe(0);
    await stop();
  });
});
