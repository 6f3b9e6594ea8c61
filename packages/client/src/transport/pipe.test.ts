import { CacheError, silentLogger } from "@holdfast/core";
import { FakeClock, settle } from "@holdfast/core/testing";
import { type Batch__Output, type BatchWriter, pipeCodec, ReplyWriter } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { type Attempt, type BatchBounds, Pipe } from "./pipe.js";
import { Traffic } from "./traffic.js";
import type { StreamHandlers } from "./wire.js";

/** A stream that records what is written, and takes the next batch only when told to. */
class RecordedStream {
  readonly batches: Batch__Output[] = [];
  isClosed = false;
  takesAtOnce = true;
  #taken: (() => void)[] = [];
  #handlers: StreamHandlers<Buffer> | undefined;

  open(handlers: StreamHandlers<Buffer>) {
    this.#handlers = handlers;
    return {
      write: (batch: Buffer, taken: () => void) => {
        this.batches.push(pipeCodec.readBatchGenerally(batch));
        if (this.takesAtOnce) setImmediate(taken);
        else this.#taken.push(taken);
      },
      close: () => {
        this.isClosed = true;
      },
    };
  }

  take(): void {
    this.#taken.shift()?.();
  }

  hello(incarnation: string): void {
    this.#handlers?.message(pipeCodec.introduction({ nodeId: "a", incarnation, epoch: 1 }));
  }

  reply(...ids: number[]): void {
    const writer = new ReplyWriter(pipeCodec);
    for (const id of ids) writer.reply({ id, term: 1 });
    this.message(writer.take());
  }

  message(message: Buffer): void {
    this.#handlers?.message(message);
  }

  end(error?: CacheError): void {
    this.#handlers?.ended(error);
  }
}

class RecordedAttempt implements Attempt {
  id = 0;
  readonly operations = 1;
  readonly bytes: number;
  readonly deadlineMs: number;
  readonly events: string[] = [];
  isQueued = true;
  isOneOfMany = false;
  isRepeatable = false;

  constructor(bytes = 10, deadlineMs = 5_000) {
    this.bytes = bytes;
    this.deadlineMs = deadlineMs;
  }

  writeTo(batch: BatchWriter, budgetMs: number | undefined): void {
    batch.get(this.id, "k", { cache: "c", maxStaleMs: undefined }, budgetMs);
  }

  onSend(): void {
    this.isQueued = false;
    this.events.push("sent");
  }

  onReply(): void {
    this.events.push("replied");
  }

  onFailure(error: CacheError, wasRefused: boolean): void {
    this.events.push(`${wasRefused ? "refused" : "failed"}: ${error.message}`);
  }
}

function createPipe({
  bounds = { maxOperations: 1_000, maxBytes: 1_048_576 },
  traffic = new Traffic(),
}: {
  readonly bounds?: BatchBounds;
  readonly traffic?: Traffic;
} = {}) {
  const clock = new FakeClock();
  const stream = new RecordedStream();
  const closed: string[] = [];
  const client = { inFlight: 1 };
  const pipe = new Pipe(
    (handlers) => stream.open(handlers),
    {
      hello: { clusterId: "x", expectedNodeId: "a", expectedIncarnation: "a-1" },
      bounds,
      traffic,
      openTimeoutMs: 2_000,
      epoch: () => 9,
      inFlight: () => client.inFlight,
      onOpen: () => {},
      onClosed: (error) => closed.push(error.message),
    },
    clock,
    silentLogger,
  );
  const send = (...attempts: RecordedAttempt[]) => {
    for (const attempt of attempts) {
      attempt.isQueued = true;
      pipe.send(attempt);
    }
  };
  const withdraw = (attempt: RecordedAttempt) => {
    attempt.isQueued = false;
    pipe.withdraw(attempt);
  };
  const sizes = () => stream.batches.slice(1).map(({ operations = [] }) => operations.length);
  return { clock, stream, pipe, closed, client, send, withdraw, sizes };
}

/** A pipe whose hello has been answered. */
async function openPipe(options?: Parameters<typeof createPipe>[0]) {
  const opened = createPipe(options);
  await settle();
  opened.stream.hello("a-1");
  await settle();
  return opened;
}

