import { makeVersion } from "@holdfast/core";
import { settle } from "@holdfast/core/testing";
import { DatabaseError } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import { PartitionMovingError } from "../ownership/ownership.js";
import { createCacheFixture, PARTITION, text, textOf } from "../testing/cache-fixture.js";

/** Lets batches leave, statements run and their results arrive. */
async function turn(times = 4): Promise<void> {
  for (let i = 0; i < times; i++) await settle();
}

/** A gate that a test opens: statements wait at it. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { wait: () => opened, open: () => open() };
}

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

describe("a write-through cache", () => {
  it("acknowledges a write when the database has it", async () => {
    const { operations, context, source } = createCacheFixture("write-through");
    const { wait, open } = gate();
    source.beforeFlush = wait;
    let isAcknowledged = false;
    const write = Promise.resolve(operations.set("k", text("v"), undefined, context())).then(() => {
      isAcknowledged = true;
    });
    await turn();
    expect(isAcknowledged).toBe(false);
    open();
    await write;
    expect(source.textOf("k")).toBe("v");
    expect(await operations.get("k", context())).toMatchObject({ source: "MEMORY" });
  });

  it("puts concurrent writes into one statement and keeps the order of one key", async () => {
    const { operations, context, source } = createCacheFixture("write-through");
    await Promise.all([
      operations.set("a", text("1"), undefined, context()),
      operations.set("b", text("1"), undefined, context()),
      operations.set("a", text("2"), undefined, context()),
    ]);
    expect(source.flushes.map((rows) => rows.map(({ key }) => key))).toEqual([["a", "b"], ["a"]]);
    expect(source.textOf("a")).toBe("2");
  });

  it("keeps a write pending whose outcome is unknown, and its key unreadable until it is known", async () => {
    const { operations, context, source, clock } = createCacheFixture("write-through");
    await operations.set("k", text("old"), undefined, context());
    const { wait, open } = gate();
    source.afterFlush = () => {
      source.beforeFlush = wait;
      source.afterFlush = () => {};
      throw new DatabaseError("ambiguous", "connection lost");
    };
    const write = Promise.resolve(operations.set("k", text("new"), undefined, context(500)));
    const failure = write.catch((error: unknown) => error);
    await turn();
    clock.advance(200);
    await turn();
    const blocked = Promise.resolve(operations.get("k", context(100))).catch((e: unknown) => e);
    clock.advance(100);
    expect(await blocked).toMatchObject({ code: "UNAVAILABLE" });
    clock.advance(200);
    expect(await failure).toMatchObject({ code: "OUTCOME_UNKNOWN" });
    const late = operations.get("k", context());
    open();
    expect(textOf(await late)).toBe("new");
    // The very same statement was repeated.
    const [first, second] = source.flushes.slice(-2);
    expect(second).toEqual(first);
  });

  it("tells the caller that nothing was written when the database refuses the row", async () => {
    const { operations, context, source } = createCacheFixture("write-through");
    source.refused.set("k", "23514");
    const [refused, neighbour] = await Promise.allSettled([
      operations.set("k", text("v"), undefined, context()),
      operations.set("other", text("v"), undefined, context()),
    ]);
    expect(refused).toMatchObject({ reason: { code: "INVALID_ARGUMENT" } });
    expect(neighbour.status).toBe("fulfilled");
    expect(textOf(await operations.get("k", context()))).toBeUndefined();
  });

  it("answers OUTCOME_UNKNOWN when it lost the right to serve while it wrote", async () => {
    const fixture = createCacheFixture("write-through");
    const { wait, open } = gate();
    fixture.source.beforeFlush = wait;
    const write = Promise.resolve(
      fixture.operations.set("k", text("v"), undefined, fixture.context()),
    );
    await turn();
    fixture.right = false;
    open();
    await expect(write).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
  });

  it("reports being deposed when the database has fenced this incarnation", async () => {
    const { operations, context, source, events } = createCacheFixture("write-through");
    source.fenced.add("incarnation-1");
    await expect(
      Promise.resolve(operations.set("k", text("v"), undefined, context())),
    ).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(events).toEqual(["deposed incarnation-1"]);
    expect(source.rows.size).toBe(0);
  });

  it("does not let a load that began before a write put the old row back", async () => {
    const { operations, context, source } = createCacheFixture("write-through");
    source.plant("k", "old");
    const { wait, open } = gate();
    source.beforeLoad = wait;
    const early = operations.get("k", context());
    await turn();
    await operations.set("k", text("new"), undefined, context());
    operations.clear();
    open();
    await early;
    source.beforeLoad = () => {};
    expect(textOf(await operations.get("k", context()))).toBe("new");
  });

  it("reads the row before a conditional write on a key that is not in memory", async () => {
    const { operations, context, source } = createCacheFixture("write-through");
    source.plant("k", "row", 1);
    await expect(operations.set("k", text("v"), 0, context())).rejects.toMatchObject({
      code: "VERSION_CONFLICT",
    });
    await operations.set("k", text("v"), 1, context());
    expect(source.textOf("k")).toBe("v");
  });

  it("asks for a higher term when the database holds a version of one", async () => {
    const { operations, context, source, events } = createCacheFixture("write-through");
    source.plant("k", "future", makeVersion(9, 1));
    await expect(
      Promise.resolve(operations.set("k", text("v"), undefined, context())),
    ).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(events).toEqual(["raise 10"]);
    expect(source.textOf("k")).toBe("future");
  });
});

describe("a write-through batch that is refused", () => {
  it("answers each row for itself when a later part fails after an earlier one was written", async () => {
    const { operations, context, source } = createCacheFixture("write-through");
    await operations.set("a", text("old"), undefined, context());
    source.refused.set("poison", "23514");
    let statements = 0;
    source.beforeFlush = () => {
      statements += 1;
      // The batch is refused, its first half written; then the database goes away.
      if (statements > 2) throw new DatabaseError("unavailable", "connection refused");
    };
    const [a, b, poison] = await Promise.allSettled(
      ["a", "b", "poison", "d"].map(async (key) =>
        operations.set(key, text("new"), undefined, context()),
      ),
    );
    expect([a?.status, b?.status, poison?.status]).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect(textOf(await operations.get("a", context()))).toBe("new");
    expect(source.textOf("a")).toBe("new");
  });
});

describe("a write-through whose outcome is not known", () => {
  /** A write of "new" over "old" whose first statement is carried out and not answered. */
  async function lostAnswer() {
    const fixture = createCacheFixture("write-through");
    const { operations, context, source } = fixture;
    await operations.set("k", text("old"), undefined, context());
    source.afterFlush = () => {
      source.afterFlush = () => {};
      throw new DatabaseError("ambiguous", "connection lost");
    };
    return fixture;
  }

  it("is looked for through failures of any kind", async () => {
    const { operations, context, source, clock } = await lostAnswer();
    let failures = 3;
    const write = Promise.resolve(operations.set("k", text("new"), undefined, context(60_000)));
    source.beforeFlush = () => {
      if (source.flushes.length > 2 && failures-- > 0) throw new Error("something unheard of");
    };
    for (let i = 0; i < 20; i++) {
      await turn();
      clock.advance(1_000);
    }
    await write;
    expect(failures).toBeLessThan(0);
    expect(textOf(await operations.get("k", context()))).toBe("new");
  });

  it("leaves no older copy behind when it is given up with the partition", async () => {
    const { operations, context, source, clock, tenure, cache } = await lostAnswer();
    source.beforeFlush = () => {
      if (source.flushes.length > 2) throw new DatabaseError("unavailable", "away");
    };
    const write = Promise.resolve(operations.set("k", text("new"), undefined, context(60_000)));
    const failure = write.catch((error: unknown) => error);
    await turn();
    tenure.moveTo({ at: "ended" });
    for (let i = 0; i < 5; i++) {
      clock.advance(1_000);
      await turn();
    }
    expect(await failure).toMatchObject({ code: "OUTCOME_UNKNOWN" });
    expect(cache.operations).toBe(operations);
  });

  it("holds nothing of the writes that gave up waiting for it", async () => {
    const { operations, context, source, clock, tenure } = await lostAnswer();
    source.beforeFlush = () => {
      if (source.flushes.length > 2) throw new DatabaseError("unavailable", "away");
    };
    const first = Promise.resolve(operations.set("k", text("new"), undefined, context(100)));
    const outcome = first.catch((error: unknown) => error);
    await turn();
    const later = Array.from({ length: 50 }, () =>
      Promise.resolve(operations.set("k", text("later"), undefined, context(100))).catch(
        (error: unknown) => error,
      ),
    );
    clock.advance(100);
    for (const each of later) {
      expect(await each).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    }
    expect(await outcome).toMatchObject({ code: "OUTCOME_UNKNOWN" });
    expect(tenure.writesInFlight).toBe(1);
  });

  it("leaves no older copy behind when the right to serve lapses for a moment", async () => {
    const fixture = createCacheFixture("write-through");
    const { operations, context, source } = fixture;
    await operations.set("k", text("old"), undefined, context());
    source.afterFlush = () => {
      fixture.right = false;
    };
    const write = Promise.resolve(operations.set("k", text("new"), undefined, context()));
    await expect(write).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
    fixture.right = true;
    expect(textOf(await operations.get("k", context()))).toBe("new");
  });
});

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
    source.plant("k", "newer", makeVersion(5, 100));
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

  it("parks a row that the database refuses and shows the database's row from then on", async () => {
    const { operations, context, clock, source } = createCacheFixture("write-behind", quick);
    source.plant("k", "row");
    source.refused.set("k", "23514");
    await operations.set("k", text("poison"), undefined, context());
    clock.advance(100);
    await turn();
    expect(source.deadLetters.map(({ key }) => key)).toEqual(["k"]);
    expect(textOf(await operations.get("k", context()))).toBe("row");
  });

  it("counts the writes that are lost with a partition", async () => {
    const { operations, context, cache } = createCacheFixture("write-behind", quick);
    await operations.set("k", text("v"), undefined, context());
    expect(cache.drop(PARTITION)).toBe(1);
    expect(cache.counters.lostWrites).toBe(1);
    expect(cache.queue?.entries).toBe(0);
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
