import { FakeClock, seededRandom, settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { Tenure } from "../ownership/tenure.js";
import { type CacheFixture, createCacheFixture, text, textOf } from "../testing/cache-fixture.js";
import { gate, turn } from "../testing/turns.js";
import type { LoadResult } from "./filling.js";
import { Fills, LEASE_MS } from "./fills.js";
import { createCounters } from "./stats.js";

/** An asker of one key: what he was told, once he was. */
function ask(fixture: CacheFixture, budgetMs = 60_000, waitMs?: number) {
  const { filling } = fixture.operations;
  const result = Promise.resolve(filling.load("k", waitMs, fixture.context(budgetMs)));
  const asker: { told?: LoadResult; failed?: unknown } = {};
  result.then(
    (told) => {
      asker.told = told;
    },
    (error: unknown) => {
      asker.failed = error;
    },
  );
  return asker;
}

async function askAndGet(fixture: CacheFixture): Promise<number> {
  const asker = ask(fixture);
  while (asker.told === undefined && asker.failed === undefined) await settle();
  return tokenOf(asker);
}

function tokenOf({ told }: { readonly told?: LoadResult }): number {
  if (told?.at !== "granted") throw new Error(`told ${JSON.stringify(told)} instead of a token`);
  return told.token;
}

function fail(fixture: CacheFixture, token: number, message: string): void {
  fixture.operations.filling.failed("k", token, message, fixture.context());
}

function loadedBy({ told }: { readonly told?: LoadResult }): string | undefined {
  if (told?.at !== "read") throw new Error(`told ${JSON.stringify(told)} instead of a value`);
  return textOf(told.read);
}

function fill(fixture: CacheFixture, token: number, value: string, ttlMs?: number) {
  return fixture.operations.filling.found("k", token, text(value, ttlMs), fixture.context());
}

describe("Loading by callers", () => {
  it("gives one asker a token, and the others what he has loaded", async () => {
    const fixture = createCacheFixture("cache-aside");
    const askers = Array.from({ length: 10 }, () => ask(fixture));
    await settle();
    expect(askers.filter(({ told }) => told !== undefined)).toHaveLength(1);
    const written = await fill(fixture, tokenOf(askers[0] ?? {}), "loaded", 500);
    await settle();
    expect(written?.version).toBeGreaterThan(0);
    expect(askers.slice(1).map(loadedBy)).toEqual(Array(9).fill("loaded"));
    const read = await fixture.operations.get("k", fixture.context());
    expect(read).toMatchObject({ version: written?.version, ttlLeftMs: 500 });
  });

  it("answers at once where there is a value", () => {
    const fixture = createCacheFixture("cache-aside");
    void fixture.operations.set("k", text("there"), undefined, fixture.context());
    const result = fixture.operations.filling.load("k", undefined, fixture.context());
    expect(result).toMatchObject({ at: "read" });
  });

  it.each(["set", "delete", "clear"] as const)(
    "stores nothing that was loaded before a %s",
    async (what) => {
      const fixture = createCacheFixture("cache-aside");
      const token = await askAndGet(fixture);
      const { operations } = fixture;
      if (what === "clear") operations.clear();
      if (what === "delete") await operations.delete("k", undefined, fixture.context());
      if (what === "set") await operations.set("k", text("newer"), undefined, fixture.context());
      expect(await fill(fixture, token, "old")).toBeUndefined();
      const expected = what === "set" ? "newer" : undefined;
      expect(textOf(await operations.get("k", fixture.context()))).toBe(expected);
    },
  );

  it("shows those who wait what was set meanwhile", async () => {
    const fixture = createCacheFixture("cache-aside");
    await askAndGet(fixture);
    const waiting = ask(fixture);
    await fixture.operations.set("k", text("newer"), undefined, fixture.context());
    await settle();
    expect(loadedBy(waiting)).toBe("newer");
  });

  it("gives a new token to the first who waits when the key was deleted", async () => {
    const fixture = createCacheFixture("cache-aside");
    const before = await askAndGet(fixture);
    const waiting = [ask(fixture), ask(fixture)];
    await fixture.operations.delete("k", undefined, fixture.context());
    await settle();
    const token = tokenOf(waiting[0] ?? {});
    expect(token).not.toBe(before);
    expect(waiting[1]?.told).toBeUndefined();
    expect(await fill(fixture, before, "old")).toBeUndefined();
    await fill(fixture, token, "new");
    await settle();
    expect(loadedBy(waiting[1] ?? {})).toBe("new");
  });

  it("passes the token on at the very end of its lease, and not while it is renewed", async () => {
    const fixture = createCacheFixture("cache-aside");
    const { filling } = fixture.operations;
    const token = await askAndGet(fixture);
    const waiting = ask(fixture);
    fixture.clock.advance(LEASE_MS - 1);
    expect(filling.renew("k", token)).toBe(true);
    fixture.clock.advance(LEASE_MS - 1);
    await settle();
    expect(waiting.told).toBeUndefined();
    fixture.clock.advance(1);
    await settle();
    expect(tokenOf(waiting)).not.toBe(token);
    expect(filling.renew("k", token)).toBe(false);
    expect(await fill(fixture, token, "old")).toBeUndefined();
  });

  it("passes a token on at once that is given back", async () => {
    const fixture = createCacheFixture("cache-aside");
    const token = await askAndGet(fixture);
    const waiting = ask(fixture);
    expect(fixture.operations.filling.returned("k", token)).toBe(true);
    await settle();
    expect(tokenOf(waiting)).not.toBe(token);
  });

  it("gives no token to somebody whose time is over", async () => {
    const fixture = createCacheFixture("cache-aside");
    const token = await askAndGet(fixture);
    const late = ask(fixture, 100);
    const patient = ask(fixture);
    fixture.clock.advance(100);
    await settle();
    expect(late.failed).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    fixture.operations.filling.returned("k", token);
    await settle();
    expect(tokenOf(patient)).toBeGreaterThan(0);
  });

  it("tells those who do not want to wait that somebody loads the key", async () => {
    const fixture = createCacheFixture("cache-aside");
    await askAndGet(fixture);
    const hasty = ask(fixture, 60_000, 0);
    await settle();
    expect(hasty.told).toEqual({ at: "filling" });
  });

  it("tells everybody why a loader failed, and pauses for longer each time", async () => {
    const fixture = createCacheFixture("cache-aside");
    const { filling } = fixture.operations;
    const pausesMs: number[] = [];
    for (let round = 0; round < 9; round++) {
      const token = await askAndGet(fixture);
      const waiting = ask(fixture);
      fail(fixture, token, "no such table");
      await settle();
      const failed = { code: "LOAD_FAILED", message: expect.stringContaining("no such table") };
      expect(waiting.failed).toMatchObject(failed);
      for (let pauseMs = 0; pausesMs.length === round; pauseMs += 5) {
        try {
          const result = filling.load("k", undefined, fixture.context());
          filling.returned("k", tokenOf({ told: await result }));
          pausesMs.push(pauseMs);
        } catch (error) {
          expect(error).toMatchObject(failed);
          fixture.clock.advance(5);
        }
      }
    }
    expect(pausesMs[0]).toBeGreaterThanOrEqual(50);
    expect(pausesMs[0]).toBeLessThanOrEqual(100);
    expect(pausesMs[3]).toBeGreaterThanOrEqual(400);
    expect(Math.max(...pausesMs)).toBeLessThanOrEqual(5_000);
  });

  it("forgets that a loader failed as soon as the key is written", async () => {
    const fixture = createCacheFixture("cache-aside");
    fail(fixture, await askAndGet(fixture), "no");
    await fixture.operations.delete("k", undefined, fixture.context());
    expect(await askAndGet(fixture)).toBeGreaterThan(0);
  });

  it("remembers that nothing was found for as long as it is told to", async () => {
    const fixture = createCacheFixture("cache-aside");
    const token = await askAndGet(fixture);
    const waiting = ask(fixture);
    expect(fixture.operations.filling.foundNothing("k", token, 1_000)).toBe(true);
    await settle();
    expect(loadedBy(waiting)).toBeUndefined();
    fixture.clock.advance(999);
    expect(fixture.operations.filling.load("k", undefined, fixture.context())).toMatchObject({
      at: "read",
      read: { value: undefined, source: "MEMORY" },
    });
    fixture.clock.advance(1);
    expect(await askAndGet(fixture)).toBeGreaterThan(0);
  });

  it("answers those who wait, and remembers nothing, when nothing was found", async () => {
    const fixture = createCacheFixture("cache-aside");
    const token = await askAndGet(fixture);
    const waiting = ask(fixture);
    fixture.operations.filling.foundNothing("k", token, undefined);
    await settle();
    expect(loadedBy(waiting)).toBeUndefined();
    expect(await askAndGet(fixture)).toBeGreaterThan(0);
  });

  it("gives those who wait a value that there is no room for", async () => {
    const fixture = createCacheFixture("cache-aside", { valueMaxBytes: 10 });
    const token = await askAndGet(fixture);
    const waiting = ask(fixture);
    await expect(fill(fixture, token, "longer than ten bytes")).rejects.toMatchObject({
      code: "VALUE_TOO_LARGE",
    });
    await settle();
    expect(loadedBy(waiting)).toBe("longer than ten bytes");
    expect(await askAndGet(fixture)).not.toBe(token);
  });

  it("sends those who wait to the next owner", async () => {
    const fixture = createCacheFixture("cache-aside");
    const token = await askAndGet(fixture);
    const waiting = ask(fixture);
    fixture.cache.drop(fixture.tenure.partition);
    await settle();
    expect(waiting.failed).toMatchObject({ name: "PartitionMovingError" });
    expect(await fill(fixture, token, "old")).toBeUndefined();
  });

  it("refuses more who wait than it has room for, and goes on with the others", () => {
    const fills = new Fills(new FakeClock(), seededRandom(1), createCounters());
    const missed = { key: "k", tenure: new Tenure(0, 1, []), version: 0 };
    void fills.ask(missed, 1_000);
    for (let asked = 0; asked < 20_000; asked++) void fills.ask(missed, 1_000);
    expect(() => fills.ask(missed, 1_000)).toThrowError(
      expect.objectContaining({ code: "OVERLOADED" }),
    );
  });
});

describe("Loading by callers, of what the source does not have", () => {
  it("asks the source first", async () => {
    const fixture = createCacheFixture("write-through");
    fixture.source.plant("k", "row");
    const asker = ask(fixture);
    await turn(10);
    expect(loadedBy(asker)).toBe("row");
  });

  it.each(["write-through", "write-behind"] as const)(
    "fills a %s cache as a set",
    async (pattern) => {
      const fixture = createCacheFixture(pattern);
      const written = await fill(fixture, await askAndGet(fixture), "loaded");
      expect(written?.version).toBeGreaterThan(0);
      if (pattern === "write-behind")
        await fixture.cache.queue?.flushAll(fixture.clock.now() + 1_000);
      expect(fixture.source.textOf("k")).toBe("loaded");
    },
  );

  it("replaces nothing that the source has got meanwhile", async () => {
    const fixture = createCacheFixture("write-through", { negativeTtl: 0 });
    const token = await askAndGet(fixture);
    fixture.source.plant("k", "row");
    expect(await fill(fixture, token, "loaded")).toBeUndefined();
    expect(fixture.source.textOf("k")).toBe("row");
  });

  it("stores nothing that was loaded while a deletion was on its way to the database", async () => {
    const fixture = createCacheFixture("write-through", { negativeTtl: 0 });
    const { wait, open } = gate();
    fixture.source.beforeFlush = wait;
    const deleting = fixture.operations.delete("k", undefined, fixture.context());
    const token = await askAndGet(fixture);
    open();
    await deleting;
    expect(await fill(fixture, token, "old")).toBeUndefined();
    expect(fixture.source.textOf("k")).toBeUndefined();
  });

  it("refuses to fill a read-through cache, and tells those who wait", async () => {
    const fixture = createCacheFixture("read-through");
    const token = await askAndGet(fixture);
    const waiting = ask(fixture);
    await expect(fill(fixture, token, "loaded")).rejects.toMatchObject({ code: "READ_ONLY" });
    await turn(10);
    expect(waiting.failed).toMatchObject({ code: "READ_ONLY" });
  });

  it("still asks the loader where it is the source that has no such row", async () => {
    const fixture = createCacheFixture("write-through", { negativeTtl: "1m" });
    await fixture.operations.get("k", fixture.context());
    fixture.operations.filling.foundNothing("k", await askAndGet(fixture), 1_000);
    const known = ask(fixture);
    await turn(10);
    expect(loadedBy(known)).toBeUndefined();
  });
});

describe("Loading by callers, of what is stale", () => {
  async function createStale() {
    const fixture = createCacheFixture("cache-aside", { ttl: "10s", softTtl: "1s" });
    await fixture.operations.set("k", text("stale"), undefined, fixture.context());
    fixture.clock.advance(1_000);
    return fixture;
  }

  it("gives one asker a token, and everybody the stale value, at once", async () => {
    const fixture = await createStale();
    const [first, second] = [ask(fixture), ask(fixture)];
    await settle();
    expect(first.told).toMatchObject({ at: "granted", read: { stale: true } });
    expect(loadedBy(second)).toBe("stale");
    expect(await fill(fixture, tokenOf(first), "fresh")).toBeDefined();
    const third = ask(fixture);
    await settle();
    expect(third.told).toMatchObject({ at: "read", read: { stale: false } });
    expect(loadedBy(third)).toBe("fresh");
  });

  it("replaces nothing that was set while it was loaded anew", async () => {
    const fixture = await createStale();
    const token = await askAndGet(fixture);
    await fixture.operations.set("k", text("newer"), undefined, fixture.context());
    expect(await fill(fixture, token, "fresh")).toBeUndefined();
    expect(textOf(await fixture.operations.get("k", fixture.context()))).toBe("newer");
  });

  it.each([undefined, 5_000])(
    "serves the stale value no longer when nothing is found (remembered for %s ms)",
    async (negativeTtlMs) => {
      const fixture = await createStale();
      const { filling } = fixture.operations;
      expect(filling.foundNothing("k", await askAndGet(fixture), negativeTtlMs)).toBe(true);
      expect(await fixture.operations.get("k", fixture.context())).toMatchObject({
        value: undefined,
      });
      const next = ask(fixture);
      await settle();
      expect(next.told?.at).toBe(negativeTtlMs === undefined ? "granted" : "read");
    },
  );

  it("serves the stale value when the loader fails, and lets nobody else load for a moment", async () => {
    const fixture = await createStale();
    fail(fixture, await askAndGet(fixture), "no");
    const during = ask(fixture);
    await settle();
    expect(loadedBy(during)).toBe("stale");
    fixture.clock.advance(100);
    expect(await askAndGet(fixture)).toBeGreaterThan(0);
  });

  it("takes it for missing where it is too stale for the reader", async () => {
    const fixture = await createStale();
    const { operations } = fixture;
    const read = (maxStaleMs: number) => operations.get("k", { ...fixture.context(), maxStaleMs });
    fixture.clock.advance(500);
    expect(textOf(await read(501))).toBe("stale");
    expect(await read(500)).toMatchObject({ value: undefined });
    const strict = { ...fixture.context(), maxStaleMs: 0 };
    const asked = await operations.filling.load("k", undefined, strict);
    expect(asked).toMatchObject({ at: "granted", read: { value: undefined } });
    expect(await fill(fixture, tokenOf({ told: asked }), "fresh")).toBeDefined();
    expect(textOf(await read(0))).toBe("fresh");
  });

  it("asks the source for what is too stale, and takes what it has", async () => {
    const fixture = createCacheFixture("read-through", { ttl: "10s", softTtl: "1s" });
    const { operations, source, clock } = fixture;
    source.plant("k", "old");
    await operations.get("k", fixture.context());
    clock.advance(1_000);
    source.plant("k", "new");
    const strict = { ...fixture.context(), maxStaleMs: 0 };
    expect(textOf(await operations.get("k", strict))).toBe("new");
  });
});
