/**
 * The hot path of the wire: one long-lived stream for each client, batches of operations in,
 * replies out as they complete. A slow operation holds up nothing: its reply comes later, in
 * another message. Every batch is answered at once with one message at least, if need be an empty one: clients that wait
 * for it to send more know that the node goes on.
 *
 * In each turn of the event loop a pipe takes in one message. So the replies to it leave while the node works on the
 * next one, and clients take their turns. If all that has come were taken in at once, all replies would leave at once,
 * and a client that answers them by asking again would ask for all at once: node and client would take turns working,
 * at half of the speed.
 *
 * Bounds: a pipe has at most `MAX_IN_FLIGHT` operations under way and about `MAX_UNSENT_BYTES` of
 * replies that its client has not taken; what comes beyond is answered OVERLOADED, unexecuted. A
 * client that does not read is not read from, and after `MAX_SILENT_MS` its pipe ends.
 */
import { status } from "@grpc/grpc-js";
import { CacheError, type CancelTimer, type Clock } from "@holdfast/core";
import type { MessageStream } from "@holdfast/process";
import {
  BatchReader,
  type Hello__Output,
  MESSAGE_BYTES,
  type Operation__Output,
  PROTOCOL_VERSION,
  pipeCodec,
  type Reply,
  ReplyWriter,
  toErrorReply,
} from "@holdfast/proto";
import type { RequestContext } from "./request-context.js";

const MAX_IN_FLIGHT = 20_000;

/** Messages that wait for their turn, before no more are read. */
const MAX_RECEIVED = 16;

/** Operations of one batch; more would keep others waiting for too long. */
const MAX_BATCH_OPERATIONS = 10_000;

const MAX_UNSENT_BYTES = 64 * 2 ** 20;

/** How long a client may leave replies untaken for which there is no room any more. */
const MAX_SILENT_MS = 30_000;

export interface PipeParts {
  readonly clusterId: string;
  /** Who answers, and the epoch of its topology. */
  readonly identity: () => {
    readonly nodeId: string;
    readonly incarnation: string;
    readonly epoch: number;
  };
  /** Told of a batch whose operations are going to be executed, one after the other. */
  readonly begin: (batch: BatchReader) => void;
  /** Answers a plain operation of a batch; `false`: it is to be executed. */
  readonly answerPlain: (batch: BatchReader, index: number, replies: ReplyWriter) => boolean;
  readonly execute: (
    operation: Operation__Output,
    request: RequestContext,
  ) => Reply | Promise<Reply>;
  /** @param receivedAtMs - when the request came in, on the monotonic clock. */
  readonly requestContext: (
    epoch: number,
    budgetMs: number,
    receivedAtMs: number,
  ) => RequestContext;
  readonly clock: Clock;
}

interface Received {
  readonly message: Buffer | "end";
  /** On the monotonic clock. */
  readonly atMs: number;
}

/** The open pipes of a node, so that they can be ended when it stops. */
export class Pipes {
  readonly #parts: PipeParts;
  // One for all pipes: neither is used beyond the tick in which it is.
  readonly #batch = new BatchReader(pipeCodec);
  readonly #replies = new ReplyWriter(pipeCodec);
  readonly #open = new Set<Pipe>();

  constructor(parts: PipeParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#open.size;
  }

