/** Write-behind: waiting for the database with a receipt, by a flush, and when the queue is nearly full. */
import { makeVersion } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import { PartitionMovingError } from "../../ownership/ownership.js";
import {
  type CacheFixture,
  createCacheFixture,
  PARTITION,
  text,
} from "../../testing/cache-fixture.js";
import { gate, turn } from "../../testing/turns.js";

const QUICK = { maxDelay: "100ms", lanes: 1, queueMaxEntries: 100 };

function createCache(writeBehind: object = {}): CacheFixture {
  return createCacheFixture("write-behind", { writeBehind: { ...QUICK, ...writeBehind } });
}

/** A write that is dirty. */
async function write({ operations, context }: CacheFixture, key = "k"): Promise<number> {
  return (await operations.set(key, text("v"), undefined, context())).version;
}

/** What has become of a promise so far. */
function watch<T>(promise: Promise<T>): { value: T | undefined; error: unknown } {
  const seen: { value: T | undefined; error: unknown } = { value: undefined, error: undefined };
  promise.then(
    (value) => {
      seen.value = value;
    },
    (error: unknown) => {
      seen.error = error;
    },
  );
  return seen;
}

describe("a receipt", () => {
  it("is honoured when the database has the write, and not before", async () => {
    const fixture = createCache();
    const version = await write(fixture);
    const seen = watch(fixture.operations.persisted("k", version, fixture.context()));
    await turn();
    expect(seen.value).toBeUndefined();
    fixture.clock.advance(100);
    await turn();
    expect(seen.value).toBe(true);
    expect(await fixture.operations.persisted("k", version, fixture.context())).toBe(true);
  });

  it("is honoured by a later write of its key", async () => {
    const fixture = createCache();
    const { wait, open } = gate();
    const version = await write(fixture);
    fixture.source.beforeFlush = wait;
    await write(fixture);
    const seen = watch(fixture.operations.persisted("k", version, fixture.context()));
    fixture.clock.advance(100);
    await turn();
    expect(seen.value).toBeUndefined();
    open();
    await turn();
    expect(seen.value).toBe(true);
    expect(fixture.source.flushes).toHaveLength(1);
  });

  it("is honoured although a later write of its key is refused", async () => {
    const fixture = createCache();
    const version = await write(fixture);
    fixture.clock.advance(100);
    await turn();
    fixture.source.refused.set("k", "23514");
    const later = await write(fixture);
    const first = watch(fixture.operations.persisted("k", version, fixture.context()));
    const second = watch(fixture.operations.persisted("k", later, fixture.context()));
    await turn();
    fixture.clock.advance(100);
    await turn();
    expect(first.value).toBe(true);
    expect(second.error).toMatchObject({ code: "DEAD_LETTER" });
  });

  it("is honoured by what was replayed and flushed while the row was read", async () => {
    const fixture = createCache();
    const version = 2 ** 32 + 1;
    const { wait, open } = gate();
    fixture.source.beforeLoad = wait;
    const seen = watch(fixture.operations.persisted("k", version, fixture.context()));
    await turn();
    const { key, partition } = { key: "k", partition: PARTITION };
    const replayed = { key, partition, version, value: Buffer.from("v"), encoding: 0 };
    fixture.operations.adopt({ ...replayed, expiresAtMs: undefined, writtenAtMs: 0 });
    await turn();
    expect(fixture.source.textOf("k")).toBe("v");
    open();
    await turn();
    expect(seen).toEqual({ value: true, error: undefined });
  });

  it("is not honoured because a newer write stands for its own, before that one is there", async () => {
    const fixture = createCache();
    const { source, operations, context, clock, tenure } = fixture;
    const version = await write(fixture);
    const seen = watch(operations.persisted("k", version, context(60_000)));
    source.beforeFlush = () => {
      throw new DatabaseError("unavailable", "down");
    };
    clock.advance(100);
    await turn();
    await write(fixture);
    // What the database knows of another key asks for a higher term, and for new versions.
    source.plant("other", "future", makeVersion(9, 7));
    await operations.get("other", context());
    source.beforeFlush = () => {};
    clock.advance(5_000);
    await turn();
    expect(source.flushes.at(-1)?.map((row) => row.version)).toEqual([version]);
    expect(seen.value).toBeUndefined();
    tenure.renew(10);
    for (let i = 0; i < 5; i++) {
      clock.advance(1_000);
      await turn();
    }
    expect(source.rows.get("k")?.version).toBe(makeVersion(10, 1));
    expect(seen.value).toBe(true);
  });

  it("waits no longer than its holder", async () => {
    const fixture = createCache({ maxDelay: "10s" });
    const version = await write(fixture);
    const seen = watch(fixture.operations.persisted("k", version, fixture.context(500)));
    fixture.clock.advance(500);
    await turn();
    expect(seen.value).toBe(false);
  });

  it("tells that the database refuses the write, also when asked afterwards", async () => {
    const fixture = createCache();
    fixture.source.refused.set("k", "23514");
    const version = await write(fixture);
    const seen = watch(fixture.operations.persisted("k", version, fixture.context()));
    fixture.clock.advance(100);
    await turn();
    expect(seen.error).toMatchObject({ code: "DEAD_LETTER" });
    const again = fixture.operations.persisted("k", version, fixture.context());
    await expect(again).rejects.toMatchObject({ code: "DEAD_LETTER" });
  });

  it("is honoured by the next owner, from what the database has", async () => {
    const fixture = createCache({ ack: "journal" });
    fixture.source.plant("k", "v", 7);
    expect(await fixture.operations.persisted("k", 7, fixture.context())).toBe(true);
    // Some journal has this one: its replay is waited for.
    const seen = watch(fixture.operations.persisted("k", 8, fixture.context(5_000)));
    await turn();
    fixture.source.plant("k", "newer", 9);
    await turn();
    expect(seen.value).toBeUndefined();
    fixture.clock.advance(1_000);
    await turn();
    expect(seen.value).toBe(true);
  });

  it("tells of a write that was in nothing but a former owner's memory", async () => {
    const fixture = createCache({ ack: "memory" });
    // Of an earlier term than the fixture's.
    const lost = fixture.operations.persisted("k", 2 ** 32 + 1, fixture.context());
    await expect(lost).rejects.toMatchObject({ code: "WRITE_LOST" });
    const asked = { ...fixture.context(500), ack: "journal" } as const;
    const seen = watch(fixture.operations.persisted("k", 2 ** 32 + 1, asked));
    await turn();
    fixture.clock.advance(500);
    await turn();
    expect(seen).toEqual({ value: false, error: undefined });
  });

  it("does not know while journals may have it, or while the database is away", async () => {
    const fixture = createCache();
    fixture.tenure.isRecovering = true;
    const early = fixture.operations.persisted("k", 1, fixture.context());
    await expect(early).rejects.toMatchObject({ code: "UNAVAILABLE" });
    fixture.tenure.isRecovering = false;
    fixture.source.beforeLoad = () => {
      throw new DatabaseError("unavailable", "down");
    };
    const blind = fixture.operations.persisted("k", 1, fixture.context());
    await expect(blind).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("is passed on when the partition goes to another node", async () => {
    const fixture = createCache();
    const version = await write(fixture);
    const waiting = fixture.operations.persisted("k", version, fixture.context());
    const seen = watch(waiting);
    await turn();
    fixture.tenure.moveTo({ at: "ended" });
    fixture.cache.drop(PARTITION, true);
    await turn();
    expect(seen.error).toBeInstanceOf(PartitionMovingError);
  });

  it("is honoured at once where writes go through, and refused where none go to a database", async () => {
    const through = createCacheFixture("write-through");
    expect(await through.operations.persisted("k", 1, through.context())).toBe(true);
    for (const pattern of ["cache-aside", "read-through"] as const) {
      const other = createCacheFixture(pattern);
      const asked = other.operations.persisted("k", 1, other.context());
      await expect(asked).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
  });
});

describe("a flush", () => {
  const SLOW = { maxDelay: "60s" };

  it("brings a key to the database now", async () => {
    const fixture = createCache(SLOW);
    await write(fixture);
    const seen = watch(fixture.operations.flushKey("k", fixture.context()));
    await turn();
    expect(seen.value).toMatchObject({ persisted: 1, refused: 0, dirty: 0 });
    const again = await fixture.operations.flushKey("k", fixture.context());
    expect(again).toMatchObject({ persisted: 0, refused: 0, dirty: 0 });
  });

  it("tells which keys the database refuses, and which are still dirty at the deadline", async () => {
    const fixture = createCache(SLOW);
    const { source, operations, clock, context } = fixture;
    await write(fixture, "good");
    await write(fixture, "better");
    source.refused.set("poison", "23514");
    await write(fixture, "poison");
    const all = watch(operations.flushAll(clock.monotonic() + 1_000));
    await turn();
    expect(all.value).toMatchObject({ persisted: 2, refused: 1, refusedKeys: ["poison"] });

    source.beforeFlush = () => {
      throw new DatabaseError("unavailable", "down");
    };
    await write(fixture, "late");
    const one = watch(operations.flushKey("late", context(500)));
    const both = watch(operations.flushAll(clock.monotonic() + 500));
    await turn();
    clock.advance(500);
    await turn();
    expect(one.value).toMatchObject({ dirty: 1, dirtyKeys: ["late"] });
    expect(both.value).toMatchObject({ persisted: 0, dirty: 1, dirtyKeys: ["late"] });
  });

  it("sends a write at once that waits to be sent again", async () => {
    const fixture = createCache(SLOW);
    const { source, operations, clock, context } = fixture;
    await write(fixture);
    source.refused.set("k", "23503");
    const first = watch(operations.flushKey("k", context(10)));
    await turn();
    clock.advance(10);
    await turn();
    expect(first.value).toMatchObject({ dirty: 1 });
    source.refused.clear();
    const second = watch(operations.flushKey("k", context(10)));
    await turn();
    expect(second.value).toMatchObject({ persisted: 1 });
  });
});

describe("a write-behind cache whose queue is nearly full", () => {
  const NARROW = { maxDelay: "60s", queueMaxEntries: 10, writeThroughAbove: 0.5 };

  /** A cache with so many dirty entries, whose statements wait until `open` is called. */
  async function createFull(entries: number) {
    const fixture = createCache(NARROW);
    const { wait, open } = gate();
    fixture.source.beforeFlush = wait;
    for (let i = 0; i < entries; i++) await write(fixture, `filler${i}`);
    return { ...fixture, open, fixture };
  }

  it("acknowledges a write when the database has it", async () => {
    const { fixture, cache, source, open } = await createFull(5);
    const seen = watch(write(fixture));
    await turn();
    expect(seen.value).toBeUndefined();
    expect(cache.counters.slowedWrites).toBe(1);
    open();
    await turn();
    expect(seen.value).toBeGreaterThan(0);
    expect(source.textOf("k")).toBe("v");
  });

  it("acknowledges below that as ever", async () => {
    const { cache, operations, context } = await createFull(4);
    const result = operations.set("k", text("v"), undefined, context());
    expect(result).not.toBeInstanceOf(Promise);
    expect(cache.counters.slowedWrites).toBe(0);
  });

  it("slows writers down while the database is away, and takes no more than there is room for", async () => {
    const { fixture, clock } = await createFull(5);
    const slowed = watch(write(fixture));
    for (let i = 0; i < 7; i++) {
      clock.advance(100);
      await turn();
    }
    expect(slowed.value).toBeUndefined();
    clock.advance(100);
    await turn();
    // Its level asks for memory alone, and its writer has waited for most of its time.
    expect(slowed.value).toBeGreaterThan(0);
    for (let i = 0; i < 4; i++) watch(write(fixture, `more${i}`));
    const refused = watch(write(fixture, "one too many"));
    await turn();
    expect(fixture.cache.queue?.entries).toBe(10);
    clock.advance(1_000);
    await turn();
    expect(refused.error).toBeDefined();
  });

  it("does not hold up a partition that is to move", async () => {
    const { fixture, tenure, clock } = await createFull(5);
    const slowed = watch(write(fixture));
    await turn();
    tenure.moveTo({ at: "releasing" });
    clock.advance(100);
    await turn();
    expect(slowed.value).toBeGreaterThan(0);
    expect(tenure.writesInFlight).toBe(0);
  });

  it("tells a writer that waits that the database refuses the row", async () => {
    const { fixture, source, open } = await createFull(5);
    source.refused.set("k", "23514");
    const refused = watch(write(fixture));
    open();
    await turn();
    expect(refused.error).toMatchObject({ code: "DEAD_LETTER" });
  });
});
