/** Entries that are loaded anew ahead of their end: which, when, and by whom. */
import { seededRandom, settle, testSeed } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { type CacheOverrides, createCacheFixture, text, textOf } from "../testing/cache-fixture.js";
import { gate, turn } from "../testing/turns.js";
import { RefreshAhead } from "./refresh-ahead.js";

const seed = testSeed();

describe("RefreshAhead", () => {
  function create(beta: number, loadMs?: number) {
    const ahead = new RefreshAhead(() => beta, seededRandom(seed));
    if (loadMs !== undefined) ahead.loaded(loadMs);
    return ahead;
  }

  /** The part of so many reads that are due. */
  function shareDue(ahead: RefreshAhead, leftMs: number, ageMs = 1_000_000): number {
    const reads = 20_000;
    let due = 0;
    for (let read = 0; read < reads; read++) if (ahead.isDue(leftMs, ageMs)) due += 1;
    return due / reads;
  }

  it(`begins with the probability of the paper's formula (seed ${seed})`, () => {
    for (const [beta, leftMs] of [
      [1, 50],
      [1, 100],
      [1, 300],
      [2, 300],
      [0.5, 50],
    ] as const) {
      const expected = Math.exp(-leftMs / (beta * 100));
      expect(shareDue(create(beta, 100), leftMs)).toBeCloseTo(expected, 1);
    }
  });

  it("never begins before its window, where it is off, or where nothing has been loaded yet", () => {
    expect(create(1, 100).windowMs).toBe(1_000);
    expect(shareDue(create(1, 100), 1_000)).toBe(0);
    for (const ahead of [create(0, 100), create(1)]) {
      expect(ahead.windowMs).toBe(0);
      expect(shareDue(ahead, 0)).toBe(0);
    }
  });

  it("leaves the first half of a life alone, however long loads take", () => {
    const slow = create(1, 1_000_000);
    expect(shareDue(slow, 501, 500)).toBe(0);
    expect(shareDue(slow, 500, 501)).toBeGreaterThan(0.9);
  });

  it("follows what loads take, one slow load not too much", () => {
    const ahead = create(1, 10);
    ahead.loaded(90);
    expect(ahead.windowMs).toBe(200);
    for (let load = 0; load < 100; load++) ahead.loaded(90);
    expect(ahead.windowMs).toBeCloseTo(900, 0);
  });
});

const TTL_MS = 10_000;
const LOAD_MS = 100;
/** How exactly it is known when an entry was written. */
const STEP_MS = 8;

