/** Write-behind with a journal: what acknowledgements wait for, and writes that come back from one. */
import { makeVersion } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import type { JournalRecord } from "../../journal/record.js";
import {
  CACHE_ID,
  createCacheFixture,
  PARTITION,
  text,
  textOf,
} from "../../testing/cache-fixture.js";
import { MemoryJournal } from "../../testing/memory-journal.js";
import { gate, turn } from "../../testing/turns.js";

const DAY_MS = 86_400_000;

/** The cache has made one write already: its source is prepared, and the next has sequence 2. */
async function createFixture(writeBehind: object = {}) {
  const journal = new MemoryJournal();
  const settings = { writeBehind: { maxDelay: "100ms", ...writeBehind } };
  const fixture = createCacheFixture("write-behind", settings, journal);
  const { operations, context, clock } = fixture;
  const replay = (change: Partial<JournalRecord> = {}) => {
    const record = {
      key: "k",
      partition: PARTITION,
      version: makeVersion(4, 9),
      value: Buffer.from("replayed"),
      encoding: 2,
      expiresAtMs: undefined,
      writtenAtMs: clock.now(),
    };
    return operations.replay({ ...record, ...change }, context());
  };
  const flushed = async () => {
    clock.advance(100);
    await turn();
  };
  await operations.set("first", text("v"), undefined, context());
  await fixture.cache.queue?.flushAll(clock.monotonic() + 1);
  return Object.assign(fixture, { journal, replay, flushed });
}

