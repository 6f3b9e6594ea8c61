import { makeVersion } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import { createCacheFixture, text, textOf } from "../testing/cache-fixture.js";
import { gate, turn } from "../testing/turns.js";

/** The tenure has term 5. */
const OLD = makeVersion(4, 7);
const NEWER = makeVersion(4, 8);

function createFixture() {
  return createCacheFixture("write-behind", { writeBehind: { maxDelay: "600s" } });
}

describe("a dead letter that is retried", () => {
  it("is written under its own version, replaces what was cached, and is a letter no more", async () => {
    const { operations, context, source, letters, cache } = createFixture();
    source.plant("k", "row");
    await operations.get("k", context());
    letters.plant("k", OLD);
    expect(await operations.retryLetter("k", OLD, context())).toEqual({ at: "written" });
    expect(source.rows.get("k")).toMatchObject({ version: OLD, encoding: 2 });
    expect(letters.letters.size).toBe(0);
    const read = await operations.get("k", context());
    expect(read).toMatchObject({ version: OLD, source: "DATABASE" });
    expect(textOf(read)).toBe(`letter ${OLD}`);
    // It went past the queue.
    expect(cache.queue?.entries).toBe(0);
  });

  it("deletes, if it is a deletion", async () => {
    const { operations, context, source, letters } = createFixture();
    source.plant("k", "row");
    letters.plant("k", OLD, { deleted: true, value: undefined });
    expect(await operations.retryLetter("k", OLD, context())).toEqual({ at: "written" });
    expect(source.rows.get("k")).toMatchObject({ version: OLD, value: undefined });
  });

  it("stays one, with its new reason, when it is refused again; reads never see it", async () => {
    const { operations, context, source, letters } = createFixture();
    source.plant("k", "row");
    letters.plant("k", OLD);
    source.refused.set("k", "23503");
    expect(await operations.retryLetter("k", OLD, context())).toMatchObject({
      at: "refused",
      sqlstate: "23503",
    });
    expect([...letters.letters.values()]).toMatchObject([{ key: "k", sqlstate: "23503" }]);
    expect(textOf(await operations.get("k", context()))).toBe("row");
  });

  it.each([
    ["in the database", false],
    ["not there yet", true],
  ])("overtakes no later write of its key, %s", async (_where, isDirty) => {
    const fixture = createFixture();
    const { operations, context, source, letters, cache } = fixture;
    letters.plant("k", OLD);
    let laterVersion = NEWER;
    if (isDirty) {
      const written = await operations.set("k", text("later"), undefined, context());
      laterVersion = written.version;
    } else source.plant("k", "later", NEWER);
    const retried = await operations.retryLetter("k", OLD, context());
    expect(retried).toEqual({ at: "superseded", laterVersion });
    expect(letters.letters.size).toBe(1);
    expect(source.flushes).toEqual([]);
    expect(textOf(await operations.get("k", context()))).toBe("later");
    await cache.stop();
  });

  it("notices a later write that came between the look and the statement", async () => {
    const { operations, context, source, letters } = createFixture();
    letters.plant("k", OLD);
    source.beforeFlush = () => source.plant("k", "later", NEWER);
    const retried = await operations.retryLetter("k", OLD, context());
    expect(retried).toEqual({ at: "superseded", laterVersion: NEWER });
    expect(source.textOf("k")).toBe("later");
    expect(letters.letters.size).toBe(1);
  });

  it("is done with when the database has it already", async () => {
    const { operations, context, source, letters } = createFixture();
    letters.plant("k", OLD);
    source.plant("k", "letter", OLD);
    expect(await operations.retryLetter("k", OLD, context())).toEqual({ at: "written" });
    expect(letters.letters.size).toBe(0);
  });

  it("is gone when somebody else dropped or retried it", async () => {
    const { operations, context, source } = createFixture();
    expect(await operations.retryLetter("k", OLD, context())).toEqual({ at: "gone" });
    expect(source.flushes).toEqual([]);
  });

  it("that was held back does not bring a key back that has no row", async () => {
    const { operations, context, source, letters } = createFixture();
    letters.plant("k", OLD, { sqlstate: "", message: "too old" });
    expect(await operations.retryLetter("k", OLD, context())).toMatchObject({
      at: "refused",
      message: expect.stringContaining("may have been deleted since"),
    });
    expect(source.flushes).toEqual([]);
    expect(letters.letters.size).toBe(1);
    // With a row, versions tell.
    source.plant("k", "row");
    expect(await operations.retryLetter("k", OLD, context())).toEqual({ at: "written" });
  });

  it("is repeated until the database says what became of it, and writes of the key wait", async () => {
    const { operations, context, source, letters, clock } = createFixture();
    letters.plant("k", OLD);
    let breaks = 2;
    source.afterFlush = () => {
      if (breaks-- > 0) throw new DatabaseError("ambiguous", "the connection broke");
    };
    const retried = operations.retryLetter("k", OLD, context(10_000));
    await turn();
    const written = operations.set("k", text("later"), undefined, context(10_000));
    for (let step = 0; step < 10; step++) {
      await clock.advanceAsync(100, 1);
      await turn();
    }
    expect(await retried).toEqual({ at: "written" });
    expect(source.flushes).toHaveLength(3);
    expect((await written).version).toBe(makeVersion(5, 1));
    expect(textOf(await operations.get("k", context()))).toBe("later");
  });

  it("does not leave a load of before in the cache", async () => {
    const { operations, context, source, letters } = createFixture();
    source.plant("k", "row");
    letters.plant("k", OLD);
    const { wait, open } = gate();
    const retried = operations.retryLetter("k", OLD, context());
    // The load that begins now sees the row as it was, and is slow.
    source.beforeFlush = async () => {
      source.beforeLoad = wait;
      void operations.get("k", context(5_000));
      await turn();
    };
    await retried;
    open();
    await turn();
    source.beforeLoad = () => {};
    expect(textOf(await operations.get("k", context()))).toBe(`letter ${OLD}`);
  });

  it("is untouched when the database is away", async () => {
    const { operations, context, source, letters } = createFixture();
    letters.plant("k", OLD);
    source.beforeFlush = () => {
      throw new DatabaseError("unavailable", "the database is down");
    };
    await expect(operations.retryLetter("k", OLD, context())).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("nothing was written"),
    });
    expect(letters.letters.size).toBe(1);
    letters.beforeAnything = () => {
      throw new DatabaseError("unavailable", "the database is down");
    };
    await expect(operations.retryLetter("k", OLD, context())).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
  });

  it("waits for a higher term where its version is one that its owner cannot have given", async () => {
    const { operations, context, letters, events } = createFixture();
    const version = makeVersion(9, 1);
    letters.plant("k", version);
    await expect(operations.retryLetter("k", version, context())).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    expect(events).toEqual(["raise 10"]);
    expect(letters.letters.size).toBe(1);
  });

  it("waits for the journals of former owners like any other operation", async () => {
    const { operations, context, letters, tenure } = createFixture();
    letters.plant("k", OLD);
    tenure.isRecovering = true;
    await expect(operations.retryLetter("k", OLD, context())).rejects.toThrow(/recovering/);
  });

  it("is of write-behind caches only", async () => {
    const { operations, context } = createCacheFixture("write-through");
    await expect(operations.retryLetter("k", OLD, context())).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});
