import { EventEmitter } from "node:events";
import { viewOf } from "@holdfast/core";
import { FakeClock, settle } from "@holdfast/core/testing";
import {
  type Batch,
  type BatchReader,
  type Operation__Output,
  pipeCodec,
  type Replies__Output,
  type Reply,
} from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { type PipeParts, Pipes } from "./pipe.js";
import type { RequestContext } from "./request-context.js";

/** A client's end of a pipe, as the server sees it. */
class FakeCall extends EventEmitter {
  readonly written: Replies__Output[] = [];
  readonly unsent: (() => void)[] = [];
  hasRoom = true;
  paused = false;
  ended = false;
  refusal: { details: string } | undefined;

  constructor() {
    super();
    this.on("error", (error) => {
      this.refusal = error;
    });
  }

  write(message: Buffer, sent?: () => void): boolean {
    // A copy: when it has been sent, its memory is used again.
    this.written.push(pipeCodec.readRepliesGenerally(Buffer.from(message)));
    if (sent && this.hasRoom) sent();
    else if (sent) this.unsent.push(sent);
    return this.hasRoom;
  }

  isPaused(): boolean {
    return this.paused;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    this.ended = true;
  }

  get replies(): Reply[] {
    return this.written.flatMap(({ replies }) => replies);
  }

  receive(batch: Batch): void {
    this.emit("data", pipeCodec.writeBatchGenerally(batch));
  }
}

const hello = {
  clusterId: "c1",
  protocol: 1,
  clientId: "x",
  expectedNodeId: "",
  expectedIncarnation: "",
};

function createPipe(
  execute: (operation: Operation__Output, request: RequestContext) => Reply | Promise<Reply>,
  more: Partial<Pick<PipeParts, "begin" | "answerPlain">> = {},
) {
  const clock = new FakeClock();
  const pipes = new Pipes({
    clusterId: "c1",
    identity: () => ({ nodeId: "n1", incarnation: "i1", epoch: 7 }),
    begin: () => {},
    answerPlain: () => false,
    execute,
    requestContext: (epoch, budgetMs, atMs) => ({ epoch, deadlineMs: atMs + budgetMs }),
    clock,
    ...more,
  });
  const call = new FakeCall();
  // The pipe uses only what FakeCall has.
  pipes.accept(call as never);
  /** Resolves when it is another message's turn. */
  const send = (ids: number[], greeting?: Partial<typeof hello>) => {
    call.receive({
      ...(greeting && { hello: { ...hello, ...greeting } }),
      epoch: 1,
      budgetMs: 100,
      operations: ids.map((id) => ({ id, kind: "GET" })),
    });
    return settle();
  };
  return { pipes, call, send, clock };
}

function idsOf(batch: BatchReader): number[] {
  return Array.from({ length: batch.count }, (_, index) => batch.operation(index).id);
}

const ok = ({ id }: Pick<Operation__Output, "id">): Reply => ({ id, code: "OK" });

