import { FakeClock } from "@holdfast/core/testing";
import type { Operation__Output, Reply } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import type { RequestContext } from "./request-context.js";
import { UnaryOperations } from "./unary-operations.js";

function createCalls(
  answer: (operation: Operation__Output) => Reply | Promise<Reply> = () => ({ code: "OK" }),
) {
  const clock = new FakeClock(10_000);
  const requests: RequestContext[] = [];
  const calls = new UnaryOperations(
    {
      identity: () => ({ nodeId: "n1", incarnation: "i1" }),
      executeAll: async (operations, request) => {
        requests.push(request);
        return Promise.all(operations.map(answer));
      },
    },
    clock,
  );
  const context = (leftMs: number) => ({
    signal: new AbortController().signal,
    deadlineMs: clock.monotonic() + leftMs,
    clock,
  });
  return { calls, requests, context, clock };
}

const PERSISTED = { kind: "PERSISTED", cache: "c", key: Buffer.from("k"), version: 7 } as const;
const GET = { kind: "GET", cache: "c", key: Buffer.from("k") } as const;

describe("UnaryOperations", () => {
  it("completes replies as if they had been read off the wire", async () => {
    const { calls, context } = createCalls();
    const { reply, answerer } = await calls.one(GET, context(1_000));
    expect(reply).toMatchObject({ code: "OK", version: 0, source: "NONE", message: "" });
    expect(answerer).toEqual({ nodeId: "n1", incarnation: "i1" });
  });

  it("leaves some of the caller's time for the way back", async () => {
    const { calls, context, requests, clock } = createCalls();
    await calls.one(GET, context(100));
    expect(requests[0]?.deadlineMs).toBe(clock.monotonic() + 90);
  });

  it("executes nothing for a caller who has given up already", async () => {
    const { calls, context, requests } = createCalls();
    await expect(calls.one(GET, context(0))).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await expect(calls.many([GET], context(-5))).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
    });
    expect(requests).toEqual([]);
  });

  it("throws what a single reply carries, and hands on what each of many does", async () => {
    const refused: Reply = { code: "READ_ONLY", message: "read-only" };
    const { calls, context } = createCalls(() => refused);
    await expect(calls.one(GET, context(100))).rejects.toMatchObject({ code: "READ_ONLY" });
    expect(await calls.many([GET], context(100))).toMatchObject({ replies: [refused] });
  });

  it("answers with no more values than one message carries, and refuses the rest", async () => {
    const value = Buffer.alloc(2 ** 20);
    const { calls, context } = createCalls(() => ({ code: "OK", value, term: 3 }));
    const { replies = [] } = await calls.many(Array(3_000).fill(GET), context(100));
    expect(replies.slice(0, 6).every(({ code }) => code === "OK")).toBe(true);
    expect(new Set(replies.slice(6).map(({ code }) => code))).toEqual(new Set(["OVERLOADED"]));
    expect(replies[6]).toMatchObject({
      term: 3,
      message: "the values of one call exceed 6291456 bytes together; ask for fewer keys",
    });
  });

  it("refuses more calls that wait for the database than it states, and no others", async () => {
    let answer = (_: Reply) => {};
    const answered = new Promise<Reply>((resolve) => {
      answer = resolve;
    });
    const { calls, context } = createCalls(({ kind }) => (kind === "GET" ? {} : answered));
    const waiting = Array.from({ length: 500 }, () => calls.waiting(PERSISTED, context(100)));
    await expect(calls.waiting(PERSISTED, context(100))).rejects.toMatchObject({
      code: "OVERLOADED",
    });
    await calls.one(GET, context(100));
    answer({ code: "DEAD_LETTER" });
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
    // There is room again, however those before have ended.
    await expect(calls.waiting(PERSISTED, context(100))).rejects.toMatchObject({
      code: "DEAD_LETTER",
    });
  });

  it("refuses more keys in one call than it states", async () => {
    const { calls, context } = createCalls();
    const keys = Array.from({ length: 10_001 }, () => GET);
    await expect(calls.many(keys, context(100))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});
