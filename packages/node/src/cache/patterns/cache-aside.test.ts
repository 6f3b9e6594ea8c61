import { makeVersion } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { createCacheFixture, text, textOf } from "../../testing/cache-fixture.js";

describe("a cache-aside cache", () => {
  it("misses what it was not given, and returns what it was", async () => {
    const { operations, context } = createCacheFixture("cache-aside");
    expect(await operations.get("k", context())).toMatchObject({ version: 0, source: "NONE" });
    const { version } = await operations.set("k", text("v"), undefined, context());
    expect(version).toBe(makeVersion(5, 1));
    const read = await operations.get("k", context());
    expect(textOf(read)).toBe("v");
    expect(read).toMatchObject({ version, source: "MEMORY" });
  });

  it("lets an entry live as long as the caller says, to the millisecond", async () => {
    const { operations, context, clock } = createCacheFixture("cache-aside", { ttl: "1h" });
    await operations.set("k", text("v", 100), undefined, context());
    clock.advance(99);
    expect(textOf(await operations.get("k", context()))).toBe("v");
    clock.advance(1);
    expect(textOf(await operations.get("k", context()))).toBeUndefined();
  });

  it("takes up to its jitter off its own lifetime, never off a stated one", async () => {
    const { operations, context } = createCacheFixture("cache-aside", {
      ttl: "100s",
      ttlJitter: 0.5,
    });
    const lifetimes = new Set<number>();
    for (let i = 0; i < 50; i++) {
      await operations.set(`k${i}`, text("v"), undefined, context());
      lifetimes.add((await operations.get(`k${i}`, context())).ttlLeftMs ?? -1);
    }
    expect(lifetimes.size).toBeGreaterThan(20);
    expect(Math.min(...lifetimes)).toBeGreaterThanOrEqual(50_000);
    expect(Math.max(...lifetimes)).toBeLessThanOrEqual(100_000);
    await operations.set("stated", text("v", 7_000), undefined, context());
    expect((await operations.get("stated", context())).ttlLeftMs).toBe(7_000);
  });

  it("refuses a conditional write when the entry has another version, and writes nothing", async () => {
    const { operations, context } = createCacheFixture("cache-aside");
    const { version } = await operations.set("k", text("one"), undefined, context());
    await expect(operations.set("k", text("two"), version + 1, context())).rejects.toMatchObject({
      code: "VERSION_CONFLICT",
    });
    await expect(operations.set("k", text("two"), 0, context())).rejects.toMatchObject({
      code: "VERSION_CONFLICT",
    });
    expect(textOf(await operations.get("k", context()))).toBe("one");
    await operations.set("k", text("two"), version, context());
    expect(textOf(await operations.get("k", context()))).toBe("two");
    await operations.set("new", text("first"), 0, context());
    expect(textOf(await operations.get("new", context()))).toBe("first");
  });

  it("refuses a negative lifetime and a value that is too large", () => {
    const { operations, context } = createCacheFixture("cache-aside", { valueMaxBytes: 4 });
    expect(() => operations.set("k", text("v", -1), undefined, context())).toThrow(
      "the TTL of -1 ms is negative",
    );
    expect(() => operations.set("k", text("12345"), undefined, context())).toThrow(
      "the value has 5 bytes; this cache takes at most 4",
    );
  });

  it("forgets everything when it is cleared", async () => {
    const { operations, context } = createCacheFixture("cache-aside");
    await operations.set("k", text("v"), undefined, context());
    operations.clear();
    expect(textOf(await operations.get("k", context()))).toBeUndefined();
  });
});