describe("a pipe", () => {
  it("tells of the operations of a message before it executes them", async () => {
    const told: string[] = [];
    const { send } = createPipe(
      ({ id }) => {
        told.push(`${id}`);
        return ok({ id });
      },
      { begin: (batch) => told.push(idsOf(batch).join("+")) },
    );
    await send([1, 2, 3], {});
    await send([4]);
    expect(told).toEqual(["1+2+3", "1", "2", "3", "4", "4"]);
  });

  it("introduces the node, then answers what needs no waiting in one message", async () => {
    const { call, send } = createPipe(ok);
    await send([1, 2, 3], {});
    expect(call.written[0]?.hello).toEqual({ nodeId: "n1", incarnation: "i1", epoch: 7 });
    expect(call.written[1]?.replies?.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(call.written).toHaveLength(2);
  });

  it("gives an operation the time that it says it has, and no more than its batch has", async () => {
    const deadlines: number[] = [];
    const { call } = createPipe((operation, { deadlineMs }) => {
      deadlines.push(deadlineMs);
      return ok(operation);
    });
    const operations = [{ id: 1 }, { id: 2, budgetMs: 40 }, { id: 3, budgetMs: 400 }];
    call.receive({ hello, epoch: 1, budgetMs: 100, operations });
    expect(deadlines).toEqual([100, 40, 100]);
  });

  it("counts that time from when the message came, not from its turn", async () => {
    const deadlines: number[] = [];
    const { send, clock } = createPipe((operation, { deadlineMs }) => {
      deadlines.push(deadlineMs);
      return ok(operation);
    });
    const nowMs = clock.monotonic();
    const sent = Promise.all([send([1], {}), send([2])]);
    clock.advance(30);
    await sent;
    await expect.poll(() => deadlines).toEqual([nowMs + 100, nowMs + 100]);
  });

  it("says at once that it has begun a batch of which nothing is ready", async () => {
    const { call, send } = createPipe(() => new Promise<Reply>(() => {}));
    await send([1, 2], {});
    expect(call.written.map(({ replies }) => replies.length)).toEqual([0, 0]);
    expect(call.written[1]?.hello).toBeUndefined();
    // A hello alone has its own answer.
    const other = createPipe(ok);
    await other.send([], {});
    expect(other.call.written).toHaveLength(1);
  });

  it("does not let a slow operation hold up the others of its batch", async () => {
    let finish = () => {};
    const slow = new Promise<Reply>((resolve) => {
      finish = () => resolve({ id: 2, code: "OK" });
    });
    const { call, send } = createPipe((operation) => (operation.id === 2 ? slow : ok(operation)));
    await send([1, 2, 3], {});
    expect(call.replies.map(({ id }) => id)).toEqual([1, 3]);
    finish();
    await settle();
    await settle();
    expect(call.replies.map(({ id }) => id)).toEqual([1, 3, 2]);
  });

  it.each([
    [{ clusterId: "c2" }, "this node belongs to cluster c1, not c2"],
    [{ protocol: 2 }, "this node speaks protocol 1, not 2"],
  ])("refuses a client that introduces itself with %o", async (greeting, message) => {
    const { pipes, call, send } = createPipe(ok);
    await send([1], greeting);
    expect(call.refusal?.details).toBe(message);
    expect(call.replies).toEqual([]);
    expect(pipes.size).toBe(0);
  });

  it("refuses a client that does not introduce itself", async () => {
    const { call, send } = createPipe(ok);
    await send([1]);
    expect(call.refusal?.details).toMatch(/introduce/);
  });

  it("does not read from a client that does not read", async () => {
    const { call, send } = createPipe(ok);
    await send([], {});
    call.hasRoom = false;
    await send([1]);
    expect(call.paused).toBe(true);
    call.emit("drain");
    expect(call.paused).toBe(false);
  });

  it("ends when its client has not read for half a minute", async () => {
    const { pipes, call, send, clock } = createPipe(ok);
    await send([], {});
    call.hasRoom = false;
    await send([1]);
    clock.advance(29_999);
    expect(call.refusal).toBeUndefined();
    clock.advance(1);
    expect(call.refusal).toMatchObject({ code: 8, details: expect.stringMatching(/not take/) });
    expect(pipes.size).toBe(0);
  });

  it("goes on when its client has read in time", async () => {
    const { call, send, clock } = createPipe(ok);
    await send([], {});
    call.hasRoom = false;
    await send([1]);
    call.hasRoom = true;
    call.emit("drain");
    clock.advance(60_000);
    await send([2]);
    expect(call.refusal).toBeUndefined();
    expect(call.replies.map(({ id }) => id)).toEqual([1, 2]);
  });

  it("takes in one message in a turn, so that the replies to it leave before those to the next", async () => {
    const { call, send } = createPipe(ok);
    await send([], {});
    const sent = Promise.all([send([1]), send([2]), send([3])]);
    expect(call.replies.map(({ id }) => id)).toEqual([1]);
    await settle();
    expect(call.replies.map(({ id }) => id)).toEqual([1, 2]);
    await sent;
    await settle();
    expect(call.replies.map(({ id }) => id)).toEqual([1, 2, 3]);
  });

  it("reads no more while many messages wait for their turn", async () => {
    const { call, send } = createPipe(ok);
    await send([], {});
    const sent = Promise.all(Array.from({ length: 17 }, (_, id) => send([id])));
    expect(call.paused).toBe(true);
    await sent;
    expect(call.paused).toBe(false);
    await expect.poll(() => call.replies.length).toBe(17);
  });

  it("takes in all that came before its client's end", async () => {
    const { call, send } = createPipe(ok);
    await send([], {});
    void send([1]);
    void send([2]);
    call.emit("end");
    expect(call.ended).toBe(false);
    await expect.poll(() => call.ended).toBe(true);
    expect(call.replies).toMatchObject([
      { id: 1, code: "OK" },
      { id: 2, code: "OK" },
    ]);
  });

  it("refuses what is no batch, and a batch of too many operations", async () => {
    const { pipes, call, send } = createPipe(ok);
    await send([], {});
    call.emit("data", Buffer.from([0xff, 0xff, 0xff]));
    expect(call.refusal?.details).toMatch(/no batch/);
    const other = createPipe(ok);
    await other.send(
      Array.from({ length: 10_001 }, (_, id) => id),
      {},
    );
    expect(other.call.refusal?.details).toBe("a batch has more than 10000 operations");
    expect(pipes.size + other.pipes.size).toBe(0);
  });

  it("answers plain reads without executing them, in their order", async () => {
    const { call, send } = createPipe(ok, {
      answerPlain(batch, index, replies) {
        const id = batch.ids[index] ?? 0;
        if (id % 2 === 0) return false;
        const bytes = Buffer.from("value");
        const value = { bytes, view: viewOf(bytes), start: 1, end: 3 };
        replies.hit(id, 5, { ...value, version: 9, encoding: 1, ageMs: 0, ttlLeftMs: Infinity });
        return true;
      },
    });
    await send([], {});
    await send([1, 2, 3]);
    expect(call.replies).toMatchObject([
      { id: 1, term: 5, version: 9, encoding: 1, source: "MEMORY", value: Buffer.from("al") },
      { id: 2, source: "NONE" },
      { id: 3 },
    ]);
  });

  it("executes nothing more while too many bytes of replies are not taken", async () => {
    const value = Buffer.alloc(2 ** 20);
    let executed = 0;
    const { call, send } = createPipe(({ id }) => {
      executed += 1;
      return { id, code: "OK", value };
    });
    await send([], {});
    call.hasRoom = false;
    await send(Array.from({ length: 200 }, (_, id) => id));
    expect(executed).toBe(64);
    expect(call.replies.filter(({ code }) => code === "OVERLOADED")).toHaveLength(136);
    call.hasRoom = true;
    for (const sent of call.unsent.splice(0)) sent();
    await send([1]);
    expect(executed).toBe(65);
  });

  it("cuts large replies into several messages", async () => {
    const value = Buffer.alloc(300 * 1_024);
    const { call, send } = createPipe(({ id }) => ({ id, code: "OK", value }));
    await send([1, 2, 3], {});
    expect(call.written.slice(1).map(({ replies }) => replies?.length)).toEqual([1, 1, 1]);
  });

  it("answers what is under way before it ends, and refuses what comes later", async () => {
    let finish = () => {};
    const slow = new Promise<Reply>((resolve) => {
      finish = () => resolve({ id: 1, code: "OK" });
    });
    const { pipes, call, send } = createPipe(() => slow);
    await send([1], {});
    pipes.close();
    await send([2]);
    expect(call.replies).toMatchObject([{ id: 2, code: "UNAVAILABLE" }]);
    expect(call.ended).toBe(false);
    finish();
    await settle();
    await settle();
    expect(call.replies.at(-1)).toMatchObject({ id: 1, code: "OK" });
    expect(call.ended).toBe(true);
    expect(pipes.size).toBe(0);
  });
});
