/** Write-behind: what memory shows of writes that were acknowledged and that the database then refuses. */
import { DatabaseError } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import {
  type CacheFixture,
  type CacheOverrides,
  createCacheFixture,
  PARTITION,
  text,
  textOf,
} from "../../testing/cache-fixture.js";
import { MemoryJournal } from "../../testing/memory-journal.js";
import { gate, turn } from "../../testing/turns.js";

const QUICK = { maxDelay: "100ms", lanes: 1, queueMaxEntries: 100 };

function createCache({ writeBehind, ...rest }: CacheOverrides = {}): CacheFixture {
  return createCacheFixture("write-behind", { ...rest, writeBehind: { ...QUICK, ...writeBehind } });
}

async function flush({ clock }: CacheFixture): Promise<void> {
  clock.advance(100);
  await turn();
}

/** A write that was acknowledged, and then refused; its version. */
async function refuse(fixture: CacheFixture, key = "k", value = "poison"): Promise<number> {
  const { operations, context, source } = fixture;
  source.refused.set(key, "23514");
  const { version } = await operations.set(key, text(value), undefined, context());
  await flush(fixture);
  expect(source.deadLetters.at(-1)).toMatchObject({ key, version });
  return version;
}

async function read({ operations, context }: CacheFixture, key = "k") {
  const result = await operations.get(key, context());
  const { version, unpersisted } = result;
  return { text: textOf(result), version, unpersisted };
}

const ROW = { text: "row", version: 1, unpersisted: false };

