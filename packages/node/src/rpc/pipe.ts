/**
 * The hot path of the wire: one long-lived stream for each client, batches of operations in,
 * replies out as they complete. A slow operation holds up nothing: its reply comes later, in
 * another message.
 *
 * Bounds: a pipe has at most `MAX_IN_FLIGHT` operations under way and about `MAX_UNSENT_BYTES` of
 * replies that its client has not taken; what comes beyond is answered OVERLOADED, unexecuted. And a
 * client that does not read is not read from.
 */
import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import { CacheError } from "@holdfast/core";
import {
  type Batch__Output,
  type Hello__Output,
  type Operation__Output,
  PROTOCOL_VERSION,
  type Replies,
  type Reply,
  toErrorReply,
} from "@holdfast/proto";
import type { RequestContext } from "./request-context.js";

const MAX_IN_FLIGHT = 20_000;

const MAX_UNSENT_BYTES = 64 * 2 ** 20;

/** Replies of one message together are about this large at most, unless a single one is larger. */
const MESSAGE_BYTES = 512 * 1_024;

/** What a reply takes besides its value, roughly. */
const REPLY_OVERHEAD_BYTES = 64;

export interface PipeParts {
  readonly clusterId: string;
  /** Who answers, and the epoch of its topology. */
  readonly identity: () => {
    readonly nodeId: string;
    readonly incarnation: string;
    readonly epoch: number;
  };
  /** Told of operations that are executed one after the other. */
  readonly prefetch: (operations: readonly Operation__Output[]) => void;
  readonly execute: (
    operation: Operation__Output,
    request: RequestContext,
  ) => Reply | Promise<Reply>;
  readonly requestContext: (epoch: number, budgetMs: number) => RequestContext;
}

type PipeCall = ServerDuplexStream<Batch__Output, Replies>;

/** The open pipes of a node, so that they can be ended when it stops. */
export class Pipes {
  readonly #parts: PipeParts;
  readonly #open = new Set<Pipe>();

  constructor(parts: PipeParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#open.size;
  }

  accept(call: PipeCall): void {
    const pipe = new Pipe(call, this.#parts, () => this.#open.delete(pipe));
    this.#open.add(pipe);
  }

  /** Ends every pipe once its operations under way have been answered. */
  close(): void {
    for (const pipe of this.#open) pipe.finish();
  }
}

class Pipe {
  readonly #call: PipeCall;
  readonly #parts: PipeParts;
  readonly #onClosed: () => void;
  #hasGreeted = false;
  #isClosed = false;
  #isFinishing = false;
  #inFlight = 0;
  /** Bytes of replies that have not left yet. */
  #unsentBytes = 0;
  #ready: Reply[] = [];
  #isScheduled = false;

  constructor(call: PipeCall, parts: PipeParts, onClosed: () => void) {
    this.#call = call;
    this.#parts = parts;
    this.#onClosed = onClosed;
    call.on("data", (batch: Batch__Output) => this.#onBatch(batch));
    call.on("end", () => this.finish());
    call.on("cancelled", () => this.#close());
    call.on("error", () => this.#close());
  }

  finish(): void {
    this.#isFinishing = true;
    this.#endWhenDone();
  }

  #onBatch(batch: Batch__Output): void {
    if (this.#isClosed) return;
    if (!this.#hasGreeted && !this.#greet(batch.hello ?? undefined)) return;
    const request = this.#parts.requestContext(batch.epoch, batch.budgetMs);
    this.#parts.prefetch(batch.operations);
    for (const operation of batch.operations) this.#execute(operation, request);
    this.#flush();
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
    this.#call.write({ hello: identity() });
    return true;
  }

  #refuse(details: string): false {
    this.#isClosed = true;
    this.#onClosed();
    this.#call.emit("error", { code: status.INVALID_ARGUMENT, details });
    return false;
  }

  /** An operation may have less time than its batch. */
  #requestOf({ budgetMs }: Operation__Output, request: RequestContext): RequestContext {
    if (budgetMs === undefined) return request;
    const own = this.#parts.requestContext(request.epoch, budgetMs);
    return own.deadlineMs < request.deadlineMs ? own : request;
  }

  #execute(operation: Operation__Output, request: RequestContext): void {
    const refusal = this.#refusal();
    const reply =
      refusal === undefined
        ? this.#parts.execute(operation, this.#requestOf(operation, request))
        : toErrorReply(operation.id, refusal);
    if (!(reply instanceof Promise)) {
      this.#addReady(reply);
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

  #addReady(reply: Reply): void {
    this.#ready.push(reply);
    this.#unsentBytes += sizeOf(reply);
  }

  #onReply(reply: Reply): void {
    this.#inFlight -= 1;
    if (this.#isClosed) return;
    this.#addReady(reply);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // What completes in the same turn of the event loop shares a message.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
      this.#endWhenDone();
    });
  }

  #flush(): void {
    if (this.#isClosed || this.#ready.length === 0) return;
    const replies = this.#ready;
    this.#ready = [];
    let hasRoom = true;
    for (const { message, bytes } of intoMessages(replies)) {
      hasRoom = this.#call.write({ replies: message }, () => {
        this.#unsentBytes -= bytes;
      });
    }
    if (hasRoom || this.#call.isPaused()) return;
    this.#call.pause();
    this.#call.once("drain", () => this.#call.resume());
  }

  #endWhenDone(): void {
    if (!this.#isFinishing || this.#inFlight > 0 || this.#isClosed) return;
    this.#flush();
    this.#close();
    this.#call.end();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ready = [];
    this.#onClosed();
  }
}

/** Cuts a list of replies so that no message is much larger than need be. */
function* intoMessages(
  replies: readonly Reply[],
): Iterable<{ readonly message: Reply[]; readonly bytes: number }> {
  let message: Reply[] = [];
  let bytes = 0;
  for (const reply of replies) {
    const size = sizeOf(reply);
    if (message.length > 0 && bytes + size > MESSAGE_BYTES) {
      yield { message, bytes };
      message = [];
      bytes = 0;
    }
    message.push(reply);
    bytes += size;
  }
  if (message.length > 0) yield { message, bytes };
}

function sizeOf({ value }: Reply): number {
  return REPLY_OVERHEAD_BYTES + (value?.length ?? 0);
}
