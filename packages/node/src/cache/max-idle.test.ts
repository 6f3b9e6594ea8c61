import { describe, expect, it } from "vitest";
import { createCacheFixture, text, textOf } from "../testing/cache-fixture.js";

/** How exactly the store knows of uses. */
const STEP_MS = 8;

describe("a cache that ends idle entries", () => {
  it("keeps what is read or touched, and expires what is not, lifetime or no", async () => {
    const { operations, context, clock, cache } = createCacheFixture("cache-aside", {
      ttl: "10m",
      maxIdle: "1m",
    });
    for (const key of ["read", "touched", "idle"]) {
      await operations.set(key, text("v"), undefined, context());
    }
    for (let minutes = 0; minutes < 5; minutes++) {
      clock.advance(60_000);
      expect(textOf(await operations.get("read", context()))).toBe("v");
      expect(await operations.touch("touched", 600_000, context())).toBeGreaterThan(0);
    }
    clock.advance(STEP_MS);
    expect(await operations.get("idle", context())).toMatchObject({ value: undefined });
    for (let minutes = 0; minutes < 5; minutes++) {
      expect(await operations.touch("touched", 600_000, context())).toBeGreaterThan(0);
      await operations.get("read", context());
      clock.advance(60_000);
    }
    expect(await operations.get("read", context())).toMatchObject({ value: undefined });
    expect(cache.store.counts).toMatchObject({ entries: 1, expirations: 2 });
  });

  it("begins and ends doing so by its configuration, without losing an entry", async () => {
    const { operations, context, clock, cache, config } = createCacheFixture("cache-aside");
    for (const key of ["a", "b"]) await operations.set(key, text("v"), undefined, context());
    clock.advance(3_600_000);
    cache.reconfigure(config({ maxIdle: "1m" }));
    const { store } = cache;
    clock.advance(59_999);
    expect(textOf(await operations.get("a", context()))).toBe("v");
    clock.advance(1 + STEP_MS);
    expect(store.peek("b")).toBeUndefined();
    cache.reconfigure(config({ maxIdle: 0 }));
    clock.advance(3_600_000);
    expect(textOf(await operations.get("a", context()))).toBe("v");
    // A store that another policy begins afresh knows it, too.
    cache.reconfigure(config({ maxIdle: "1m", eviction: "fifo" }));
    await operations.set("c", text("v"), undefined, context());
    clock.advance(60_000 + STEP_MS);
    expect(await operations.get("c", context())).toMatchObject({ value: undefined });
  });

  it("tells whoever asks for explanations how long an entry may stay, and whether it is stale", async () => {
    const { operations, context, clock, cache, source, config } = createCacheFixture(
      "read-through",
      { ttl: "10m", softTtl: "30s", maxIdle: "1m" },
    );
    source.plant("k", "v");
    await operations.get("k", context());
    clock.advance(20_000);
    expect(cache.memoryFacts("k", context()).cached).toMatchObject({
      stale: false,
      ttlLeftMs: 580_000,
      idleLeftMs: 40_000 + STEP_MS,
    });
    clock.advance(10_000);
    cache.reconfigure(config({ ttl: "10m", softTtl: "30s", maxIdle: 0 }));
    expect(cache.memoryFacts("k", context()).cached).toMatchObject({
      stale: true,
      ttlLeftMs: 570_000,
      idleLeftMs: undefined,
    });
    // Looking is no read.
    expect(source.loads).toHaveLength(1);
  });
});