describe("a write that was acknowledged and that the database refuses", () => {
  it("stays readable as it was acknowledged, flagged, and is dirty no more", async () => {
    const fixture = createCache();
    const { source, cache, clock } = fixture;
    source.plant("k", "row");
    const version = await refuse(fixture);
    expect(await read(fixture)).toEqual({ text: "poison", version, unpersisted: true });
    expect(source.textOf("k")).toBe("row");
    expect(source.loads).toEqual([]);
    expect(cache.queue?.entries).toBe(0);
    expect([...cache.dirty(PARTITION)]).toEqual([]);
    expect([...cache.hottest(PARTITION)]).toEqual([]);
    expect(cache.store.counts).toMatchObject({ pinnedEntries: 1, unpersistedEntries: 1 });
    expect(cache.drop(PARTITION)).toBe(0);
    // Nobody sends it again.
    const { length } = source.flushes;
    clock.advance(60_000);
    await turn();
    expect(source.flushes).toHaveLength(length);
  });

  it("is a deletion, too: the key is absent, flagged", async () => {
    const fixture = createCache();
    const { operations, context, source } = fixture;
    source.plant("k", "row");
    source.refused.set("k", "23503");
    await operations.delete("k", undefined, context());
    for (let attempt = 0; attempt < 20; attempt++) {
      fixture.clock.advance(10_000);
      await turn();
    }
    expect(source.deadLetters).toHaveLength(1);
    expect(await read(fixture)).toEqual({ text: undefined, version: 0, unpersisted: true });
    expect(source.textOf("k")).toBe("row");
  });

  it("gives way to a later write, which may build on it and gets a higher version", async () => {
    const fixture = createCache();
    const { operations, context, source, cache } = fixture;
    const version = await refuse(fixture);
    source.refused.clear();
    const later = await operations.set("k", text("cured"), version, context());
    expect(later.version).toBeGreaterThan(version);
    expect(await read(fixture)).toMatchObject({ text: "cured", unpersisted: false });
    await flush(fixture);
    expect(source.textOf("k")).toBe("cured");
    expect(cache.store.counts).toMatchObject({ pinnedEntries: 0, unpersistedEntries: 0 });
  });

  it("gives way to a later write that is refused as well", async () => {
    const fixture = createCache();
    await refuse(fixture);
    const version = await refuse(fixture, "k", "worse");
    expect(await read(fixture)).toEqual({ text: "worse", version, unpersisted: true });
    expect(fixture.cache.store.counts.unpersistedEntries).toBe(1);
  });

  it("is shown until its letter is written", async () => {
    const fixture = createCache();
    const { operations, context, source, letters } = fixture;
    const version = await refuse(fixture);
    letters.plant("k", version, { value: Buffer.from("poison") });
    expect(await operations.retryLetter("k", version, context())).toMatchObject({ at: "refused" });
    expect(await read(fixture)).toEqual({ text: "poison", version, unpersisted: true });
    source.refused.clear();
    expect(await operations.retryLetter("k", version, context())).toEqual({ at: "written" });
    expect(await read(fixture)).toEqual({ text: "poison", version, unpersisted: false });
    expect(fixture.cache.store.counts.pinnedEntries).toBe(0);
  });

  it("stays when an earlier letter of its key is written", async () => {
    const fixture = createCache();
    const { operations, context, source, letters } = fixture;
    const earlier = await refuse(fixture);
    const version = await refuse(fixture, "k", "worse");
    letters.plant("k", earlier);
    source.refused.clear();
    expect(await operations.retryLetter("k", earlier, context())).toEqual({ at: "written" });
    expect(await read(fixture)).toEqual({ text: "worse", version, unpersisted: true });
  });

  it("leaves when its letter is about to be dropped, and no other", async () => {
    const fixture = createCache();
    const { operations, source } = fixture;
    source.plant("k", "row");
    const version = await refuse(fixture);
    operations.forgetLetter("k", PARTITION, version - 1);
    operations.forgetLetter("other", PARTITION, version);
    expect(await read(fixture)).toMatchObject({ unpersisted: true });
    operations.forgetLetter("k", PARTITION, version);
    expect(await read(fixture)).toEqual(ROW);
  });

  it("cannot be forgotten while it is being put aside: it would be shown for ever", async () => {
    const fixture = createCache();
    const { operations, context, source, clock } = fixture;
    const { wait, open } = gate();
    source.refused.set("k", "23514");
    source.beforePark = wait;
    const { version } = await operations.set("k", text("poison"), undefined, context());
    clock.advance(100);
    await turn();
    expect(() => operations.forgetLetter("k", PARTITION, version)).toThrow(/is being put aside/);
    open();
    await turn();
    operations.forgetLetter("k", PARTITION, version);
    expect(await read(fixture)).toEqual({ text: undefined, version: 0, unpersisted: false });
  });

  it("leaves when the cache is cleared, also while it is still dirty", async () => {
    const fixture = createCache();
    const { operations, context, source } = fixture;
    source.plant("k", "row");
    await refuse(fixture);
    operations.clear();
    expect(await read(fixture)).toEqual(ROW);
    await operations.set("k", text("again"), undefined, context());
    operations.clear();
    await flush(fixture);
    expect(source.deadLetters).toHaveLength(2);
    expect(await read(fixture)).toEqual(ROW);
  });

  it("leaves with its partition", async () => {
    const fixture = createCache();
    fixture.source.plant("k", "row");
    await refuse(fixture);
    fixture.cache.drop(PARTITION, true);
    expect(await read(fixture)).toEqual(ROW);
    expect(fixture.cache.store.counts.unpersistedEntries).toBe(0);
  });

  it.each([
    ["after it has become a letter", 500, 500],
    ["before", 50, 0],
  ])("leaves when its lifetime is over, %s", async (_when, ttlMs, laterMs) => {
    const fixture = createCache();
    const { operations, context, source, clock, cache } = fixture;
    source.plant("k", "row");
    source.refused.set("k", "23514");
    await operations.set("k", text("poison", ttlMs), undefined, context());
    await flush(fixture);
    expect(source.deadLetters).toHaveLength(1);
    expect(cache.store.counts.unpersistedEntries).toBe(laterMs === 0 ? 0 : 1);
    clock.advance(laterMs);
    expect(await read(fixture)).toEqual(ROW);
  });

  it("is one of a tenth of what may be dirty: beyond that the oldest leave", async () => {
    const fixture = createCache({ writeBehind: { queueMaxEntries: 30 } });
    fixture.source.plant("0", "row");
    for (let n = 0; n < 4; n++) await refuse(fixture, String(n));
    expect(fixture.cache.store.counts.unpersistedEntries).toBe(3);
    expect(await read(fixture, "0")).toEqual(ROW);
    for (const key of ["1", "2", "3"]) {
      expect(await read(fixture, key)).toMatchObject({ text: "poison", unpersisted: true });
    }
  });

  it("takes no more than a tenth of what the cache may hold, so that writes go on", async () => {
    const fixture = createCache({ maxEntries: 20 });
    const { operations, context, cache } = fixture;
    for (let n = 0; n < 30; n++) await refuse(fixture, `poison${n}`);
    expect(cache.store.counts.unpersistedEntries).toBe(2);
    for (let n = 0; n < 18; n++) {
      await operations.set(`good${n}`, text("v"), undefined, context());
    }
    expect(cache.store.counts.pinnedEntries).toBe(20);
    const bytes = createCache({ maxBytes: "64KiB" });
    for (let n = 0; n < 5; n++) await refuse(bytes, `poison${n}`, "x".repeat(2_000));
    expect(bytes.cache.store.counts.unpersistedEntries).toBe(3);
  });

  it("stays when the cache's bounds change, as far as there is room, and holds nothing up", async () => {
    const fixture = createCache();
    const { operations, context, cache, config } = fixture;
    for (let n = 0; n < 5; n++) await refuse(fixture, `poison${n}`);
    await operations.set("dirty", text("v"), undefined, context());
    cache.reconfigure(config({ maxEntries: 30 }));
    expect(await read(fixture, "dirty")).toMatchObject({ text: "v", unpersisted: false });
    expect(cache.store.counts).toMatchObject({ pinnedEntries: 4, unpersistedEntries: 3 });
    expect(await read(fixture, "poison4")).toMatchObject({ text: "poison", unpersisted: true });
    cache.reconfigure(config({ maxEntries: 1 }));
    expect(cache.store.counts).toMatchObject({ pinnedEntries: 1, unpersistedEntries: 0 });
    await flush(fixture);
    expect(fixture.source.textOf("dirty")).toBe("v");
  });
});

