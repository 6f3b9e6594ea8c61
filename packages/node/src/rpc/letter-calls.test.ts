import { FakeClock } from "@holdfast/core/testing";
import type { Reply } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { dropLetters } from "./letter-calls.js";
import { UnaryOperations } from "./unary-operations.js";

/** What happens, in its order. */
function createFixture(answers: Readonly<Record<string, Reply>> = {}) {
  const events: string[] = [];
  const clock = new FakeClock();
  const calls = new UnaryOperations(
    {
      identity: () => ({ nodeId: "n1", incarnation: "i1" }),
      executeAll: async (operations) =>
        operations.map(({ kind, cache, key, letterVersion }) => {
          events.push(`${kind} ${cache} ${key} ${letterVersion}`);
          return answers[key.toString()] ?? { code: "OK" };
        }),
    },
    clock,
  );
  const there = new Set(["a", "b", "c"]);
  const remove = async (names: readonly { readonly key: string }[]) => {
    events.push(`remove ${names.map(({ key }) => key)}`);
    return names.map(({ key }) => there.has(key));
  };
  const drop = (...keys: readonly string[]) => {
    const letters = keys.map((key) => ({ cache: "c", key: Buffer.from(key), version: 7 }));
    const signal = new AbortController().signal;
    return dropLetters(calls, remove, letters, { signal, deadlineMs: 1_000, clock });
  };
  return { drop, events };
}

describe("letters that are dropped", () => {
  it("are forgotten by their owners before they are removed", async () => {
    const { drop, events } = createFixture();
    expect(await drop("a", "gone")).toEqual({ dropped: [true, false], problems: ["", ""] });
    expect(events).toEqual([
      "FORGET_DEAD_LETTER c a 7",
      "FORGET_DEAD_LETTER c gone 7",
      "remove a,gone",
    ]);
  });

  it("stay where an owner cannot be told", async () => {
    const answer: Reply = { code: "UNAVAILABLE", message: "moving" };
    const { drop, events } = createFixture({ a: answer });
    expect(await drop("a", "b")).toEqual({
      dropped: [false, true],
      problems: ["UNAVAILABLE: moving", ""],
    });
    expect(events.at(-1)).toBe("remove b");
    events.length = 0;
    expect(await drop("a")).toMatchObject({ dropped: [false] });
    expect(events).toEqual(["FORGET_DEAD_LETTER c a 7"]);
  });

  it("may be of a cache that nobody has any more", async () => {
    const { drop } = createFixture({ a: { code: "UNKNOWN_CACHE", message: "no such cache" } });
    expect(await drop("a")).toEqual({ dropped: [true], problems: [""] });
  });
});
