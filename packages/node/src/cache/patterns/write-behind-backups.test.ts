import { makeVersion } from "@holdfast/core";
import { settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import type { DirtyCopy } from "../../replication/messages.js";
import {
  type CacheOverrides,
  createCacheFixture,
  PARTITION,
  text,
  textOf,
} from "../../testing/cache-fixture.js";
import { MemoryJournal } from "../../testing/memory-journal.js";

/** The backups of the fixture's partition: they confirm when the test says so. */
class FakeBackups {
  readonly put: string[] = [];
  readonly cleaned: string[] = [];
  readonly #waiting: ((isBackedUp: boolean) => void)[] = [];
  isBackedUp = true;
  hasRoom = true;

  setOf() {
    return {
      isAlone: false,
      isBackedUp: this.isBackedUp,
      hasRoom: this.hasRoom,
      backups: [],
      put: ({ key, version }: { key: string; version: number }, journal: boolean) => {
        this.put.push(`${key}@${version % 2 ** 32}${journal ? " in the journal" : ""}`);
        return this.put.length;
      },
      clean: ({ key }: { key: string }, version: number) => {
        this.cleaned.push(`${key}@${version % 2 ** 32}`);
      },
      confirmed: () =>
        new Promise<boolean>((resolve) => {
          this.#waiting.push(resolve);
        }),
    };
  }

  async confirm(isBackedUp = true): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) resolve(isBackedUp);
    await settle();
  }
}

function createFixture(ack: string, options: { journal?: boolean } & CacheOverrides = {}) {
  const { journal: hasJournal = true, ...overrides } = options;
  const backups = new FakeBackups();
  const journal = hasJournal ? new MemoryJournal() : undefined;
  const writeBehind = { ack, maxDelay: "100ms", ...overrides.writeBehind };
  const fixture = createCacheFixture(
    "write-behind",
    { ...overrides, writeBehind },
    journal,
    backups,
  );
  /** A write, and what has come of it so far. */
  const write = (key: string, value: string, callAck?: "journal" | "database") => {
    const state: { result?: { degraded: boolean }; error?: { code?: string } } = {};
    const context = { ...fixture.context(), ...(callAck && { ack: callAck }) };
    Promise.resolve(fixture.operations.set(key, text(value), undefined, context)).then(
      (result) => {
        state.result = result;
      },
      (error) => {
        state.error = error;
      },
    );
    return state;
  };
  return { ...fixture, backups, journal, write };
}

