/** Values past their lifetime: missing to everybody, and served where the load that should replace them fails. */
import { settle } from "@holdfast/core/testing";
import { DatabaseError } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import {
  type CacheFixture,
  type CacheOverrides,
  createCacheFixture,
  text,
  textOf,
} from "../testing/cache-fixture.js";
import { gate, turn } from "../testing/turns.js";
import type { LoadResult } from "./filling.js";

const TTL_MS = 10_000;
const GRACE_MS = 60_000;
const LIFETIMES = { ttl: "10s", grace: "1m" };

type Sourced = "read-through" | "write-through" | "write-behind";

/** A value of a row that has changed since, at its end. */
async function startEnded(pattern: Sourced = "read-through", overrides: CacheOverrides = {}) {
  const fixture = createCacheFixture(pattern, { ...LIFETIMES, ...overrides });
  const { operations, context, source, clock } = fixture;
  const read = async (options: object = {}) => operations.get("k", { ...context(), ...options });
  const breakDatabase = () => {
    source.beforeLoad = () => {
      throw new DatabaseError("unavailable", "away");
    };
  };
  const mendDatabase = () => {
    source.beforeLoad = () => {};
    clock.advance(TTL_MS);
  };
  source.plant("k", "old");
  await read();
  source.plant("k", "new");
  clock.advance(TTL_MS);
  const loseRight = () => {
    fixture.right = false;
  };
  return { ...fixture, read, breakDatabase, mendDatabase, loseRight };
}

const UNAVAILABLE = { code: "UNAVAILABLE" };

describe("a value in grace, in a cache with a source", () => {
  it.each(["read-through", "write-through", "write-behind"] as const)(
    "is served as stale, with its age, when the database is away (%s)",
    async (pattern) => {
      const { read, breakDatabase, mendDatabase, cache, clock } = await startEnded(pattern);
      breakDatabase();
      clock.advance(1_000);
      const served = await read();
      expect(textOf(served)).toBe("old");
      const ageMs = TTL_MS + 1_000;
      expect(served).toMatchObject({ stale: true, source: "MEMORY", ageMs, ttlLeftMs: 0 });
      expect(cache.counters).toMatchObject({ hits: 0, misses: 2, staleHits: 0, servedInGrace: 1 });
      mendDatabase();
      expect(await read()).toMatchObject({ stale: false, source: "DATABASE" });
      expect(textOf(await read())).toBe("new");
    },
  );

  it("waits for the load, and is not served where that succeeds", async () => {
    const { read, source, cache } = await startEnded();
    const { wait, open } = gate();
    source.beforeLoad = wait;
    const reading = read();
    await turn(10);
    open();
    expect(textOf(await reading)).toBe("new");
    expect(cache.counters.servedInGrace).toBe(0);
  });

  it("is served at the reader's deadline when the database does not answer", async () => {
    const { read, source, clock } = await startEnded();
    source.beforeLoad = gate().wait;
    const reading = read();
    await clock.advanceAsync(1_000);
    expect(textOf(await reading)).toBe("old");
    // The next ones do not wait for what has not come.
    expect(textOf(await read())).toBe("old");
  });

  it("is served to who has little time, while others go on waiting", async () => {
    const { source, operations, context, clock } = await startEnded();
    const { wait, open } = gate();
    source.beforeLoad = wait;
    const hasty = operations.get("k", context(50));
    await clock.advanceAsync(50);
    expect(textOf(await hasty)).toBe("old");
    const patient = operations.get("k", context());
    open();
    expect(textOf(await patient)).toBe("new");
  });

  it("ends with its grace, and with a cache's configuration that has none", async () => {
    const { read, breakDatabase, clock, cache, config } = await startEnded();
    breakDatabase();
    clock.advance(GRACE_MS - 1);
    expect(textOf(await read())).toBe("old");
    cache.reconfigure(config({ grace: 0 }));
    await expect(read()).rejects.toMatchObject(UNAVAILABLE);
    cache.reconfigure(config({ grace: "1m" }));
    clock.advance(1);
    await expect(read()).rejects.toMatchObject(UNAVAILABLE);
  });

  it("is for readers only who take what has been stale for so long", async () => {
    const { read, breakDatabase, clock } = await startEnded();
    breakDatabase();
    clock.advance(500);
    await expect(read({ maxStaleMs: 500 })).rejects.toMatchObject(UNAVAILABLE);
    expect(textOf(await read({ maxStaleMs: 501 }))).toBe("old");
    const soft = await startEnded("read-through", { softTtl: "4s" });
    soft.breakDatabase();
    await expect(soft.read({ maxStaleMs: 6_000 })).rejects.toMatchObject(UNAVAILABLE);
    expect(textOf(await soft.read({ maxStaleMs: 6_001 }))).toBe("old");
  });

  it("lets one reader in a while ask a database that is away, and the others wait for nothing", async () => {
    const { read, breakDatabase, source, clock } = await startEnded();
    breakDatabase();
    const before = source.loads.length;
    for (let elapsedMs = 0; elapsedMs < 5_000; elapsedMs += 10) {
      expect(textOf(await read())).toBe("old");
      clock.advance(10);
    }
    expect(source.loads.length - before).toBeLessThan(10);
  });

  it.each(["delete", "clear"] as const)("is no more after a %s", async (what) => {
    const { read, breakDatabase, operations, context } = await startEnded();
    if (what === "clear") operations.clear();
    else await operations.delete("k", undefined, context());
    breakDatabase();
    await expect(read()).rejects.toMatchObject(UNAVAILABLE);
  });

  it("is no more once its row is known to be gone", async () => {
    for (const negativeTtl of ["1s", 0]) {
      const { read, breakDatabase, source, clock } = await startEnded("read-through", {
        negativeTtl,
      });
      source.rows.delete("k");
      expect((await read()).value).toBeUndefined();
      clock.advance(1_000);
      breakDatabase();
      await expect(read()).rejects.toMatchObject(UNAVAILABLE);
    }
  });

  it("is what no write rests on", async () => {
    const { breakDatabase, operations, context, read } = await startEnded("write-through");
    breakDatabase();
    const { version } = await read();
    const conditional = operations.set("k", text("mine"), version, context());
    await expect(conditional).rejects.toMatchObject(UNAVAILABLE);
  });

  it("is not served by a node that has lost its right, nor while the partition moves", async () => {
    const lost = await startEnded();
    lost.breakDatabase();
    lost.loseRight();
    await expect(lost.read()).rejects.toMatchObject(UNAVAILABLE);
    const moved = await startEnded();
    moved.breakDatabase();
    moved.tenure.moveTo({ at: "releasing" });
    moved.tenure.moveTo({ at: "released", epoch: 2 });
    await expect(moved.read()).rejects.toMatchObject({ name: "PartitionMovingError" });
  });

  it("is explained to whoever asks", async () => {
    const { cache, context } = await startEnded();
    const { cached } = cache.memoryFacts("k", context());
    expect(cached).toMatchObject({ stale: true, ageMs: TTL_MS, ttlLeftMs: 0 });
  });
});

