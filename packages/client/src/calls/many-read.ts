/**
 * Reading many keys with less to do for each of them than a call of its own: one promise, one deadline and one place
 * in the flight for all. It tries once. What it does not get in that way, because an owner is another one by now, or
 * cannot be reached, or has too much to do, is left to calls, which persevere.
 */
import { CacheError, NotOwnerError } from "@holdfast/core";
import {
  type BatchWriter,
  errorOfReply,
  type Operation,
  type ReplyReader,
  WIRE_FORMS,
} from "@holdfast/proto";
import type { Target } from "../routing/router.js";
import type { Attempt, Pipe } from "../transport/pipe.js";
import type { CallContext } from "./call.js";
import { notRetried } from "./retry-budget.js";
import { TimedCall } from "./running-calls.js";

/** A GET of a key. */
export type ReadOperation = Operation & { readonly key: Uint8Array };

export interface ManyReadRequest {
  readonly operations: readonly ReadOperation[];
  /** Rough size on the wire, of all together. */
  readonly bytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** As of a call. */
  readonly failsFast: boolean;
  /** Gets the reply to each operation that succeeded, at `at` of `replies`. What it throws ends the reading. */
  readonly take: (index: number, replies: ReplyReader, at: number) => void;
}

/** What an operation takes on the wire beside its key, roughly. */
const OVERHEAD_BYTES = 32;

/** One of the keys, on its way. */
class OneRead implements Attempt {
  readonly operation: ReadOperation;
  readonly deadlineMs: number;
  readonly bytes: number;
  readonly isOneOfMany = true;
  readonly isRepeatable = true;
  readonly index: number;
  readonly partition: number;
  readonly target: Target;
  readonly pipe: Pipe;
  readonly #all: ManyRead;
  id = 0;
  at: "queued" | "sent" | "done" = "queued";
  sentAtMs = 0;

  constructor(all: ManyRead, index: number, partition: number, target: Target, pipe: Pipe) {
    this.#all = all;
    this.index = index;
    this.partition = partition;
    this.target = target;
    this.pipe = pipe;
    this.deadlineMs = all.deadlineMs;
    // Whoever asks has checked that there is one.
    this.operation = all.request.operations[index] as ReadOperation;
    this.bytes = OVERHEAD_BYTES + this.operation.key.length;
  }

  get isQueued(): boolean {
    return this.at === "queued";
  }

  onSend(nowMs: number): void {
    this.at = "sent";
    this.sentAtMs = nowMs;
  }

  writeTo(batch: BatchWriter, budgetMs: number | undefined): void {
    batch.operation(this.id, this.operation, budgetMs);
  }

  onReply(replies: ReplyReader, at: number): void {
    this.at = "done";
    this.#all.onReply(this, replies, at);
  }

  onFailure(): void {
    this.at = "done";
    this.#all.onMissed(this.index);
  }
}

export class ManyRead extends TimedCall {
  readonly request: ManyReadRequest;
  readonly #context: CallContext;
  readonly #onDone: (read: ManyRead, reason: unknown) => void;
  readonly #resolve: (missed: readonly number[]) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #ignoreAbort: () => void;
  readonly #reads: OneRead[] = [];
  readonly #missed: number[] = [];
  #open: number;
  #isDone = false;

  /** @param onDone - called before it resolves, with the places of operations that it has missed, or rejects. */
  constructor(
    context: CallContext,
    request: ManyReadRequest,
    onDone: (read: ManyRead, reason: unknown) => void,
    resolve: (missed: readonly number[]) => void,
    reject: (reason: unknown) => void,
  ) {
    super(request.timeoutMs, context.clock.monotonic());
    this.#context = context;
    this.request = request;
    this.#onDone = onDone;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#open = request.operations.length;
    const { signal } = request;
    this.#ignoreAbort =
      signal === undefined ? () => {} : context.onAbort(signal, () => this.end(signal.reason));
  }

  /** How many have been answered. */
  get answered(): number {
    return this.request.operations.length - this.#open - this.#missed.length;
  }

  start(): void {
    const router = this.#context.router();
    const pipes = new Map<Target, Pipe | undefined>();
    this.request.operations.forEach(({ key }, index) => {
      const partition = router.partitionOf(key);
      const target = router.ownerOf(partition);
      const pipe = target && this.#pipeTo(target, pipes);
      if (target === undefined || pipe === undefined) this.onMissed(index);
      else this.#reads.push(new OneRead(this, index, partition, target, pipe));
    });
    // Only now: a pipe that has ended says so at once.
    for (const read of this.#reads) read.pipe.send(read);
  }

  onReply({ index, partition }: OneRead, replies: ReplyReader, at: number): void {
    if (this.#isDone) return;
    this.#context.tally.answered += 1;
    const error = replies.isOk(at) ? undefined : errorOfReply(replies.reply(at));
    if (error !== undefined) {
      this.#onError(index, error);
      return;
    }
    if (this.#context.isFromFormerOwner(partition, replies.terms[at] as number)) {
      this.onMissed(index);
      return;
    }
    try {
      this.request.take(index, replies, at);
    } catch (error) {
      this.#rejectWith(error);
      return;
    }
    this.#settle();
  }

  #onError(index: number, error: CacheError): void {
    if (error instanceof NotOwnerError) this.#context.expectEpoch(error.hint.epoch);
    if (WIRE_FORMS[error.code].retry === "never") this.#rejectWith(error);
    else if (error.code !== "OVERLOADED" || this.#context.budget.spend()) this.onMissed(index);
    else this.#rejectWith(notRetried(error));
  }

  onMissed(index: number): void {
    if (this.#isDone) return;
    this.#missed.push(index);
    this.#settle();
  }

  expire(): void {
    const silent = this.#reads.filter(({ at, pipe, sentAtMs }) => {
      return at === "sent" && pipe.lastMessageMs < sentAtMs;
    });
    const targets = new Set(silent.map(({ target }) => target));
    for (const target of targets) this.#context.suspect(target);
    const message = `no answer within ${this.timeoutMs} ms`;
    this.#rejectWith(new CacheError("DEADLINE_EXCEEDED", message));
  }

  end(reason: unknown): void {
    this.#rejectWith(reason);
  }

  #pipeTo(target: Target, pipes: Map<Target, Pipe | undefined>): Pipe | undefined {
    if (!pipes.has(target)) pipes.set(target, this.#openPipeTo(target));
    return pipes.get(target);
  }

  #openPipeTo(target: Target): Pipe | undefined {
    try {
      return this.#context.pipeTo(target, 0, !this.request.failsFast);
    } catch {
      return undefined;
    }
  }

  #settle(): void {
    this.#open -= 1;
    if (this.#open > 0) return;
    this.#finish(undefined);
    this.#resolve(this.#missed);
  }

  #rejectWith(reason: unknown): void {
    if (this.#isDone) return;
    this.#finish(reason);
    for (const read of this.#reads) {
      if (read.at === "done") continue;
      read.at = "done";
      read.pipe.withdraw(read);
    }
    this.#reject(reason);
  }

  #finish(reason: unknown): void {
    this.#isDone = true;
    this.#ignoreAbort();
    this.#onDone(this, reason);
  }
}
