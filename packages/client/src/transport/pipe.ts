/**
 * One stream of batches to one incarnation of a node: gathers operations into batches, gives them
 * numbers, and brings each reply to the attempt it answers. Where an operation goes, and whether it
 * is tried again, is decided in call.ts; how often a pipe is opened, in members.ts.
 *
 *            hello answered by the expected incarnation
 *   opening ---------------------------------------------> open
 *      |                                                     |
 *      +------ no answer, another process, stream ended -----+--> closed
 *
 * The hello travels alone. So nothing was sent before the other side is known to be there and to be
 * the right one, and whatever was only queued may safely go elsewhere.
 *
 * A node that stops in good order answers all that it has begun and then ends the stream. So what is
 * still unanswered at such an end came too late to be begun; after any other end nobody knows.
 *
 * Batching adapts without a timer. With nothing in flight a batch leaves at the end of the current
 * tick, with what the tick asked for. Otherwise it leaves when the event loop has gone round. What the client has in
 * flight is spread over three batches: with its part of them unanswered, a node is sent another one only if that is full.
 * So the busier client and nodes are, the more gathers. A node answers every batch as soon as it has looked at all of it,
 * if need be with nothing: a slow load does not hold up what is asked for after it.
 */
import { CacheError, type CancelTimer, type Clock, type Logger } from "@holdfast/core";
import { BatchWriter, type Hello, pipeCodec, ReplyReader } from "@holdfast/proto";
import { SendQueue } from "./send-queue.js";
import { SentAttempts } from "./sent-attempts.js";
import type { Traffic } from "./traffic.js";
import type { BatchStream, StreamHandlers } from "./wire.js";

/** Operations whose time differs by no more than this need not say so: the node answers before it. */
const SAME_BUDGET_MS = 10;

/** Fewer operations than this stay together. */
const LEAST_TO_SPLIT = 32;

/**
 * Over so many batches is spread what the client has in flight, at all nodes together; and so many the transport may have
 * without having taken them.
 */
const BATCHES_IN_FLIGHT = 3;

/** One try of an operation, or of several at once. Each is answered once, or all the others fail, unless withdrawn. */
export interface Attempt {
  /** The number under which a pipe has sent it last, which the pipe sets; 0: none has. Further operations follow it. */
  id: number;
  /** How many there are; no more than fit into a batch. */
  readonly operations: number;
  readonly bytes: number;
  /** On the clock's monotonic scale. */
  readonly deadlineMs: number;
  /** It is one of many that one call asks for: they share a message, as far as they fit into one. */
  readonly isOneOfMany: boolean;
  /** Whether it is still to be sent. */
  readonly isQueued: boolean;
  /** Whether another node may as well execute it, be it once more. */
  readonly isRepeatable: boolean;
  /** @param budgetMs - for how long its caller waits; `undefined`: as long as the others of the batch. */
  writeTo(batch: BatchWriter, budgetMs: number | undefined): void;
  /** From now on the node may have executed it. */
  onSend(nowMs: number): void;
  /** @param replies - valid during the call. @param index - of one that is for it. */
  onReply(replies: ReplyReader, index: number): void;
  /**
   * What is not answered will not be, or is no longer waited for here.
   *
   * @param wasRefused - Whether it certainly was not executed, even if it was sent.
   */
  onFailure(error: CacheError, wasRefused: boolean): void;
}

export interface BatchBounds {
  readonly maxOperations: number;
  readonly maxBytes: number;
}

export interface PipeOptions {
  readonly hello: Hello;
  readonly bounds: BatchBounds;
  /** What the pipe counts in. */
  readonly traffic: Traffic;
  /** Longest wait for the hello's answer, in milliseconds. */
  readonly openTimeoutMs: number;
  /** The epoch of the client's topology at this moment. */
  readonly epoch: () => number;
  /** Operations that the client has in flight at this moment, on all pipes. */
  readonly inFlight: () => number;
  /** Called once, unless the client itself closed the pipe. @param isInGoodOrder - Whether the node ended it so. */
  readonly onClosed: (error: CacheError, isInGoodOrder: boolean) => void;
  readonly onOpen: () => void;
}

type State =
  | { readonly at: "opening"; readonly cancelTimeout: CancelTimer }
  | { readonly at: "open" }
  | { readonly at: "closed"; readonly error: CacheError };

