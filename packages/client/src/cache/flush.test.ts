import type { Reply } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { startConnected } from "../testing/fake-client.js";

/** A node's answer to a flush. */
function flushed(counts: NonNullable<Reply["flushed"]>): Reply {
  const none = { persisted: 0, refused: 0, dirty: 0, moved: 0, refusedKeys: [], dirtyKeys: [] };
  return { code: "OK", outcome: "APPLIED", flushed: { ...none, ...counts } };
}

describe("A flush", () => {
  it("asks every owner, and adds up what they say", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    const dirtyKeys = [Buffer.from("late")];
    const refusedKeys = [Buffer.from("poison")];
    first.intercept = () => flushed({ persisted: 5, dirty: 1, dirtyKeys });
    second.intercept = () => flushed({ persisted: 2, refused: 1, refusedKeys });
    expect(await test.cache.flush({ timeout: "2s" })).toEqual({
      persisted: 7,
      refused: 1,
      dirty: 1,
      keys: new Map([
        ["late", "dirty"],
        ["poison", "refused"],
      ]),
    });
    const [operation] = first.operations;
    expect(operation?.kind).toBe("FLUSH");
    // So that the answer comes before the caller's time is over.
    expect(operation?.waitMs).toBeLessThan(2_000);
    expect(operation?.waitMs).toBeGreaterThan(1_500);
  });

  it("follows what has moved, and counts it once", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    second.intercept = () => flushed({ persisted: 1 });
    first.intercept = () => {
      first.intercept = () => flushed({});
      test.fake.moveAllTo(second);
      return flushed({ persisted: 2, moved: 3 });
    };
    expect(await test.cache.flush()).toMatchObject({ persisted: 4 });
    expect(second.operations.length).toBe(2);
  });

  it("asks again where something has left, although no topology says so yet", async () => {
    await using test = await startConnected();
    test.node.intercept = () => {
      test.node.intercept = () => flushed({ persisted: 3 });
      return flushed({ persisted: 2, moved: 3 });
    };
    expect(await test.cache.flush()).toMatchObject({ persisted: 5 });
    expect(test.node.operations.length).toBe(2);
  });

  it("of keys tells what became of each", async () => {
    await using test = await startConnected({ nodes: 2 });
    for (const node of test.fake.nodes) {
      node.intercept = ({ key }) => {
        const name = key.toString();
        if (name === "poison") return flushed({ refused: 1 });
        return name === "late" ? flushed({ dirty: 1 }) : flushed({ persisted: 1 });
      };
    }
    expect(await test.cache.flush(["a", "poison", "late", "b", "a"])).toEqual({
      persisted: 2,
      refused: 1,
      dirty: 1,
      keys: new Map([
        ["a", "persisted"],
        ["poison", "refused"],
        ["late", "dirty"],
        ["b", "persisted"],
      ]),
    });
  });

  it("takes a list of keys, and not a single one", async () => {
    await using test = await startConnected();
    // A string is iterable, so the compiler lets it pass.
    await expect(test.cache.flush("42")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});