describe("a write-behind cache with a journal", () => {
  it("acknowledges a write when the journal has it, and forgets it when the database has it", async () => {
    const { operations, context, journal, source, flushed } = await createFixture();
    const { wait, open } = gate();
    journal.beforeWrite = wait;
    let isAcknowledged = false;
    const write = Promise.resolve(operations.set("k", text("v"), undefined, context())).then(() => {
      isAcknowledged = true;
    });
    await turn();
    expect(isAcknowledged).toBe(false);
    expect(textOf(await operations.get("k", context()))).toBe("v");
    open();
    await write;
    expect(journal.records.get("k")).toMatchObject({
      cacheId: CACHE_ID,
      partition: PARTITION,
      version: makeVersion(5, 2),
    });
    await flushed();
    expect(source.textOf("k")).toBe("v");
    expect(journal.records.size).toBe(0);
  });

  it("holds up no later write of the key, and keeps the record of the newest", async () => {
    const { operations, context, journal, flushed, source } = await createFixture();
    const { wait, open } = gate();
    journal.beforeWrite = wait;
    const writes = ["one", "two", "three"].map((value) =>
      operations.set("k", text(value), undefined, context()),
    );
    expect(textOf(await operations.get("k", context()))).toBe("three");
    open();
    const versions = (await Promise.all(writes)).map(({ version }) => version);
    expect(versions).toEqual([2, 3, 4].map((sequence) => makeVersion(5, sequence)));
    expect(journal.records.get("k")?.version).toBe(makeVersion(5, 4));
    await flushed();
    expect(source.textOf("k")).toBe("three");
  });

  it("acknowledges from memory where that is enough, and waits for who asks for more", async () => {
    const { operations, context, journal } = await createFixture({ ack: "memory" });
    const { wait, open } = gate();
    journal.beforeWrite = wait;
    expect(operations.set("k", text("v"), undefined, context())).toMatchObject({
      version: makeVersion(5, 2),
    });
    const more = operations.set("k", text("v"), undefined, { ...context(), ack: "journal" });
    expect(more).toBeInstanceOf(Promise);
    open();
    await more;
    expect(journal.records.get("k")?.version).toBe(makeVersion(5, 3));
  });

  it("does not know what became of a write that the journal could not record", async () => {
    const { operations, context, journal, flushed, source } = await createFixture();
    journal.beforeWrite = () => {
      throw new Error("No space left on device");
    };
    await expect(operations.set("k", text("v"), undefined, context())).rejects.toMatchObject({
      code: "OUTCOME_UNKNOWN",
      message: "the write was made, but the journal could not record it: No space left on device",
    });
    await flushed();
    expect(source.textOf("k")).toBe("v");
  });

  it("writes nothing while the journal cannot be written", async () => {
    const { operations, context, journal, cache } = await createFixture();
    journal.problem = "No space left on device";
    expect(() => operations.set("k", text("v"), undefined, context())).toThrow(
      "the journal cannot be written (No space left on device); nothing was written",
    );
    expect(cache.queue?.entries).toBe(0);
  });

  it("does not acknowledge when its right to serve lapsed while the journal wrote", async () => {
    const fixture = await createFixture();
    const { operations, context, journal, tenure } = fixture;
    const { wait, open } = gate();
    journal.beforeWrite = wait;
    const write = operations.set("k", text("v"), undefined, context());
    await turn();
    expect(tenure.writesInFlight).toBe(1);
    fixture.right = false;
    open();
    await expect(write).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
    expect(tenure.writesInFlight).toBe(0);
  });

  it("answers at the deadline when the journal does not", async () => {
    const { operations, context, journal, clock } = await createFixture();
    journal.beforeWrite = () => new Promise(() => {});
    const write = Promise.resolve(operations.set("k", text("v"), undefined, context(50)));
    clock.advance(50);
    await expect(write).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
  });

  it("records a write again that gets a higher term", async () => {
    const { operations, context, journal, source, tenure, flushed } = await createFixture();
    source.plant("k", "future", makeVersion(9, 7));
    await operations.set("k", text("mine"), undefined, context());
    await flushed();
    tenure.renew(10);
    const { wait, open } = gate();
    source.beforeFlush = wait;
    await flushed();
    expect(journal.records.get("k")?.version).toBe(makeVersion(10, 1));
    open();
    await flushed();
    expect(source.textOf("k")).toBe("mine");
    expect(journal.records.size).toBe(0);
  });

  it("counts nothing as lost that the journal has", async () => {
    const { operations, context, cache, journal } = await createFixture();
    await operations.set("k", text("v"), undefined, context());
    expect(cache.drop(PARTITION)).toBe(0);
    expect(journal.records.size).toBe(1);
  });

  it("refuses to acknowledge from a journal that the node does not have", async () => {
    const ack = { writeBehind: { ack: "journal" } };
    const { operations, context } = createCacheFixture("write-behind", ack);
    await expect(operations.set("k", text("v"), undefined, context())).rejects.toThrow(
      /this node has none: set its journal\.dir, or the cache's writeBehind\.ack to memory/,
    );
  });
});

