import { makeVersion } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import { createCacheFixture, text, textOf } from "../../testing/cache-fixture.js";
import { gate, turn } from "../../testing/turns.js";

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
  it("acknowledges nothing under its own term when somebody else has used it", async () => {
    const { operations, context, source, tenure, events } = createCacheFixture("write-through");
    source.plant("k", "former", makeVersion(tenure.term, 500));
    await expect(operations.set("k", text("v"), undefined, context())).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    expect(events).toEqual([`raise ${tenure.term + 1}`]);
    tenure.renew(tenure.term + 1);
    await operations.set("k", text("v"), undefined, context());
    expect(source.textOf("k")).toBe("v");
  });

  it("decides nothing about a key once its right to serve is gone", async () => {
    const fixture = createCacheFixture("write-through");
    const { operations, context, source } = fixture;
    const { version } = await operations.set("k", text("v0"), undefined, context());
    const { wait, open } = gate();
    source.beforeFlush = async () => {
      await wait();
      throw new DatabaseError("unavailable", "away");
    };
    const first = operations.set("k", text("v1"), undefined, context());
    await turn();
    const conditional = operations.set("k", text("v2"), version + 77, context());
    const increment = operations.modify(
      "k",
      () => {
        throw new TypeError("decided upon what may be too old");
      },
      context(),
    );
    fixture.right = false;
    open();
    for (const write of [first, conditional, increment]) {
      await expect(write).rejects.toMatchObject({ code: "UNAVAILABLE" });
    }
  });

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