describe("a value in grace, of callers that load", () => {
  async function startEndedAside(overrides: CacheOverrides = {}) {
    const fixture = createCacheFixture("cache-aside", { ...LIFETIMES, ...overrides });
    const { operations, context, clock } = fixture;
    await operations.set("k", text("old"), undefined, context());
    clock.advance(TTL_MS);
    return fixture;
  }

  function load({ operations, context }: CacheFixture, options: object = {}) {
    const loading = async () =>
      operations.filling.load("k", undefined, { ...context(), ...options });
    return loading();
  }

  function failed({ operations, context }: CacheFixture, asked: LoadResult, options: object = {}) {
    if (asked.at !== "granted") throw new Error(`told ${asked.at} instead of a token`);
    return operations.filling.failed("k", asked.token, "no", { ...context(), ...options });
  }

  function served(result: LoadResult): string | undefined {
    return result.at === "read" && result.read.stale ? textOf(result.read) : undefined;
  }

  it("is missing to reads and writes", async () => {
    const { operations, context } = await startEndedAside();
    expect(await operations.get("k", context())).toMatchObject({ value: undefined, version: 0 });
    const added = await operations.set("k", text("mine"), 0, context());
    expect(added.version).toBeGreaterThan(0);
  });

  it("goes to him whose loader failed, to those who waited for it, and to those who may not load now", async () => {
    const fixture = await startEndedAside();
    const asked = await load(fixture);
    expect(asked).toMatchObject({ at: "granted", hasGrace: true, read: { value: undefined } });
    const waiting = load(fixture);
    const told = failed(fixture, asked);
    expect(told).toMatchObject({ wasGood: true, read: { stale: true, ageMs: TTL_MS } });
    expect(served(await waiting)).toBe("old");
    expect(served(await load(fixture))).toBe("old");
    expect(fixture.cache.counters).toMatchObject({
      servedInGrace: 3,
      tokens: 1,
      tokenWaits: 1,
      loaderFailures: 1,
    });
    fixture.clock.advance(100);
    expect(await load(fixture)).toMatchObject({ at: "granted" });
  });

  it("goes to whoever has no more time to wait for another's loader", async () => {
    const fixture = await startEndedAside();
    const { filling } = fixture.operations;
    await load(fixture);
    const waiting = Promise.resolve(filling.load("k", undefined, fixture.context(500)));
    await fixture.clock.advanceAsync(500);
    expect(served(await waiting)).toBe("old");
  });

  it("gives way to what a loader found, or did not find", async () => {
    for (const found of [true, false]) {
      const fixture = await startEndedAside();
      const asked = await load(fixture);
      if (asked.at !== "granted") throw new Error("no token");
      const { filling } = fixture.operations;
      if (found) await filling.found("k", asked.token, text("new", 100), fixture.context());
      else filling.foundNothing("k", asked.token, undefined);
      fixture.clock.advance(found ? 100 : 0);
      const next = await load(fixture);
      const { read } = failed(fixture, next);
      expect(read && textOf(read)).toBe(found ? "new" : undefined);
    }
  });

  it("is not for those who take nothing that is so stale", async () => {
    const fixture = await startEndedAside();
    const strict = { maxStaleMs: 0 };
    const asked = await load(fixture, strict);
    expect(asked).toMatchObject({ at: "granted", hasGrace: false });
    expect(failed(fixture, asked, strict).read).toBeUndefined();
    await expect(load(fixture, strict)).rejects.toMatchObject({ code: "LOAD_FAILED" });
  });

  it("is no more when the key was deleted while the loader ran", async () => {
    const fixture = await startEndedAside();
    const asked = await load(fixture);
    const waiting = load(fixture);
    await fixture.operations.delete("k", undefined, fixture.context());
    await settle();
    expect(failed(fixture, asked)).toEqual({ wasGood: false, read: undefined });
    expect(await waiting).toMatchObject({ at: "granted", hasGrace: false });
  });
});
