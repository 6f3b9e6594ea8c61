import { silentLogger } from "@holdfast/core";
import { FakeClock, seededRandom, settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import {
  createDirtyEntry,
  type DirtyEntry,
  type FlushFailure,
  type FlushSink,
  type RowOutcome,
} from "./dirty-entry.js";
import { type QueueOptions, WriteBehindQueue } from "./queue.js";

class RefusedError extends Error {}
class SlowError extends Error {}

/** Takes batches when the test says so. */
class FakeSink implements FlushSink {
  readonly batches: string[][] = [];
  readonly settledRows: string[] = [];
  readonly parked: string[] = [];
  refusedKey: string | undefined;
  isPatient = false;
  /** Keys whose rows must be sent again. */
  readonly again = new Set<string>();
  fail: Error | undefined;
  gate: Promise<void> = Promise.resolve();

  async flush(rows: readonly DirtyEntry[]): Promise<RowOutcome[]> {
    this.batches.push(rows.map(({ key, version }) => `${key}@${version}`));
    await this.gate;
    if (this.fail) throw this.fail;
    if (rows.some(({ key }) => key === this.refusedKey)) throw new RefusedError("refused");
    return rows.map(({ key }) => (this.again.has(key) ? "again" : "done"));
  }

  classify(error: unknown): FlushFailure {
    if (!(error instanceof RefusedError))
      return { at: "retry", isTimeout: error instanceof SlowError };
    return { at: "refused", patient: this.isPatient };
  }

  async park(row: DirtyEntry): Promise<void> {
    this.parked.push(row.key);
  }

  settled(rows: readonly DirtyEntry[], how: string): void {
    for (const { key, version } of rows) this.settledRows.push(`${key}@${version} ${how}`);
  }
}

function createQueue(options: Partial<QueueOptions> = {}) {
  const clock = new FakeClock();
  const sink = new FakeSink();
  const complete: QueueOptions = {
    lanes: 1,
    batchMaxRows: 100,
    ageObjectiveMs: 10_000,
    writeThroughAbove: 0.9,
    maxDelayMs: 1_000,
    queueMaxEntries: 1_000,
    queueMaxBytes: 100_000,
    ...options,
  };
  const queue = new WriteBehindQueue(complete, sink, clock, seededRandom(1), silentLogger);
  return { clock, sink, queue };
}

function dirty(key: string, version = 1, partition = 0, bytes = 10): DirtyEntry {
  const value = Buffer.from(key);
  const row = { key, partition, version, value, encoding: 0, expiresAtMs: undefined };
  return createDirtyEntry({ ...row, writtenAtMs: 0, isReplayed: false, bytes, generation: 0 });
}

describe("WriteBehindQueue", () => {
  it("sends a write after its delay, and not before", async () => {
    const { clock, sink, queue } = createQueue();
    queue.put(dirty("a"));
    clock.advance(999);
    await settle();
    expect(sink.batches).toEqual([]);
    clock.advance(1);
    await settle();
    expect(sink.batches).toEqual([["a@1"]]);
    expect(queue.entries).toBe(0);
  });

  it("sends at once when a batch is full", async () => {
    const { sink, queue } = createQueue({ batchMaxRows: 2 });
    queue.put(dirty("a"));
    queue.put(dirty("b"));
    await settle();
    expect(sink.batches).toEqual([["a@1", "b@1"]]);
  });

  it("keeps the newest write of a key and counts its delay from the first", async () => {
    const { clock, sink, queue } = createQueue();
    for (let version = 1; version <= 10; version++) {
      queue.put(dirty("a", version));
      clock.advance(99);
    }
    expect(queue.entries).toBe(1);
    clock.advance(10);
    await settle();
    expect(sink.batches).toEqual([["a@10"]]);
  });

  it("sends a write that came during the flush of its key in a batch of its own", async () => {
    const { clock, sink, queue } = createQueue();
    let open = () => {};
    sink.gate = new Promise((resolve) => {
      open = resolve;
    });
    queue.put(dirty("a", 1));
    clock.advance(1_000);
    queue.put(dirty("a", 2));
    expect(queue.get("a", 0)?.version).toBe(2);
    expect(queue.entries).toBe(2);
    open();
    await settle();
    expect(sink.settledRows).toEqual(["a@1 persisted"]);
    clock.advance(1_000);
    await settle();
    expect(sink.batches).toEqual([["a@1"], ["a@2"]]);
  });

  it("never has two batches of one lane under way", async () => {
    const { sink, queue } = createQueue({ batchMaxRows: 1 });
    let open = () => {};
    sink.gate = new Promise((resolve) => {
      open = resolve;
    });
    queue.put(dirty("a"));
    queue.put(dirty("b"));
    await settle();
    expect(sink.batches).toEqual([["a@1"]]);
    open();
    await settle();
    expect(sink.batches).toEqual([["a@1"], ["b@1"]]);
  });

  it("repeats a flush that could not reach the database until it does", async () => {
    const { clock, sink, queue } = createQueue();
    sink.fail = new Error("connection lost");
    queue.put(dirty("a"));
    clock.advance(1_000);
    for (let i = 0; i < 8; i++) {
      await settle();
      clock.advance(5_000);
    }
    expect(queue.entries).toBe(1);
    sink.fail = undefined;
    await settle();
    clock.advance(5_000);
    await settle();
    expect(sink.settledRows).toEqual(["a@1 persisted"]);
    expect(queue.counters.flushRetries).toBeGreaterThan(3);
  });

  it("finds the row that the database refuses and lets its neighbours through", async () => {
    const { clock, sink, queue } = createQueue();
    sink.refusedKey = "poison";
    for (const key of ["a", "b", "poison", "c", "d"]) queue.put(dirty(key));
    clock.advance(1_000);
    await settle();
    expect(sink.parked).toEqual(["poison"]);
    expect(sink.settledRows.toSorted()).toEqual(
      [
        "a@1 persisted",
        "b@1 persisted",
        "c@1 persisted",
        "d@1 persisted",
        "poison@1 parked",
      ].sort(),
    );
    expect(queue.entries).toBe(0);
    expect(queue.counters.deadLetters).toBe(1);
  });

  it("tries a row that another write may cure at least ten times before it gives it up", async () => {
    const { clock, sink, queue } = createQueue();
    sink.refusedKey = "orphan";
    sink.isPatient = true;
    queue.put(dirty("orphan"));
    clock.advance(1_000);
    for (let i = 0; i < 9; i++) {
      await settle();
      expect(sink.parked).toEqual([]);
      clock.advance(5_000);
    }
    for (let i = 0; i < 5; i++) {
      await settle();
      clock.advance(5_000);
    }
    expect(sink.parked).toEqual(["orphan"]);
    expect(sink.batches.length).toBeGreaterThanOrEqual(10);
  });

  it("holds nothing else up for a row that another write may cure", async () => {
    const { clock, sink, queue } = createQueue();
    sink.refusedKey = "orphan";
    sink.isPatient = true;
    for (const key of ["a", "orphan", "b"]) queue.put(dirty(key));
    clock.advance(1_000);
    await settle();
    expect(sink.settledRows).toEqual(["a@1 persisted", "b@1 persisted"]);
    queue.put(dirty("c"));
    clock.advance(1_000);
    await settle();
    expect(sink.settledRows).toContain("c@1 persisted");
    expect(queue.get("orphan", 0)?.version).toBe(1);
    sink.refusedKey = undefined;
    clock.advance(5_000);
    await settle();
    expect(sink.settledRows).toContain("orphan@1 persisted");
    expect(queue.entries).toBe(0);
  });

  it("holds nothing else up for rows that must be sent again", async () => {
    const { clock, sink, queue } = createQueue();
    sink.again.add("behind");
    queue.put(dirty("behind", 1, 1));
    clock.advance(1_000);
    await settle();
    queue.put(dirty("a", 1, 2));
    expect(await queue.flush([2], 10)).toBe(true);
    expect(queue.entriesOf(1)).toBe(1);
    expect(queue.oldestAgeMs).toBe(1_000);
    sink.again.clear();
    clock.advance(5_000);
    await settle();
    expect(queue.entries).toBe(0);
  });

  it("sends a newer write in place of one that must be sent again", async () => {
    const { clock, sink, queue } = createQueue();
    sink.again.add("k");
    queue.put(dirty("k", 1));
    let open = () => {};
    sink.gate = new Promise((resolve) => {
      open = resolve;
    });
    clock.advance(1_000);
    queue.put(dirty("k", 2));
    open();
    await settle();
    expect(queue.entries).toBe(1);
    queue.put(dirty("k", 3));
    sink.again.clear();
    clock.advance(5_000);
    await settle();
    expect(sink.batches).toEqual([["k@1"], ["k@3"]]);
    expect(sink.settledRows).toEqual(["k@3 persisted"]);
    expect([queue.entries, queue.bytes, queue.entriesOf(0)]).toEqual([0, 0, 0]);
  });

  it("keeps a newer write that has waited elsewhere in place of one that must be sent again", async () => {
    const { clock, sink, queue } = createQueue();
    sink.again.add("k");
    queue.put(dirty("k", 1));
    let open = () => {};
    sink.gate = new Promise((resolve) => {
      open = resolve;
    });
    clock.advance(1_000);
    queue.put(dirty("k", 2), true);
    expect(queue.get("k", 0)?.version).toBe(2);
    open();
    await settle();
    sink.again.clear();
    clock.advance(5_000);
    await settle();
    expect(sink.settledRows).toEqual(["k@2 persisted"]);
    expect([queue.entries, queue.bytes, queue.entriesOf(0)]).toEqual([0, 0, 0]);
  });

  it("sends a write that has waited elsewhere at once", async () => {
    const { sink, queue } = createQueue();
    queue.put(dirty("young"));
    queue.put(dirty("old"), true);
    await settle();
    expect(sink.batches).toEqual([["old@1"]]);
  });

  it("sends no more bytes in one statement than the database likes", async () => {
    const { clock, sink, queue } = createQueue({ queueMaxBytes: 2 ** 30 });
    for (const key of ["a", "b", "c", "d"]) queue.put(dirty(key, 1, 0, 3 * 2 ** 20));
    queue.put(dirty("huge", 1, 0, 20 * 2 ** 20));
    clock.advance(1_000);
    await settle();
    expect(sink.batches).toEqual([["a@1", "b@1"], ["c@1", "d@1"], ["huge@1"]]);
  });

  it("lets writes wait when it is full, and refuses them at their deadline", async () => {
    const { clock, sink, queue } = createQueue({ queueMaxEntries: 2 });
    sink.fail = new Error("down");
    queue.put(dirty("a"));
    queue.put(dirty("b"));
    expect(queue.hasRoomFor(10)).toBe(false);
    const waiting = queue.waitForRoom(10, 100);
    clock.advance(100);
    await expect(waiting).rejects.toMatchObject({ code: "OVERLOADED" });
  });

  it("lets a waiting write in as soon as there is room", async () => {
    const { clock, queue } = createQueue({ queueMaxBytes: 20 });
    queue.put(dirty("a"));
    queue.put(dirty("b"));
    const waiting = queue.waitForRoom(10, 10_000);
    clock.advance(1_000);
    await waiting;
    expect(queue.hasRoomFor(10)).toBe(true);
  });

  it("sends everything at once when it is nearly full", async () => {
    const { sink, queue } = createQueue({ queueMaxEntries: 10 });
    for (let i = 0; i < 7; i++) queue.put(dirty(`k${i}`));
    await settle();
    expect(sink.batches).toEqual([]);
    queue.put(dirty("k7"));
    await settle();
    expect(sink.batches[0]).toHaveLength(8);
  });

  it("flushes partitions on demand and says when nothing of them is dirty", async () => {
    const { sink, queue } = createQueue();
    queue.put(dirty("a", 1, 1));
    queue.put(dirty("b", 1, 2));
    expect(await queue.flush([1], 100)).toBe(true);
    expect(queue.entriesOf(1)).toBe(0);
    expect(sink.batches).toEqual([["a@1", "b@1"]]);
  });

  it("gives up a demanded flush at its deadline", async () => {
    const { clock, sink, queue } = createQueue();
    sink.fail = new Error("down");
    queue.put(dirty("a", 1, 1));
    const flushed = queue.flush([1], 50);
    clock.advance(50);
    expect(await flushed).toBe(false);
    expect(queue.entriesOf(1)).toBe(1);
  });

  it("forgets a dropped partition, what is under way included", async () => {
    const { clock, sink, queue } = createQueue();
    let open = () => {};
    sink.gate = new Promise((resolve) => {
      open = resolve;
    });
    queue.put(dirty("a", 1, 1));
    clock.advance(1_000);
    queue.put(dirty("b", 1, 1));
    queue.put(dirty("c", 1, 2));
    expect(queue.drop(1)).toBe(2);
    expect(queue.entries).toBe(1);
    open();
    await settle();
    expect(sink.settledRows).toEqual([]);
  });

  it("sends what timed out again in smaller statements", async () => {
    const { clock, sink, queue } = createQueue({ queueMaxEntries: 10_000, batchMaxRows: 40 });
    sink.fail = new SlowError("too slow");
    for (let i = 0; i < 40; i++) queue.put(dirty(`k${i}`));
    await settle();
    sink.fail = undefined;
    clock.advance(5_000);
    await settle();
    expect(sink.batches.map(({ length }) => length)).toEqual([40, 20, 20]);
    expect(queue.entries).toBe(0);
  });

  it("sends larger statements while what is dirty is older than it should be", async () => {
    const { clock, sink, queue } = createQueue({
      queueMaxEntries: 10_000,
      batchMaxRows: 5_000,
      ageObjectiveMs: 2_000,
    });
    for (let i = 0; i < 500; i++) queue.put(dirty(`young${i}`));
    await settle();
    expect([queue.entries, queue.batchRows]).toEqual([0, 500]);
    sink.fail = new Error("down");
    for (let i = 0; i < 500; i++) queue.put(dirty(`old${i}`));
    await settle();
    expect(queue.batchRows).toBe(500);
    sink.fail = undefined;
    clock.advance(1_000);
    await settle();
    expect([queue.entries, queue.batchRows]).toEqual([0, 750]);
  });

  describe("a flush of what is present", () => {
    it("ends when that has left, whatever is written meanwhile", async () => {
      const { sink, queue, clock } = createQueue();
      sink.refusedKey = "poison";
      for (const key of ["a", "b", "poison"]) queue.put(dirty(key));
      const flushed = queue.flushPresent(100);
      queue.put(dirty("later"));
      sink.again.add("later");
      await settle();
      clock.advance(0);
      const run = await flushed;
      expect(run.counts).toEqual({ persisted: 2, parked: 1, dropped: 0 });
      expect([run.left, run.parkedKeys]).toEqual([0, ["poison"]]);
      expect(queue.entries).toBe(1);
    });

    it("waits for the newer write that takes an older one's place", async () => {
      const { sink, queue, clock } = createQueue();
      sink.again.add("k");
      queue.put(dirty("k", 1));
      let open = () => {};
      sink.gate = new Promise((resolve) => {
        open = resolve;
      });
      let hasEnded = false;
      const flushed = queue.flushPresent(60_000).then((run) => {
        hasEnded = true;
        return run;
      });
      await settle();
      queue.put(dirty("k", 2));
      open();
      await settle();
      expect(hasEnded).toBe(false);
      sink.again.clear();
      clock.advance(5_000);
      await settle();
      expect((await flushed).counts.persisted).toBe(1);
      expect(sink.settledRows).toEqual(["k@2 persisted"]);
    });

    it("tells at the deadline what is still dirty, and what another node has", async () => {
      const { sink, queue, clock } = createQueue();
      sink.fail = new Error("down");
      queue.put(dirty("a", 1, 1));
      queue.put(dirty("b", 1, 2));
      const flushed = queue.flushPresent(100);
      await settle();
      queue.drop(2);
      clock.advance(100);
      const run = await flushed;
      expect(run.counts).toEqual({ persisted: 0, parked: 0, dropped: 1 });
      expect(run.keysOf(queue.all())).toEqual(["a"]);
    });

    it("has nothing to do where nothing is dirty", async () => {
      const { queue } = createQueue();
      expect((await queue.flushPresent(100)).left).toBe(0);
    });
  });

  it("has the older write of a key first while that is in flight", async () => {
    const { clock, sink, queue } = createQueue();
    let open = () => {};
    sink.gate = new Promise((resolve) => {
      open = resolve;
    });
    queue.put(dirty("k", 1, 3));
    queue.put(dirty("other", 1, 4));
    clock.advance(1_000);
    queue.put(dirty("k", 2, 3));
    expect([...queue.inPartition(3)].map(({ version }) => version)).toEqual([1, 2]);
    expect([queue.entriesOf(3), queue.entriesOf(4), queue.entries]).toEqual([2, 1, 3]);
    open();
    await settle();
    expect([...queue.inPartition(3)].map(({ version }) => version)).toEqual([2]);
  });
});