describe("a fresh entry near its end, in a cache with a source", () => {
  async function start(overrides: CacheOverrides = {}) {
    const fixture = createCacheFixture("read-through", {
      ttl: "10s",
      refreshAhead: 1,
      ...overrides,
    });
    const { operations, context, source, clock } = fixture;
    const read = async () => operations.get("k", context());
    /** Whether `get` would be asked, and not the short way of hits. */
    const isPlain = () => {
      const key = Buffer.from("k");
      return operations.findPlain(key, 0, key.length, clock.now()) !== undefined;
    };
    const { wait, open } = gate();
    source.plant("k", "old");
    source.beforeLoad = wait;
    const loading = read();
    await clock.advanceAsync(LOAD_MS);
    open();
    await loading;
    source.beforeLoad = () => {};
    source.plant("k", "new");
    return { ...fixture, read, isPlain };
  }

  /** Reads it often, as close to its end as this. Returns at which read the refresh began. */
  async function readUntilBegun(test: Awaited<ReturnType<typeof start>>): Promise<number> {
    for (let reads = 1; reads <= 1_000; reads++) {
      expect(textOf(await test.read())).toBe("old");
      if (test.cache.counters.refreshesAhead > 0) return reads;
    }
    return Number.POSITIVE_INFINITY;
  }

  it("is refreshed by a read, once, while everybody gets it at once and as fresh", async () => {
    const test = await start();
    test.clock.advance(TTL_MS - LOAD_MS);
    const { wait, open } = gate();
    test.source.beforeLoad = wait;
    expect(await readUntilBegun(test)).toBeLessThan(50);
    expect(await test.read()).toMatchObject({ stale: false, source: "MEMORY" });
    await turn(10);
    open();
    await turn(10);
    expect(textOf(await test.read())).toBe("new");
    expect(test.cache.counters).toMatchObject({ misses: 1, loads: 2, refreshesAhead: 1 });
  });

  it("is left alone, by the short way of hits, when its end is not near", async () => {
    const test = await start();
    test.clock.advance(TTL_MS - 10 * LOAD_MS - 1);
    expect(test.isPlain()).toBe(true);
    test.clock.advance(1);
    expect(test.isPlain()).toBe(false);
  });

  it("is as near its end as it is to becoming stale", async () => {
    const test = await start({ ttl: "1h", softTtl: "10s" });
    test.clock.advance(TTL_MS - 10 * LOAD_MS - STEP_MS);
    expect(test.isPlain()).toBe(true);
    test.clock.advance(9 * LOAD_MS);
    expect(test.isPlain()).toBe(false);
    expect(await readUntilBegun(test)).toBeLessThan(50);
  });

  it("is near its end before it is stale, if that comes first", async () => {
    const test = await start({ ttl: "1h", softTtl: "10s" });
    await test.operations.touch("k", 5_000, test.context());
    test.clock.advance(5_000 - 10 * LOAD_MS - 1);
    expect(test.isPlain()).toBe(true);
    test.clock.advance(1);
    expect(test.isPlain()).toBe(false);
  });

  it("is not refreshed where the cache does not say so", async () => {
    const test = await start({ refreshAhead: 0 });
    test.clock.advance(TTL_MS - 1);
    expect(test.isPlain()).toBe(true);
    expect(await readUntilBegun(test)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("a fresh entry near its end, of callers that load", () => {
  async function start() {
    const fixture = createCacheFixture("cache-aside", { ttl: "10s", refreshAhead: 1 });
    const { operations, context, clock } = fixture;
    const load = async () => operations.filling.load("k", undefined, context());
    const asked = await load();
    if (asked.at !== "granted") throw new Error("no token");
    clock.advance(LOAD_MS);
    await operations.filling.found("k", asked.token, text("old"), context());
    clock.advance(TTL_MS - LOAD_MS);
    return { ...fixture, load };
  }

  async function askUntilGranted({ load }: Awaited<ReturnType<typeof start>>) {
    for (let asked = 0; asked < 100; asked++) {
      const result = await load();
      if (result.at === "granted") return result;
    }
    throw new Error("nobody was granted a token");
  }

  it("is given to all, and to one of them to be loaded anew", async () => {
    const test = await start();
    const { token, read } = await askUntilGranted(test);
    expect(read).toMatchObject({ stale: false, source: "MEMORY" });
    for (let asked = 0; asked < 100; asked++)
      expect(await test.load()).toMatchObject({ at: "read" });
    const { operations, context, cache } = test;
    expect(await operations.filling.found("k", token, text("new"), context())).toBeDefined();
    expect(textOf(await operations.get("k", context()))).toBe("new");
    expect(cache.counters).toMatchObject({ tokens: 2, refreshesAhead: 1 });
  });

  it("is replaced also when it has ended meanwhile, and who comes then waits for that", async () => {
    const test = await start();
    const { operations, context, clock } = test;
    const { token } = await askUntilGranted(test);
    clock.advance(LOAD_MS);
    const late = test.load();
    await settle();
    expect(await operations.filling.found("k", token, text("new"), context())).toBeDefined();
    expect(await late).toMatchObject({ at: "read", read: { source: "LOADER" } });
  });

  it("is only read by who has no loader", async () => {
    const { operations, context, cache, clock } = await start();
    const key = Buffer.from("k");
    // One who has may be asking.
    expect(operations.findPlain(key, 0, key.length, clock.now())).toBeUndefined();
    for (let reads = 0; reads < 100; reads++) await operations.get("k", context());
    expect(cache.counters).toMatchObject({ tokens: 1, refreshesAhead: 0 });
  });
});