describe("a replayed write", () => {
  it("is written under the version that it has, at once, and is readable until then", async () => {
    const { operations, context, replay, source, journal } = await createFixture({
      maxDelay: "10m",
    });
    const { wait, open } = gate();
    source.beforeFlush = wait;
    expect(await replay()).toBe("pending");
    expect(textOf(await operations.get("k", context()))).toBe("replayed");
    expect(journal.records.get("k")?.version).toBe(makeVersion(4, 9));
    expect(await replay()).toBe("pending");
    open();
    await turn();
    expect(source.rows.get("k")?.version).toBe(makeVersion(4, 9));
    expect(await replay()).toBe("persisted");
  });

  it.each([
    ["the same", makeVersion(4, 9)],
    ["a later version", makeVersion(5, 0)],
  ])("is dropped when the database has %s", async (_, version) => {
    const { replay, source, flushed } = await createFixture();
    source.plant("k", "row", version);
    expect(await replay()).toBe("persisted");
    await flushed();
    expect(source.textOf("k")).toBe("row");
  });

  it("replaces an older row, a cached copy of it, and the knowledge that there is none", async () => {
    const { operations, context, replay, source } = await createFixture();
    source.plant("k", "old", makeVersion(3, 1));
    expect(textOf(await operations.get("k", context()))).toBe("old");
    expect((await operations.get("absent", context())).value).toBeUndefined();
    expect(await replay()).toBe("pending");
    expect(await replay({ key: "absent" })).toBe("pending");
    expect(textOf(await operations.get("k", context()))).toBe("replayed");
    expect(textOf(await operations.get("absent", context()))).toBe("replayed");
  });

  it("lets nothing be stored that was loaded before, also when it fails", async () => {
    const { operations, context, replay, source } = await createFixture();
    const asked = await operations.filling.load("k", undefined, context());
    const token = asked.at === "granted" ? asked.token : 0;
    expect(operations.filling.renew("k", token)).toBe(true);
    source.beforeLoad = () => {
      throw new Error("the database is away");
    };
    await expect(Promise.resolve(replay())).rejects.toThrowError("the database is away");
    expect(operations.filling.renew("k", token)).toBe(false);
  });

  it("stands behind a newer write, of which the database knows nothing yet", async () => {
    const { operations, context, replay, source, flushed } = await createFixture();
    await operations.set("k", text("newer"), undefined, context());
    expect(await replay()).toBe("pending");
    expect(textOf(await operations.get("k", context()))).toBe("newer");
    await flushed();
    expect(source.textOf("k")).toBe("newer");
    expect(await replay()).toBe("persisted");
  });

  it("stands behind a write that is made while its row is read", async () => {
    const { operations, context, replay, source, flushed } = await createFixture();
    const { wait, open } = gate();
    source.beforeLoad = wait;
    const replaying = replay();
    await turn();
    const write = operations.set("k", text("newer"), undefined, context());
    open();
    expect(await replaying).toBe("pending");
    await write;
    expect(textOf(await operations.get("k", context()))).toBe("newer");
    await flushed();
    await flushed();
    expect(source.textOf("k")).toBe("newer");
  });

  it("deletes, and is not undone by a load that began before", async () => {
    const { operations, context, replay, source, flushed } = await createFixture();
    source.plant("k", "row", makeVersion(3, 1));
    expect(await replay({ value: undefined })).toBe("pending");
    expect((await operations.get("k", context())).value).toBeUndefined();
    await flushed();
    expect(source.rows.get("k")?.value).toBeUndefined();
  });

  it("of a term that this owner does not have waits for a higher one", async () => {
    const { replay, tenure, events } = await createFixture();
    expect(await replay({ version: makeVersion(8, 1) })).toBe("later");
    expect(events).toEqual(["raise 9"]);
    tenure.renew(9);
    expect(await replay({ version: makeVersion(8, 1) })).toBe("pending");
  });

  it("is put aside for people when tombstones of its time are gone, and it has no row", async () => {
    const { replay, source, clock, flushed } = await createFixture();
    clock.advance(30 * DAY_MS);
    source.goneUntilMs = clock.now() - 7 * DAY_MS;
    // Clocks differ: the tombstone's time is the database's.
    const writtenAtMs = source.goneUntilMs + 60_000;
    expect(await replay({ writtenAtMs })).toBe("persisted");
    expect(source.deadLetters.map(({ key }) => key)).toEqual(["k"]);
    await flushed();
    expect(source.rows.has("k")).toBe(false);
    source.plant("kept", "old", 1);
    expect(await replay({ key: "kept", writtenAtMs })).toBe("pending");
  });

  it("is taken up, however old and without a row, while no tombstone of its time is gone", async () => {
    const { replay, source, clock } = await createFixture();
    clock.advance(30 * DAY_MS);
    const writtenAtMs = clock.now() - 29 * DAY_MS;
    expect(await replay({ writtenAtMs })).toBe("pending");
    source.goneUntilMs = writtenAtMs - 60_001;
    expect(await replay({ key: "other", writtenAtMs })).toBe("pending");
    expect(source.deadLetters).toEqual([]);
  });

  it("asks how far tombstones are gone only after it has found no row", async () => {
    const { replay, source } = await createFixture();
    // The row's tombstone goes between the two looks, which records it.
    source.beforeLoad = () => {
      source.goneUntilMs = Number.MAX_SAFE_INTEGER;
    };
    expect(await replay()).toBe("persisted");
    expect(source.deadLetters.map(({ key }) => key)).toEqual(["k"]);
  });

  it("waits when it cannot be told how far tombstones are gone", async () => {
    const { replay, source } = await createFixture();
    source.tombstonesGoneUntil = async () => {
      throw new DatabaseError("unavailable", "the database is down");
    };
    await expect(replay()).rejects.toThrow(/down/);
    expect(source.deadLetters).toEqual([]);
    expect(source.rows.has("k")).toBe(false);
  });

  it("is done with when the database refuses it, and is put aside once", async () => {
    const { replay, source, cache } = await createFixture();
    source.plant("k", "row", 1);
    source.refused.set("k", "23514");
    expect(await replay()).toBe("pending");
    await turn();
    expect(await replay()).toBe("persisted");
    expect(source.deadLetters).toHaveLength(1);
    expect(cache.queue?.entries).toBe(0);
  });

  it("keeps its version where others are given new ones, so that a newer one still replaces it", async () => {
    const { operations, context, replay, source, tenure } = await createFixture();
    source.plant("alien", "future", makeVersion(9, 1));
    await operations.get("alien", context());
    tenure.renew(10);
    expect(await replay({ version: makeVersion(3, 1), value: Buffer.from("older") })).toBe(
      "pending",
    );
    await turn();
    expect(source.rows.get("k")?.version).toBe(makeVersion(3, 1));
    expect(await replay({ value: Buffer.from("newer") })).toBe("pending");
    await turn();
    expect(source.textOf("k")).toBe("newer");
  });

  it("lives no longer in memory than the cache's entries do", async () => {
    const { operations, context, replay, source, clock, config, cache } = await createFixture();
    cache.reconfigure(config({ ttl: "60s", writeBehind: { maxDelay: "100ms", ack: "journal" } }));
    expect(await replay()).toBe("pending");
    await turn();
    source.plant("k", "changed elsewhere", makeVersion(4, 9));
    clock.advance(60_000);
    expect(textOf(await operations.get("k", context()))).toBe("changed elsewhere");
  });

  it("does not hold up writes of its key for long when the database hangs", async () => {
    const { operations, context, replay, source, clock } = await createFixture();
    source.beforeLoad = () => new Promise(() => {});
    const replaying = replay().catch(() => "later");
    await turn();
    const write = Promise.resolve(operations.set("k", text("new"), undefined, context()));
    clock.advance(500);
    expect(await replaying).toBe("later");
    expect((await write).version).toBe(makeVersion(5, 2));
  });

  it("waits while the queue is full, while the row cannot be read, and when the right is gone", async () => {
    const fixture = await createFixture({ queueMaxEntries: 1, maxDelay: "10m" });
    const { operations, context, replay, source } = fixture;
    const { wait } = gate();
    source.beforeFlush = wait;
    await operations.set("other", text("v"), undefined, context());
    expect(await replay()).toBe("later");
    source.beforeLoad = () => {
      throw new Error("away");
    };
    await expect(replay({ key: "unread" })).rejects.toThrow();
    source.beforeLoad = () => {
      fixture.right = false;
    };
    expect(await replay({ key: "late" })).toBe("later");
  });

  it("waits in a cache that is no write-behind cache any more", async () => {
    const { operations, context } = createCacheFixture("write-through");
    const record = {
      key: "k",
      partition: PARTITION,
      version: 1,
      value: undefined,
      encoding: 0,
      expiresAtMs: undefined,
      writtenAtMs: 0,
    };
    expect(await operations.replay(record, context())).toBe("later");
  });
});
