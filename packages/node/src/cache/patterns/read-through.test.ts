import { makeVersion } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import { SourceMismatchError } from "../../database/source.js";
import { PartitionMovingError } from "../../ownership/ownership.js";
import { createCacheFixture, PARTITION, text, textOf } from "../../testing/cache-fixture.js";
import { gate, turn } from "../../testing/turns.js";

describe("a read-through cache", () => {
  it("loads a missing key once, however many ask, and then answers from memory", async () => {
    const { operations, context, source, cache } = createCacheFixture("read-through");
    source.plant("k", "row");
    const reads = await Promise.all(
      Array.from({ length: 100 }, () => operations.get("k", context())),
    );
    expect(new Set(reads.map(textOf))).toEqual(new Set(["row"]));
    expect(source.loads).toEqual([["k"]]);
    expect(await operations.get("k", context())).toMatchObject({ source: "MEMORY", version: 1 });
    expect(cache.counters).toMatchObject({ hits: 1, misses: 100, loads: 1, loadBatches: 1 });
  });

  it("asks for the misses of one moment in one statement", async () => {
    const { operations, context, source } = createCacheFixture("read-through");
    await Promise.all(["a", "b", "c"].map((key) => operations.get(key, context())));
    expect(source.loads).toEqual([["a", "b", "c"]]);
  });

  it("remembers that a row is absent for its own time, and counts that as a hit", async () => {
    const { operations, context, source, clock, cache } = createCacheFixture("read-through", {
      negativeTtl: "10s",
    });
    await operations.get("k", context());
    expect(await operations.get("k", context())).toMatchObject({ version: 0, source: "MEMORY" });
    expect(cache.counters.negativeHits).toBe(1);
    clock.advance(10_000);
    source.plant("k", "row");
    expect(textOf(await operations.get("k", context()))).toBe("row");
  });

  it("is read-only, and lets a deletion forget the cached copy", async () => {
    const { operations, context, source } = createCacheFixture("read-through");
    expect(() => operations.set("k", text("v"), undefined, context())).toThrow(/read-through/);
    source.plant("k", "old");
    await operations.get("k", context());
    source.plant("k", "new");
    expect(textOf(await operations.get("k", context()))).toBe("old");
    await operations.delete("k", undefined, context());
    expect(textOf(await operations.get("k", context()))).toBe("new");
    expect(source.rows.has("k")).toBe(true);
  });

  it("does not let a load fill the cache that began before an invalidation", async () => {
    const { operations, context, source } = createCacheFixture("read-through");
    source.plant("k", "old");
    const { wait, open } = gate();
    source.beforeLoad = wait;
    const early = operations.get("k", context());
    await turn();
    source.plant("k", "new");
    await operations.delete("k", undefined, context());
    open();
    expect(textOf(await early)).toBe("old");
    expect(textOf(await operations.get("k", context()))).toBe("new");
  });

  it("fails with UNAVAILABLE when the database cannot be read, and does not remember it", async () => {
    const { operations, context, source } = createCacheFixture("read-through");
    source.beforeLoad = () => {
      throw new DatabaseError("unavailable", "connection refused");
    };
    await expect(operations.get("k", context())).rejects.toMatchObject({ code: "UNAVAILABLE" });
    source.beforeLoad = () => {};
    source.plant("k", "row");
    expect(textOf(await operations.get("k", context()))).toBe("row");
  });

  it("says what its source lacks, and that nothing is wrong with the node", async () => {
    const { operations, context, source } = createCacheFixture("read-through");
    source.beforeLoad = () => {
      throw new SourceMismatchError('there is no table "nope" in the database');
    };
    await expect(operations.get("k", context())).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: 'the key cannot be loaded: there is no table "nope" in the database',
    });
  });

  it("gives up waiting for the database at the caller's deadline", async () => {
    const { operations, context, source, clock } = createCacheFixture("read-through");
    const { wait, open } = gate();
    source.beforeLoad = wait;
    const read = operations.get("k", context(100));
    clock.advance(100);
    await expect(read).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    open();
  });

  it("discards what it loaded when the partition began to move meanwhile", async () => {
    const { operations, context, source, tenure } = createCacheFixture("read-through");
    source.plant("k", "row");
    const { wait, open } = gate();
    source.beforeLoad = wait;
    const read = operations.get("k", context());
    await turn();
    tenure.moveTo({ at: "releasing" });
    open();
    await expect(read).rejects.toBeInstanceOf(PartitionMovingError);
  });

  it("discards what it loaded when the partition was released meanwhile, even if it is back", async () => {
    const { operations, context, source, cache, tenure } = createCacheFixture("read-through");
    source.plant("k", "old", 5);
    const { wait, open } = gate();
    source.beforeLoad = wait;
    const read = Promise.resolve(operations.get("k", context()));
    const failure = read.catch((error: unknown) => error);
    await turn();
    tenure.moveTo({ at: "releasing" });
    cache.drop(PARTITION);
    tenure.moveTo({ at: "released", epoch: 1 });
    source.plant("k", "new", makeVersion(9, 1));
    tenure.renew(12);
    tenure.moveTo({ at: "serving" });
    open();
    expect(await failure).toBeInstanceOf(PartitionMovingError);
    expect(textOf(await operations.get("k", context()))).toBe("new");
  });

  it("warms a key only where there is room for it", async () => {
    const { operations, context, source } = createCacheFixture("read-through", { maxEntries: 1 });
    source.plant("a", "row");
    source.plant("b", "row");
    expect(await operations.warm("a", context())).toBe("cached");
    expect(await operations.warm("a", context())).toBe("cached");
    expect(await operations.warm("b", context())).toBe("no-room");
    expect(source.loads).toEqual([["a"]]);
  });
});
