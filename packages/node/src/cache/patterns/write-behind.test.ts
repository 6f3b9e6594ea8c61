import { makeVersion } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import { createCacheFixture, PARTITION, text, textOf } from "../../testing/cache-fixture.js";
import { gate, turn } from "../../testing/turns.js";

describe("a write-behind cache", () => {
  const quick = { writeBehind: { maxDelay: "100ms", lanes: 1, queueMaxEntries: 100 } };

  it("acknowledges at once, reads its own write, and writes the row after the delay", async () => {
    const { operations, context, source, clock, cache } = createCacheFixture("write-behind", quick);
    // The first write of all waits until the source has been prepared.
    await operations.set("first", text("v"), undefined, context());
    const result = operations.set("k", text("v"), undefined, context());
    expect(result).not.toBeInstanceOf(Promise);
    expect(textOf(await operations.get("k", context()))).toBe("v");
    expect(source.flushes).toEqual([]);
    clock.advance(100);
    await turn();
    expect(source.textOf("k")).toBe("v");
    expect(cache.queue?.entries).toBe(0);
    expect(cache.store.counts.pinnedEntries).toBe(0);
  });

  it("keeps a deletion until the database has it, and then remembers the absence", async () => {
    const { operations, context, source, clock } = createCacheFixture("write-behind", quick);
    source.plant("k", "row");
    await operations.delete("k", undefined, context());
    expect(textOf(await operations.get("k", context()))).toBeUndefined();
    expect(source.loads).toEqual([]);
    clock.advance(100);
    await turn();
    expect(source.rows.get("k")?.value).toBeUndefined();
    expect(await operations.get("k", context())).toMatchObject({ source: "MEMORY", version: 0 });
  });

  it("never evicts a dirty entry", async () => {
    const { operations, context, cache } = createCacheFixture("write-behind", {
      ...quick,
      maxEntries: 2,
    });
    await operations.set("a", text("1"), undefined, context());
    await operations.set("b", text("1"), undefined, context());
    await expect(
      (async () => operations.set("c", text("1"), undefined, context()))(),
    ).rejects.toMatchObject({ code: "OVERLOADED" });
    expect(textOf(await operations.get("a", context()))).toBe("1");
    expect(cache.queue?.entries).toBe(2);
  });

  it("keeps the newest write clean only when that very write has reached the database", async () => {
    const { operations, context, source, clock, cache } = createCacheFixture("write-behind", quick);
    const { wait, open } = gate();
    source.beforeFlush = wait;
    await operations.set("k", text("one"), undefined, context());
    clock.advance(100);
    await turn();
    await operations.set("k", text("two"), undefined, context());
    open();
    await turn();
    expect(cache.store.counts.pinnedEntries).toBe(1);
    expect(source.textOf("k")).toBe("one");
    clock.advance(100);
    await turn();
    expect(source.textOf("k")).toBe("two");
    expect(cache.store.counts.pinnedEntries).toBe(0);
  });

  it("answers absent for a dirty entry that has outlived its row's lifetime", async () => {
    const { operations, context, clock, source } = createCacheFixture("write-behind", {
      writeBehind: { maxDelay: "1s" },
    });
    await operations.set("k", text("v", 50), undefined, context());
    clock.advance(50);
    expect(await operations.get("k", context())).toMatchObject({ version: 0 });
    expect(source.loads).toEqual([]);
  });

  it("drops the cached copy when a newer row stands in the database", async () => {
    const { operations, context, clock, source } = createCacheFixture("write-behind", quick);
    await operations.set("k", text("mine"), undefined, context());
    const { version } = await operations.set("other", text("v"), undefined, context());
    source.plant("k", "newer", version);
    clock.advance(100);
    await turn();
    expect(textOf(await operations.get("k", context()))).toBe("newer");
  });

  it("writes again under a higher term what the database held against a lower one", async () => {
    const { operations, context, clock, source, tenure, events } = createCacheFixture(
      "write-behind",
      quick,
    );
    source.plant("k", "future", makeVersion(9, 7));
    await operations.set("k", text("mine"), undefined, context());
    clock.advance(100);
    await turn();
    expect(events).toEqual(["raise 10"]);
    expect(source.textOf("k")).toBe("future");
    tenure.renew(10);
    for (let i = 0; i < 5; i++) {
      clock.advance(1_000);
      await turn();
    }
    expect(source.textOf("k")).toBe("mine");
    expect(await operations.get("k", context())).toMatchObject({ version: makeVersion(10, 1) });
  });

  it("counts the writes that are lost with a partition", async () => {
    const { operations, context, cache } = createCacheFixture("write-behind", quick);
    await operations.set("k", text("v"), undefined, context());
    expect(cache.drop(PARTITION)).toBe(1);
    expect(cache.counters.lostWrites).toBe(1);
    expect(cache.queue?.entries).toBe(0);
  });

  it("keeps no row that a statement of before it lost and got back the partition has replaced", async () => {
    const { operations, context, source, clock, cache } = createCacheFixture("write-behind", quick);
    source.plant("k", "row");
    await operations.set("k", text("late"), undefined, context());
    const statement = gate();
    source.beforeFlush = () => statement.wait();
    clock.advance(100);
    await turn();
    cache.drop(PARTITION);
    expect(textOf(await operations.get("k", context()))).toBe("row");
    statement.open();
    await turn();
    expect(source.textOf("k")).toBe("late");
    expect(textOf(await operations.get("k", context()))).toBe("late");
  });

  it("keeps dirty entries through a clear and forgets them once they are written", async () => {
    const { operations, context, source, clock, cache } = createCacheFixture("write-behind", quick);
    await operations.set("k", text("v"), undefined, context());
    operations.clear();
    expect(textOf(await operations.get("k", context()))).toBe("v");
    clock.advance(100);
    await turn();
    expect(source.textOf("k")).toBe("v");
    expect(cache.store.counts.entries).toBe(0);
  });

  it("keeps its dirty entries when its bounds are changed", async () => {
    const { operations, context, clock, cache, source, config } = createCacheFixture(
      "write-behind",
      quick,
    );
    await operations.set("k", text("v"), undefined, context());
    cache.reconfigure(config({ maxEntries: 10 }));
    expect(textOf(await operations.get("k", context()))).toBe("v");
    clock.advance(100);
    await turn();
    expect(source.textOf("k")).toBe("v");
    expect(cache.store.counts.pinnedEntries).toBe(0);
  });

  it("keeps its pattern and its source, whatever a definition says", () => {
    const { cache, config } = createCacheFixture("write-behind", quick);
    const before = cache.config;
    const table = { source: { kind: "table", table: "t", key: "id" } };
    expect(() => cache.reconfigure(config(table))).toThrow(/its source cannot change/);
    const through = { pattern: "write-through", writeBehind: undefined };
    expect(() => cache.reconfigure(config(through))).toThrow(/its pattern cannot change/);
    expect(cache.config).toBe(before);
  });

  it("takes smaller bounds only once what is dirty fits into them", async () => {
    const { operations, context, clock, cache, source, config } = createCacheFixture(
      "write-behind",
      quick,
    );
    const { wait, open } = gate();
    source.beforeFlush = wait;
    for (const key of ["a", "b", "c"]) await operations.set(key, text("v"), undefined, context());
    cache.reconfigure(config({ maxEntries: 1 }));
    await turn();
    for (const key of ["a", "b", "c"]) {
      expect(textOf(await operations.get(key, context()))).toBe("v");
    }
    open();
    clock.advance(100);
    await turn();
    expect(cache.queue?.entries).toBe(0);
    expect(source.rows.size).toBe(3);
    await operations.get("a", context());
    await operations.get("b", context());
    expect(cache.store.counts.entries).toBe(1);
  });

  it("does not let an older write overtake a newer one under a higher term", async () => {
    const { operations, context, clock, source, tenure, events } = createCacheFixture(
      "write-behind",
      quick,
    );
    source.plant("k", "future", makeVersion(9, 7));
    const { wait, open } = gate();
    source.beforeFlush = wait;
    await operations.set("k", text("one"), undefined, context());
    clock.advance(100);
    await turn();
    await operations.set("k", text("two"), undefined, context());
    source.beforeFlush = () => {};
    open();
    await turn();
    expect(events).toEqual(["raise 10"]);
    tenure.renew(10);
    for (let i = 0; i < 10; i++) {
      clock.advance(1_000);
      await turn();
    }
    expect(source.textOf("k")).toBe("two");
    expect(textOf(await operations.get("k", context()))).toBe("two");
  });

  it("does not send an older write again when a newer one was made under the higher term", async () => {
    const { operations, context, clock, source, tenure } = createCacheFixture(
      "write-behind",
      quick,
    );
    source.plant("k", "future", makeVersion(9, 7));
    await operations.set("k", text("one"), undefined, context());
    clock.advance(100);
    await turn();
    tenure.renew(10);
    expect(await operations.set("k", text("two"), undefined, context())).toMatchObject({
      version: makeVersion(10, 1),
    });
    for (let i = 0; i < 10; i++) {
      clock.advance(1_000);
      await turn();
    }
    expect(source.textOf("k")).toBe("two");
    expect(textOf(await operations.get("k", context()))).toBe("two");
  });

  it("does not let a write that is sent again overtake a newer one under a higher term", async () => {
    const { operations, context, clock, source, tenure } = createCacheFixture(
      "write-behind",
      quick,
    );
    source.beforeFlush = () => {
      throw new DatabaseError("unavailable", "away");
    };
    await operations.set("k", text("one"), undefined, context());
    clock.advance(100);
    await turn();
    source.plant("other", "future", makeVersion(9, 7));
    await operations.get("other", context());
    tenure.renew(10);
    await operations.set("k", text("two"), undefined, context());
    source.beforeFlush = () => {};
    for (let i = 0; i < 10; i++) {
      clock.advance(1_000);
      await turn();
    }
    expect(source.textOf("k")).toBe("two");
    expect(textOf(await operations.get("k", context()))).toBe("two");
  });

  it("asks for a higher term when somebody else has used its own", async () => {
    const { operations, context, clock, source, tenure, events } = createCacheFixture(
      "write-behind",
      quick,
    );
    source.plant("k", "former", makeVersion(tenure.term, 500));
    await operations.set("k", text("mine"), undefined, context());
    clock.advance(100);
    await turn();
    expect(events).toEqual([`raise ${tenure.term + 1}`]);
    tenure.renew(tenure.term + 1);
    for (let i = 0; i < 10; i++) {
      clock.advance(1_000);
      await turn();
    }
    expect(source.textOf("k")).toBe("mine");
  });

  it("acknowledges nothing more in a partition whose term has turned out too low", async () => {
    const { operations, context, clock, source, tenure } = createCacheFixture(
      "write-behind",
      quick,
    );
    await operations.set("first", text("v"), undefined, context());
    source.plant("k", "future", makeVersion(9, 7));
    expect(textOf(await operations.get("k", context()))).toBe("future");
    expect(() => operations.set("other", text("v"), undefined, context())).toThrow(
      /waits for term 10/,
    );
    tenure.renew(10);
    clock.advance(1);
    expect(await operations.set("other", text("v"), undefined, context())).toMatchObject({
      version: makeVersion(10, 1),
    });
  });

  it("keeps to its bound when many writes wait for room at once", async () => {
    const { operations, context, clock, source, cache } = createCacheFixture("write-behind", {
      writeBehind: { maxDelay: "10ms", lanes: 1, queueMaxEntries: 5, batchMaxRows: 2 },
    });
    await operations.set("first", text("v"), undefined, context());
    let most = 0;
    source.beforeFlush = () => {
      most = Math.max(most, cache.queue?.entries ?? 0);
    };
    const writes = Array.from({ length: 60 }, async (_, index) =>
      operations.set(`k${index}`, text("v"), undefined, context(60_000)),
    );
    for (let i = 0; i < 200; i++) {
      clock.advance(10);
      await turn(2);
    }
    await Promise.all(writes);
    expect(most).toBeLessThanOrEqual(5);
    expect(source.rows.size).toBe(61);
  });
});