describe("write-behind with backups", () => {
  it("acknowledges when they have the write", async () => {
    const { backups, write } = createFixture("backup");
    const state = write("a", "1");
    await settle();
    expect(state).toEqual({});
    expect(backups.put).toEqual(["a@1"]);
    await backups.confirm();
    expect(state.result).toMatchObject({ degraded: false });
  });

  it("asks for their journals and waits for its own at the level journal+backup", async () => {
    const { backups, write, journal } = createFixture("journal+backup");
    let isRecorded = () => {};
    if (journal !== undefined) {
      journal.beforeWrite = () =>
        new Promise<void>((resolve) => {
          isRecorded = resolve;
        });
    }
    const state = write("a", "1");
    await settle();
    expect(backups.put).toEqual(["a@1 in the journal"]);
    await backups.confirm();
    expect(state).toEqual({});
    isRecorded();
    await settle();
    expect(state.result).toMatchObject({ degraded: false });
  });

  it("says so when there is no backup, and has the journal instead", async () => {
    const { backups, write } = createFixture("backup");
    backups.isBackedUp = false;
    const state = write("a", "1");
    await settle();
    await backups.confirm(false);
    expect(state.result).toMatchObject({ degraded: true });
  });

  it("refuses writes when there is neither a backup nor a journal", async () => {
    const { backups, write } = createFixture("backup", { journal: false });
    backups.isBackedUp = false;
    const state = write("a", "1");
    await settle();
    expect(state.error).toMatchObject({ code: "UNAVAILABLE" });
    expect(backups.put).toEqual([]);
  });

  it("refuses writes while a backup does not keep up", async () => {
    const { backups, write } = createFixture("backup");
    backups.hasRoom = false;
    const state = write("a", "1");
    await settle();
    expect(state.error).toMatchObject({ code: "OVERLOADED" });
  });

  it("shows nothing that could still be lost", async () => {
    const { backups, write, operations, context } = createFixture("backup");
    write("a", "1");
    await settle();
    let read: string | undefined;
    void Promise.resolve(operations.get("a", context())).then((result) => {
      read = textOf(result);
    });
    await settle();
    expect(read).toBeUndefined();
    // Whoever reads does not wait for what is written later.
    write("a", "2");
    await backups.confirm();
    expect(read).toBe("1");
  });

  it("shows nothing that the database does not have where only that counts", async () => {
    const { write, source, operations, context } = createFixture("database");
    let answer = () => {};
    source.beforeFlush = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    write("a", "1");
    await settle();
    let read: string | undefined;
    void Promise.resolve(operations.get("a", context())).then((result) => {
      read = textOf(result);
    });
    await settle();
    expect(read).toBeUndefined();
    answer();
    await settle();
    expect(read).toBe("1");
  });

  it("fails a read that would show it, at the read's deadline", async () => {
    const { write, operations, context, clock } = createFixture("backup");
    write("a", "1");
    await settle();
    const read = Promise.resolve(operations.get("a", context(50)));
    clock.advance(50);
    await expect(read).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("flushes nothing that could still be lost, and then at once", async () => {
    const { backups, write, clock, source } = createFixture("backup");
    write("a", "1");
    await clock.advanceAsync(400, 8);
    expect(source.rows.size).toBe(0);
    await backups.confirm();
    expect(source.rows.size).toBe(1);
    expect(backups.cleaned).toEqual(["a@1"]);
  });

  it("tells backups at the levels memory and journal, too, and does not wait for them", async () => {
    const { backups, write } = createFixture("journal");
    const state = write("a", "1");
    await settle();
    expect(backups.put).toEqual(["a@1 in the journal"]);
    expect(state.result).toMatchObject({ degraded: false });
  });

  it("waits for the database when it is asked to, without its delay", async () => {
    const { backups, write, source } = createFixture("backup", {
      writeBehind: { maxDelay: "10m" },
    });
    const state = write("a", "1", "database");
    await settle();
    await backups.confirm();
    expect(source.rows.size).toBe(1);
    expect(state.result).toMatchObject({ degraded: false });
  });

  it("does not know the outcome of such a write when the partition is lost meanwhile", async () => {
    const { write, cache } = createFixture("backup");
    const state = write("a", "1", "database");
    await settle();
    cache.drop(PARTITION);
    await settle();
    expect(state.error).toMatchObject({ code: "OUTCOME_UNKNOWN" });
  });
});

describe("a new owner", () => {
  const adopted = (key: string, version: number) => ({
    key,
    partition: PARTITION,
    version,
    value: Buffer.from("adopted"),
    encoding: 2,
    expiresAtMs: undefined,
    writtenAtMs: 0,
  });

  it("has what it kept as a backup, under the versions of then, and passes it on", async () => {
    const { operations, cache, context, backups, source, clock } = createFixture("backup");
    operations.adopt(adopted("a", makeVersion(4, 7)));
    const copies: DirtyCopy[] = [...cache.dirty(PARTITION)];
    expect(copies).toMatchObject([
      { entry: { key: "a", version: makeVersion(4, 7) }, journal: false },
    ]);
    // Its own backups may not have it yet.
    await clock.advanceAsync(200, 4);
    expect(source.rows.size).toBe(0);
    await backups.confirm();
    expect(textOf(await operations.get("a", context()))).toBe("adopted");
    expect(source.rows.size).toBe(1);
  });

  it("shows none of it before the database was asked, where only that counts", async () => {
    const { operations, context, source } = createFixture("database");
    source.plant("a", "newer", makeVersion(4, 8));
    operations.adopt(adopted("a", makeVersion(4, 7)));
    operations.adopt(adopted("b", makeVersion(4, 7)));
    const first = ["a", "b"].map((key) => Promise.resolve(operations.get(key, context())));
    for (const read of first) {
      await expect(read).rejects.toMatchObject({ code: "UNAVAILABLE" });
    }
    expect(textOf(await operations.get("a", context()))).toBe("newer");
    expect(textOf(await operations.get("b", context()))).toBe("adopted");
  });

  it("keeps it however full the cache is", () => {
    const { operations, cache } = createFixture("backup", {
      maxEntries: 2,
      writeBehind: { queueMaxEntries: 1 },
    });
    for (const key of ["a", "b", "c"]) operations.adopt(adopted(key, makeVersion(4, 7)));
    expect([...cache.dirty(PARTITION)]).toHaveLength(3);
  });

  it("prefers what it has that is newer", () => {
    const { operations, cache } = createFixture("memory");
    operations.adopt(adopted("a", makeVersion(4, 7)));
    operations.adopt(adopted("a", makeVersion(4, 6)));
    expect([...cache.dirty(PARTITION)]).toMatchObject([{ entry: { version: makeVersion(4, 7) } }]);
  });

  it("serves nothing while journals of those before it are to be replayed, but their records", async () => {
    const { operations, context, tenure } = createFixture("memory");
    tenure.isRecovering = true;
    expect(() => operations.get("a", context())).toThrow(/recovering/);
    expect(() => operations.set("a", text("new"), undefined, context())).toThrow(/recovering/);
    expect(() => operations.delete("a", undefined, context())).toThrow(/recovering/);
    expect(await operations.replay(adopted("a", makeVersion(4, 7)), context())).toBe("pending");
    tenure.isRecovering = false;
    expect(textOf(await operations.get("a", context()))).toBe("adopted");
  });

  it("serves a cache at once whose writes were in the database when they were acknowledged", async () => {
    const { operations, context, tenure } = createFixture("database");
    tenure.isRecovering = true;
    expect(textOf(await operations.get("a", context()))).toBeUndefined();
  });
});