export class Pipe {
  readonly #options: PipeOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #stream: BatchStream;
  readonly #queued = new SendQueue<Attempt>();
  readonly #sent = new SentAttempts<Attempt>();
  readonly #batch = new BatchWriter(pipeCodec);
  readonly #replies = new ReplyReader(pipeCodec);
  #lastId = 0;
  /** Batches that the transport has not taken yet. */
  #writing = 0;
  /** Batches that the node has not answered yet, as far as messages tell: it may send several for one. */
  #unanswered = 0;
  #isFlushPlanned = false;
  #lastMessageMs = Number.NEGATIVE_INFINITY;
  #state: State;

  constructor(
    open: (handlers: StreamHandlers<Buffer>) => BatchStream,
    options: PipeOptions,
    clock: Clock,
    logger: Logger,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#logger = logger;
    const cancelTimeout = clock.after(options.openTimeoutMs, () =>
      this.#fail(new CacheError("UNAVAILABLE", `no answer within ${options.openTimeoutMs} ms`)),
    );
    this.#state = { at: "opening", cancelTimeout };
    this.#stream = open({
      message: (message) => this.#onMessage(message),
      ended: (error) => {
        if (error !== undefined) this.#fail(error);
        else this.#fail(new CacheError("UNAVAILABLE", "the node is stopping"), true);
      },
    });
    const { hello } = options;
    const budgetMs = options.openTimeoutMs;
    this.#write(pipeCodec.writeBatchGenerally({ hello, epoch: options.epoch(), budgetMs }));
  }

  get isOpen(): boolean {
    return this.#state.at === "open";
  }

  get bounds(): BatchBounds {
    return this.#options.bounds;
  }

  /** When the node was last heard of, on the monotonic clock. */
  get lastMessageMs(): number {
    return this.#lastMessageMs;
  }

  /** Whether the node has something to answer, and has said nothing since then. */
  isSilentSince(sinceMs: number): boolean {
    return this.#unanswered > 0 && this.#lastMessageMs < sinceMs;
  }

  send(attempt: Attempt): void {
    if (this.#state.at === "closed") {
      attempt.onFailure(this.#state.error, true);
      return;
    }
    this.#queued.add(attempt);
    // A tick's end comes after every promise continuation of it, however deep.
    this.#planFlush(this.#sent.size === 0 ? process.nextTick : setImmediate);
  }

  /** Forgets an attempt whose caller no longer waits. A reply that comes later is ignored. */
  withdraw(attempt: Attempt): void {
    // One that is tried again, and not sent yet, has the number of the try before.
    if (!this.#sent.remove(attempt)) this.#queued.withdraw(attempt);
  }

  /** Fails what is not sent, or may as well be sent elsewhere; the rest waits for its answers. Nothing is sent any more. */
  giveBack(error: CacheError): void {
    const queued = this.#queued.takeAll();
    const sent = this.#sent.takeAll();
    for (const attempt of sent) {
      if (!attempt.isRepeatable) this.#sent.add(attempt);
    }
    for (const attempt of queued) attempt.onFailure(error, true);
    for (const attempt of sent) if (attempt.isRepeatable) attempt.onFailure(error, false);
  }

  /** Ends the pipe. Every attempt in it fails with `error`; `onClosed` is not called. */
  close(error: CacheError): void {
    if (this.#state.at !== "closed") this.#end(error, false);
  }

  #setState(state: State): void {
    if (this.#state.at === "opening") this.#state.cancelTimeout();
    this.#state = state;
  }

  #fail(error: CacheError, isInGoodOrder = false): void {
    if (this.#state.at === "closed") return;
    // Told first: who retries in answer to the failure must not be given this pipe again.
    this.#options.onClosed(error, isInGoodOrder);
    this.#end(error, isInGoodOrder);
  }

  #end(error: CacheError, isInGoodOrder: boolean): void {
    this.#setState({ at: "closed", error });
    this.#stream.close();
    const queued = this.#queued.takeAll();
    const sent = this.#sent.takeAll();
    for (const attempt of queued) attempt.onFailure(error, true);
    for (const attempt of sent) attempt.onFailure(error, isInGoodOrder);
  }

  #onMessage(message: Buffer): void {
    this.#lastMessageMs = this.#clock.monotonic();
    const replies = this.#replies;
    try {
      replies.read(message);
    } catch (cause) {
      this.#fail(new CacheError("INTERNAL", "the node answered what is no message", { cause }));
      return;
    }
    const { hello, count, ids } = replies;
    this.#unanswered = Math.max(0, this.#unanswered - 1);
    this.#options.traffic.replies += count;
    if (this.#state.at === "opening" && hello) this.#onHello(hello.incarnation);
    if (this.#state.at === "open") {
      for (let index = 0; index < count; index++) {
        this.#sent.take(ids[index] as number)?.onReply(replies, index);
      }
    }
    replies.clear();
    // Nothing is owed: that heals a count that a node of another version has left too high.
    if (this.#sent.size === 0) this.#unanswered = 0;
    // Later than what the callers that were answered ask for next.
    this.#planFlush(setImmediate);
  }

  #onHello(incarnation: string): void {
    const { expectedIncarnation, expectedNodeId } = this.#options.hello;
    if (incarnation !== expectedIncarnation) {
      const message = `another process than the expected run of ${expectedNodeId} answered`;
      this.#fail(new CacheError("UNAVAILABLE", message));
      return;
    }
    this.#setState({ at: "open" });
    this.#options.onOpen();
  }

  #planFlush(soon: (flush: () => void) => void): void {
    if (this.#isFlushPlanned || this.#state.at !== "open" || !this.#mayFlush()) return;
    this.#isFlushPlanned = true;
    soon(() => this.#flush());
  }

  /** Whether there is a batch to send by now. */
  #mayFlush(): boolean {
    const { operations, bytes } = this.#queued;
    if (operations === 0 || this.#writing >= BATCHES_IN_FLIGHT) return false;
    if (this.#unanswered < this.#mostUnanswered()) return true;
    return operations >= this.#maxOperations() || bytes >= this.#options.bounds.maxBytes;
  }

  /** This node's part of the batches in flight, as large as its part of the operations. */
  #mostUnanswered(): number {
    const part = (this.#sent.size + this.#queued.operations) / this.#options.inFlight();
    return Math.min(Math.max(1, Math.round(BATCHES_IN_FLIGHT * part)), BATCHES_IN_FLIGHT);
  }

  #flush(): void {
    this.#isFlushPlanned = false;
    if (this.#state.at !== "open" || !this.#mayFlush()) return;
    const attempts = this.#queued.take(this.#maxOperations(), this.#options.bounds.maxBytes);
    const nowMs = this.#clock.monotonic();
    // The longest: a shorter one would end its neighbours early.
    let deadlineMs = 0;
    let operations = 0;
    for (const attempt of attempts) {
      deadlineMs = Math.max(deadlineMs, attempt.deadlineMs);
      operations += attempt.operations;
    }
    const batch = this.#batch;
    batch.begin(this.#options.epoch(), budgetUntil(deadlineMs, nowMs));
    for (const attempt of attempts) this.#put(attempt, deadlineMs, nowMs);
    const { traffic } = this.#options;
    traffic.batches += 1;
    traffic.operations += operations;
    const message = batch.take();
    this.#unanswered += 1;
    this.#write(message);
    this.#logger.debug({ operations, bytes: message.length }, "sent a batch");
    this.#flush();
  }

  /**
   * A part of what is in flight, so that one node works on a batch while this process works on the replies to
   * another and a third is on its way; all in one would have each of them wait for the other. Where several nodes work
   * anyway, to split what goes to one of them further would only make more messages.
   */
  #maxOperations(): number {
    if (this.#queued.first?.isOneOfMany) return this.#options.bounds.maxOperations;
    const part = Math.ceil(this.#options.inFlight() / BATCHES_IN_FLIGHT);
    return Math.min(Math.max(part, LEAST_TO_SPLIT), this.#options.bounds.maxOperations);
  }

  /** Puts operations into the batch. @param batchDeadlineMs - one that waits for less says so. */
  #put(attempt: Attempt, batchDeadlineMs: number, nowMs: number): void {
    const { deadlineMs } = attempt;
    const isShort = deadlineMs + SAME_BUDGET_MS < batchDeadlineMs;
    attempt.id = this.#lastId + 1;
    this.#lastId += attempt.operations;
    attempt.writeTo(this.#batch, isShort ? budgetUntil(deadlineMs, nowMs) : undefined);
    this.#sent.add(attempt);
    attempt.onSend(nowMs);
  }

  #write(batch: Buffer): void {
    this.#writing += 1;
    this.#stream.write(batch, () => {
      this.#writing -= 1;
      // What is queued now has waited for this write: the event loop has gone round since.
      this.#planFlush(process.nextTick);
    });
  }
}

function budgetUntil(deadlineMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil(deadlineMs - nowMs));
}