describe("a write whose writer is told that the database refuses it", () => {
  it("is not shown where writes are acknowledged by the database", async () => {
    const fixture = createCache({ writeBehind: { ack: "database" } });
    const { operations, context, source } = fixture;
    source.plant("k", "row");
    source.refused.set("k", "23514");
    const written = operations.set("k", text("poison"), undefined, context());
    await expect(written).rejects.toMatchObject({ code: "DEAD_LETTER" });
    expect(await read(fixture)).toEqual(ROW);
    // What a former owner left there has never been shown either.
    const write = { key: "k", partition: PARTITION, value: Buffer.from("left"), encoding: 2 };
    operations.adopt({ ...write, version: 2, expiresAtMs: undefined, writtenAtMs: 0 });
    await turn();
    expect(source.deadLetters).toHaveLength(2);
    expect(await read(fixture)).toEqual(ROW);
  });

  it("is not shown if that writer alone asked for the database", async () => {
    const fixture = createCache();
    const { operations, context, source } = fixture;
    source.plant("k", "row");
    source.refused.set("k", "23514");
    const asked = { ...context(), ack: "database" } as const;
    const written = operations.set("k", text("poison"), undefined, asked);
    await expect(written).rejects.toMatchObject({ code: "DEAD_LETTER" });
    expect(await read(fixture)).toEqual(ROW);
  });

  it.each([
    ["while its writer is slowed down, is not shown", false],
    ["after its slowed writer got its acknowledgement, is", true],
  ])("%s", async (_what, isAcknowledged) => {
    const fixture = createCache({
      writeBehind: { maxDelay: "60s", queueMaxEntries: 20, writeThroughAbove: 0.1 },
    });
    const { operations, context, source, clock } = fixture;
    const { wait, open } = gate();
    source.beforeFlush = wait;
    source.plant("k", "row");
    source.refused.set("k", "23514");
    for (const key of ["a", "b"]) await operations.set(key, text("v"), undefined, context());
    const written = Promise.resolve(operations.set("k", text("poison"), undefined, context()));
    const outcome = written.then(
      () => "acknowledged",
      ({ code }) => code,
    );
    for (let step = 0; isAcknowledged && step < 8; step++) {
      clock.advance(100);
      await turn();
    }
    open();
    await turn();
    clock.advance(60_000);
    await turn();
    expect(await outcome).toBe(isAcknowledged ? "acknowledged" : "DEAD_LETTER");
    expect(source.deadLetters.map(({ key }) => key)).toEqual(["k"]);
    expect(await read(fixture)).toMatchObject(isAcknowledged ? { unpersisted: true } : ROW);
  });
});

describe("a replayed write that the database refuses", () => {
  const VERSION = 2 ** 32 + 7;

  function createReplay() {
    const fixture = createCacheFixture("write-behind", { writeBehind: QUICK }, new MemoryJournal());
    const replay = (version: number, value: string) => {
      const write = { key: "k", partition: PARTITION, value: Buffer.from(value), encoding: 2 };
      const { operations, context, clock } = fixture;
      const record = { ...write, version, expiresAtMs: undefined, writtenAtMs: clock.now() };
      return operations.replay(record, context());
    };
    return { ...fixture, fixture, replay };
  }

  it("was acknowledged once, and stays like any other", async () => {
    const { fixture, replay, source } = createReplay();
    source.plant("k", "row");
    source.refused.set("k", "23514");
    expect(await replay(VERSION, "replayed")).toBe("pending");
    await turn();
    expect(await read(fixture)).toEqual({
      text: "replayed",
      version: VERSION,
      unpersisted: true,
    });
    expect(await replay(VERSION, "replayed")).toBe("persisted");
    expect(source.deadLetters).toHaveLength(1);
  });

  it("does not make an older write, which the database has not seen, count as written", async () => {
    const { fixture, replay, source } = createReplay();
    source.refused.set("k", "23514");
    await replay(VERSION, "replayed");
    await turn();
    source.refused.clear();
    expect(await replay(VERSION - 1, "older")).toBe("pending");
    await turn();
    expect(source.textOf("k")).toBe("older");
    expect(await read(fixture)).toEqual({
      text: "older",
      version: VERSION - 1,
      unpersisted: false,
    });
  });

  it("is not shown when it was too old to be sent at all", async () => {
    const { fixture, replay, source, clock } = createReplay();
    source.goneUntilMs = clock.now();
    expect(await replay(VERSION, "replayed")).toBe("persisted");
    expect(source.deadLetters).toHaveLength(1);
    expect(await read(fixture)).toMatchObject({ text: undefined, unpersisted: false });
  });
});

describe("a row that cannot be put aside", () => {
  it("stays dirty, and is not flagged", async () => {
    const fixture = createCache();
    const { source, operations, context, cache } = fixture;
    source.refused.set("k", "23514");
    source.beforePark = () => {
      throw new DatabaseError("unavailable", "down");
    };
    await operations.set("k", text("poison"), undefined, context());
    await flush(fixture);
    expect(await read(fixture)).toMatchObject({ text: "poison", unpersisted: false });
    expect(cache.queue?.entries).toBe(1);
  });
});