  accept(stream: MessageStream): void {
    const onClosed = () => this.#open.delete(pipe);
    const pipe = new Pipe(stream, this.#parts, this.#batch, this.#replies, onClosed);
    this.#open.add(pipe);
  }

  /** Ends every pipe once its operations under way have been answered. */
  close(): void {
    for (const pipe of this.#open) pipe.finish();
  }
}

class Pipe {
  readonly #stream: MessageStream;
  readonly #parts: PipeParts;
  readonly #batch: BatchReader;
  readonly #replies: ReplyWriter;
  readonly #onClosed: () => void;
  #hasGreeted = false;
  /** What has come and was not taken in yet. */
  readonly #inbox: Received[] = [];
  /** Whether a message was taken in in this turn of the event loop. */
  #hasHadTurn = false;
  #isClosed = false;
  #isFinishing = false;
  #inFlight = 0;
  /** Whether it is to read on only when the client has taken replies. */
  #isChoked = false;
  /** Bytes of messages that have not left yet. */
  #unsentBytes = 0;
  /** Replies that came later than their batch was executed. */
  #ready: Reply[] = [];
  #isScheduled = false;
  #cancelPatience: CancelTimer = () => {};

  constructor(
    stream: MessageStream,
    parts: PipeParts,
    batch: BatchReader,
    replies: ReplyWriter,
    onClosed: () => void,
  ) {
    this.#stream = stream;
    this.#parts = parts;
    this.#batch = batch;
    this.#replies = replies;
    this.#onClosed = onClosed;
    stream.on("data", (message: Buffer) => this.#receive(message));
    stream.on("end", () => this.#receive("end"));
    stream.on("cancelled", () => this.#close());
    stream.on("error", () => this.#close());
  }

  finish(): void {
    this.#isFinishing = true;
    this.#endWhenDone();
  }

  #receive(message: Received["message"]): void {
    this.#inbox.push({ message, atMs: this.#parts.clock.monotonic() });
    if (this.#inbox.length >= MAX_RECEIVED) this.#stream.pause();
    if (!this.#hasHadTurn) this.#takeTurn();
  }

  /** Takes in one message in this turn of the event loop, and the next one in the next. */
  #takeTurn(): void {
    const received = this.#inbox.shift();
    this.#hasHadTurn = received !== undefined;
    if (received === undefined) return;
    setImmediate(() => this.#takeTurn());
    const { message, atMs } = received;
    if (message === "end") this.finish();
    else this.#onMessage(message, atMs);
    this.#endWhenDone();
    this.#readOn();
  }

  /** Unless there is too much to do, or to send, already. */
  #readOn(): void {
    if (this.#inbox.length < MAX_RECEIVED && !this.#isChoked) this.#stream.resume();
  }

  #onMessage(message: Buffer, receivedAtMs: number): void {
    if (this.#isClosed) return;
    try {
      if (this.#read(message)) this.#onBatch(receivedAtMs);
    } finally {
      this.#batch.clear();
    }
  }

  /** Whether it is a batch. */
  #read(message: Buffer): boolean {
    try {
      this.#batch.read(message, MAX_BATCH_OPERATIONS);
      return true;
    } catch (error) {
      const isTyped = error instanceof CacheError;
      return this.#refuse(isTyped ? error.message : "a message of the pipe is no batch");
    }
  }

  #onBatch(receivedAtMs: number): void {
    const batch = this.#batch;
    if (!this.#hasGreeted && !this.#greet(batch.hello)) return;
    const request = this.#parts.requestContext(batch.epoch, batch.budgetMs, receivedAtMs);
    this.#parts.begin(batch);
    let isAnswered = batch.count === 0;
    for (let index = 0; index < batch.count; index++) {
      const isDone = batch.isPlain(index) && this.#answerPlain(index);
      if (!isDone) this.#execute(batch.operation(index), request, receivedAtMs);
      if (this.#replies.length < MESSAGE_BYTES) continue;
      this.#send();
      isAnswered = true;
    }
    if (this.#replies.length > 0 || !isAnswered) this.#send();
  }

  /** Whether the client may go on. */
  #greet(hello: Hello__Output | undefined): boolean {
    const { clusterId, identity } = this.#parts;
    if (hello === undefined) {
      return this.#refuse("the first message of a pipe must introduce the client");
    }
    if (hello.clusterId !== "" && hello.clusterId !== clusterId) {
      return this.#refuse(`this node belongs to cluster ${clusterId}, not ${hello.clusterId}`);
    }
    if (hello.protocol !== PROTOCOL_VERSION) {
      return this.#refuse(`this node speaks protocol ${PROTOCOL_VERSION}, not ${hello.protocol}`);
    }
    this.#hasGreeted = true;
    this.#stream.write(pipeCodec.introduction(identity()));
    return true;
  }

  #refuse(details: string, code = status.INVALID_ARGUMENT): false {
    this.#close();
    this.#stream.emit("error", { code, details });
    return false;
  }

  /** An operation may have less time than its batch. */
  #requestOf(
    { budgetMs }: Operation__Output,
    request: RequestContext,
    receivedAtMs: number,
  ): RequestContext {
    if (budgetMs === undefined) return request;
    const own = this.#parts.requestContext(request.epoch, budgetMs, receivedAtMs);
    return own.deadlineMs < request.deadlineMs ? own : request;
  }

  #answerPlain(index: number): boolean {
    if (this.#isFinishing || this.#unsentBytes >= MAX_UNSENT_BYTES) return false;
    return this.#parts.answerPlain(this.#batch, index, this.#replies);
  }

  #execute(operation: Operation__Output, request: RequestContext, receivedAtMs: number): void {
    const refusal = this.#refusal();
    const reply =
      refusal === undefined
        ? this.#parts.execute(operation, this.#requestOf(operation, request, receivedAtMs))
        : toErrorReply(operation.id, refusal);
    if (!(reply instanceof Promise)) {
      this.#replies.reply(reply);
      return;
    }
    this.#inFlight += 1;
    reply.then(
      (later) => this.#onReply(later),
      // Operations turn failures into replies; this is for what nobody thought of.
      (error: unknown) => this.#onReply(toErrorReply(operation.id, error)),
    );
  }

  #refusal(): CacheError | undefined {
    if (this.#isFinishing) return new CacheError("UNAVAILABLE", "the node is stopping");
    if (this.#inFlight >= MAX_IN_FLIGHT) {
      return new CacheError("OVERLOADED", `${MAX_IN_FLIGHT} operations of this pipe are under way`);
    }
    if (this.#unsentBytes < MAX_UNSENT_BYTES) return undefined;
    return new CacheError("OVERLOADED", "the client does not take its replies; read them first");
  }

  #onReply(reply: Reply): void {
    this.#inFlight -= 1;
    if (this.#isClosed) return;
    this.#ready.push(reply);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // What completes in the same turn of the event loop shares a message.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#sendReady();
      this.#endWhenDone();
    });
  }

  #sendReady(): void {
    if (this.#isClosed) return;
    for (const reply of this.#ready) {
      this.#replies.reply(reply);
      if (this.#replies.length >= MESSAGE_BYTES) this.#send();
    }
    this.#ready = [];
    if (this.#replies.length > 0) this.#send();
  }

  /** Sends the message that has been written. */
  #send(): void {
    const message = this.#replies.take();
    const { length } = message;
    this.#unsentBytes += length;
    const hasRoom = this.#stream.write(message, () => {
      this.#unsentBytes -= length;
      this.#replies.giveBack(message);
    });
    if (hasRoom || this.#isChoked) return;
    this.#isChoked = true;
    this.#stream.pause();
    this.#cancelPatience = this.#parts.clock.after(MAX_SILENT_MS, () =>
      this.#refuse("the client does not take its replies", status.RESOURCE_EXHAUSTED),
    );
    this.#stream.once("drain", () => {
      this.#isChoked = false;
      this.#cancelPatience();
      this.#readOn();
    });
  }

  #endWhenDone(): void {
    if (!this.#isFinishing || this.#isClosed) return;
    if (this.#inFlight > 0 || this.#inbox.length > 0) return;
    this.#sendReady();
    this.#close();
    this.#stream.end();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ready = [];
    this.#cancelPatience();
    this.#onClosed();
  }
}