describe("Pipe", () => {
  it("sends nothing but its hello before the other side is known", async () => {
    const { stream, send } = createPipe();
    const attempt = new RecordedAttempt();
    send(attempt);
    await settle();
    expect(stream.batches).toHaveLength(1);
    expect(stream.batches[0]).toMatchObject({
      hello: { clusterId: "x", expectedIncarnation: "a-1" },
      operations: [],
    });
    expect(attempt.events).toEqual([]);
    stream.hello("a-1");
    await settle();
    expect(attempt.events).toEqual(["sent"]);
  });

  it("fails what is queued, unsent, when another incarnation answers", async () => {
    const { stream, send, closed } = createPipe();
    const attempt = new RecordedAttempt();
    send(attempt);
    stream.hello("a-2");
    const message = "another process than the expected run of a answered";
    expect(attempt.events).toEqual([`refused: ${message}`]);
    expect(closed).toEqual([message]);
    expect(stream.isClosed).toBe(true);
  });

  it("gives up a hello that is not answered in time", () => {
    const { clock, send, closed, stream } = createPipe();
    const attempt = new RecordedAttempt();
    send(attempt);
    clock.advance(1_999);
    expect(attempt.events).toEqual([]);
    clock.advance(1);
    expect(attempt.events).toEqual(["refused: no answer within 2000 ms"]);
    expect(closed).toHaveLength(1);
    expect(stream.isClosed).toBe(true);
  });

  it("puts what one tick asks for into one batch, however deep its promises go", async () => {
    const { send, sizes } = await openPipe();
    send(new RecordedAttempt());
    let chain = Promise.resolve();
    for (let depth = 0; depth < 20; depth++) chain = chain.then(() => send(new RecordedAttempt()));
    await settle();
    expect(sizes()).toEqual([21]);
  });

  it("forgets at once what was withdrawn before it could be sent, if that is much", async () => {
    const { pipe, send, withdraw, sizes } = await openPipe();
    const attempts = Array.from({ length: 100 }, () => new RecordedAttempt());
    send(...attempts);
    for (const attempt of attempts.slice(1)) withdraw(attempt);
    await settle();
    expect(sizes()).toEqual([1]);
    expect(attempts[0]?.events).toEqual(["sent"]);
    pipe.close(new CacheError("CLOSED", "closed"));
    expect(attempts.slice(1).flatMap(({ events }) => events)).toEqual([]);
  });

  it("sends what is asked for after many replies", async () => {
    const { stream, send, sizes } = await openPipe();
    for (let id = 1; id <= 5; id++) {
      send(new RecordedAttempt());
      await settle();
      stream.reply(id);
    }
    expect(sizes()).toEqual([1, 1, 1, 1, 1]);
  });

  it("spreads what is in flight over three batches, so that neither side waits for the other", async () => {
    const { stream, client, send, sizes } = await openPipe();
    client.inFlight = 300;
    send(...Array.from({ length: 300 }, () => new RecordedAttempt()));
    await settle();
    expect(sizes()).toEqual([100, 100, 100]);
    stream.reply(...Array.from({ length: 100 }, (_, index) => index + 1));
    send(...Array.from({ length: 100 }, () => new RecordedAttempt()));
    await settle();
    expect(sizes()).toEqual([100, 100, 100, 100]);
  });

  it("does not split what goes to one of several nodes that have about as much", async () => {
    const { client, send, sizes } = await openPipe();
    client.inFlight = 300;
    send(...Array.from({ length: 100 }, () => new RecordedAttempt()));
    await settle();
    expect(sizes()).toEqual([100]);
  });

  it("gives back what may go elsewhere, and goes on waiting for the rest", async () => {
    const { stream, pipe, send } = await openPipe();
    const [read, write, late] = [1, 2, 3].map(() => new RecordedAttempt());
    if (!read || !write || !late) throw new Error("there are three");
    read.isRepeatable = true;
    send(read, write);
    await settle();
    send(late);
    pipe.giveBack(new CacheError("UNAVAILABLE", "gone"));
    expect([read.events, write.events, late.events]).toEqual([
      ["sent", "failed: gone"],
      ["sent"],
      ["refused: gone"],
    ]);
    stream.reply(1, 2);
    await settle();
    expect([read.events.length, write.events]).toEqual([2, ["sent", "replied"]]);
  });

  it("keeps together what one call asks for", async () => {
    const { send, sizes } = await openPipe();
    const attempts = Array.from({ length: 200 }, () => new RecordedAttempt());
    for (const attempt of attempts) attempt.isOneOfMany = true;
    send(...attempts);
    await settle();
    expect(sizes()).toEqual([200]);
  });

  it("gathers while three batches are unanswered, and not for replies that come later", async () => {
    const { stream, send, sizes } = await openPipe();
    for (const _ of [1, 2, 3]) {
      send(new RecordedAttempt());
      await settle();
    }
    for (const _ of [1, 2, 3]) {
      send(new RecordedAttempt(), new RecordedAttempt());
      await settle();
    }
    expect(sizes()).toEqual([1, 1, 1]);
    // What the node answers a batch of slow loads with.
    stream.reply();
    await settle();
    expect(sizes()).toEqual([1, 1, 1, 6]);
  });

  it("does not wait for answers with as much as a batch takes", async () => {
    const { client, send, sizes } = await openPipe();
    client.inFlight = 300;
    send(...Array.from({ length: 300 }, () => new RecordedAttempt()));
    await settle();
    send(...Array.from({ length: 99 }, () => new RecordedAttempt()));
    await settle();
    expect(sizes()).toEqual([100, 100, 100]);
    send(new RecordedAttempt());
    await settle();
    expect(sizes()).toEqual([100, 100, 100, 100]);
  });

  it("leaves unanswered as many batches as are this node's part of what is in flight", async () => {
    const { stream, client, send, sizes } = await openPipe();
    client.inFlight = 90;
    const sendAll = async (count: number) => {
      send(...Array.from({ length: count }, () => new RecordedAttempt()));
      await settle();
    };
    // A third of all: one batch.
    await sendAll(20);
    await sendAll(10);
    expect(sizes()).toEqual([20]);
    // Two thirds: two of them.
    await sendAll(20);
    expect(sizes()).toEqual([20, 30]);
    await sendAll(10);
    expect(sizes()).toEqual([20, 30]);
    stream.reply(1);
    await settle();
    expect(sizes()).toEqual([20, 30, 10]);
  });

  it("gathers while the transport holds three batches", async () => {
    const { stream, send, sizes } = await openPipe();
    stream.takesAtOnce = false;
    for (const _ of [1, 2, 3]) {
      send(new RecordedAttempt());
      await settle();
      stream.reply();
    }
    send(new RecordedAttempt(), new RecordedAttempt());
    await settle();
    expect(sizes()).toEqual([1, 1, 1]);
    stream.take();
    await settle();
    expect(sizes()).toEqual([1, 1, 1, 2]);
  });

  it("cuts batches at their bounds of operations and of bytes", async () => {
    const { send, sizes } = await openPipe({ bounds: { maxOperations: 3, maxBytes: 100 } });
    send(...Array.from({ length: 7 }, () => new RecordedAttempt()));
    for (let turn = 0; turn < 5; turn++) await settle();
    expect(sizes()).toEqual([3, 3, 1]);
    send(new RecordedAttempt(60), new RecordedAttempt(60), new RecordedAttempt(500));
    for (let turn = 0; turn < 5; turn++) await settle();
    expect(sizes()).toEqual([3, 3, 1, 1, 1, 1]);
  });

  it("tells the node the longest time that anybody in the batch waits", async () => {
    const { stream, send } = await openPipe();
    send(new RecordedAttempt(1, 100), new RecordedAttempt(1, 2_500.4));
    await settle();
    expect(stream.batches[1]).toMatchObject({ budgetMs: 2_501, epoch: 9 });
  });

  it("tells the node of operations that wait for much less than their batch, each time anew", async () => {
    const { stream, send } = await openPipe();
    const short = new RecordedAttempt(1, 100);
    send(short, new RecordedAttempt(1, 2_495), new RecordedAttempt(1, 2_500));
    await settle();
    const budgets = () => stream.batches.at(-1)?.operations?.map(({ budgetMs }) => budgetMs);
    expect(budgets()).toEqual([100, undefined, undefined]);
    send(short);
    stream.take();
    await settle();
    expect(budgets()).toEqual([undefined]);
  });

  it("brings replies, in any order, to the attempts they answer, and ignores strays", async () => {
    const { stream, send } = await openPipe();
    const [first, second] = [new RecordedAttempt(), new RecordedAttempt()];
    send(first, second);
    await settle();
    stream.reply(77);
    stream.reply(2);
    expect(second.events).toEqual(["sent", "replied"]);
    expect(first.events).toEqual(["sent"]);
    stream.reply(1, 1, 2);
    expect(first.events).toEqual(["sent", "replied"]);
    expect(second.events).toEqual(["sent", "replied"]);
  });

  it("ignores the reply to an attempt that was withdrawn", async () => {
    const { stream, withdraw, send } = await openPipe();
    const [sent, queued] = [new RecordedAttempt(), new RecordedAttempt()];
    send(sent);
    await settle();
    withdraw(sent);
    send(queued);
    withdraw(queued);
    await settle();
    stream.reply(1, 2);
    expect(sent.events).toEqual(["sent"]);
    expect(queued.events).toEqual([]);
  });

  it("fails everything in it when the stream ends, telling its owner first", async () => {
    const { stream, send, closed, pipe } = await openPipe();
    stream.takesAtOnce = false;
    const [sent, queued] = [new RecordedAttempt(), new RecordedAttempt()];
    send(sent);
    await settle();
    send(queued);
    stream.end(new CacheError("UNAVAILABLE", "gone"));
    expect(closed).toEqual(["gone"]);
    expect(sent.events).toEqual(["sent", "failed: gone"]);
    expect(queued.events).toEqual(["refused: gone"]);
    const late = new RecordedAttempt();
    pipe.send(late);
    expect(late.events).toEqual(["refused: gone"]);
  });

  it("fails everything in it when the node answers what is no message", async () => {
    const { stream, send, closed } = await openPipe();
    const sent = new RecordedAttempt();
    send(sent);
    await settle();
    stream.message(Buffer.from([0x0a, 0xff, 0x01, 0x02]));
    expect(closed).toEqual(["the node answered what is no message"]);
    expect(sent.events).toEqual(["sent", "failed: the node answered what is no message"]);
    expect(stream.isClosed).toBe(true);
  });

  it("counts what a node left unanswered as refused when it stops in good order", async () => {
    const { stream, send } = await openPipe();
    const sent = new RecordedAttempt();
    send(sent);
    await settle();
    stream.end();
    expect(sent.events).toEqual(["sent", "refused: the node is stopping"]);
  });

  it("leaves no timer behind", async () => {
    const { clock, pipe } = await openPipe();
    expect(clock.pendingTimers).toBe(0);
    pipe.close(new CacheError("CLOSED", "closed"));
    expect(clock.pendingTimers).toBe(0);
  });
});
