/**
 * One operation from call to answer, over all its attempts. Finds the owner, hands the operation
 * to a pipe, and decides what an answer, a broken pipe, the deadline, an abort and the closing of
 * the client mean for the caller:
 *
 *   - as long as nothing was sent, or a node said that nothing was done, the operation did not
 *     happen: it is tried again, and at the end of its time fails with `DEADLINE_EXCEEDED`;
 *   - a read may be tried again at any time;
 *   - a write that was sent and not answered is never sent again: `OUTCOME_UNKNOWN`.
 *
 *             attempt             onSend
 *   waiting ----------> queued ------------> sent
 *      ^                  |                   |
 *      +-- failed, and certainly not done ----+---> done
 */
import { CacheError, type Clock, NotOwnerError, type Random } from "@holdfast/core";
import {
  type BatchWriter,
  errorOfReply,
  type Operation,
  pipeCodec,
  type Reply__Output,
  ReplyReader,
} from "@holdfast/proto";
import type { Router, Target } from "../routing/router.js";
import type { Attempt, Pipe } from "../transport/pipe.js";
import { PlainOperation } from "./plain-operation.js";
import { finalError, nextStep } from "./retry.js";
import { notRetried, type RetryBudget } from "./retry-budget.js";
import { TimedCall } from "./running-calls.js";
import type { Tally } from "./tally.js";
import type { OnFinished } from "./watch.js";

export interface CallRequest<Result = Reply__Output> {
  readonly operation: Operation | PlainOperation;
  /** Where the operation goes: to the owner of a partition, or to one run of a node. */
  readonly to: number | Target;
  readonly isWrite: boolean;
  /** Absent: it is not. */
  readonly isOneOfMany?: boolean | undefined;
  /** Rough size on the wire. */
  readonly bytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** What the caller gets, made of the reply to an operation that succeeded; absent: the reply as an object. */
  readonly toResult?: ToResult<Result> | undefined;
  /** Called at the end, before the caller is told; not where the operation was refused before it began. */
  readonly onSettled?: (() => void) | undefined;
  /** Whether to fail with `UNAVAILABLE` rather than to wait for an owner that can be used. Default: false. */
  readonly failsFast?: boolean;
  /**
   * Makes the operation that is sent, in the call's time; absent: `operation` is. Calls back once, after
   * it has returned, unless what it returns is called before.
   */
  readonly prepare?: (
    onReady: (operation: Operation) => void,
    onFailure: (reason: unknown) => void,
  ) => () => void;
}

/** @param replies - valid during the call. @param index - of the one that is meant. */
export type ToResult<Result> = (replies: ReplyReader, index: number) => Result;

/** What a call needs of the rest of the client. */
export interface CallContext {
  readonly clock: Clock;
  readonly random: Random;
  router(): Router;
  /** The pipe to a node that there is nothing against; `undefined`: see `detour` and `pipeTo`. */
  wellKnownPipeTo(target: Target): Pipe | undefined;
  readonly budget: RetryBudget;
  readonly tally: Tally;
  /**
   * @param mayProbe - whether it may wait for the outcome of a try to reach a node that has failed.
   * @throws {CacheError} `UNAVAILABLE` when it cannot be tried now.
   */
  pipeTo(target: Target, knownSinceEpoch: number, mayProbe: boolean): Pipe;
  /** Another way for this operation; `undefined` when there is none, or no need. */
  detour(target: Target, operation: Operation | PlainOperation): Detour | undefined;
  /** A node has named this epoch. */
  expectEpoch(epoch: number): void;
  /** Calls back when the signal aborts, unless cancelled. */
  onAbort(signal: AbortSignal, callback: () => void): () => void;
  /** Calls back at the next newer topology, unless cancelled. */
  onNextTopology(callback: () => void): () => void;
  isFromFormerOwner(partition: number, term: number): boolean;
  /** A deadline has passed, and nothing was heard of this node since the operation was sent, or began to wait for that. */
  suspect(target: Target): void;
  /** The owner that the topology names does not serve, and knows of no other. */
  doubtTopology(): void;
}

/** `begin` is called before anything is sent, and says whether the answer is still wanted. */
export type Detour = (budgetMs: number, begin: () => boolean) => Promise<Reply__Output>;

const NOTHING = () => {};

/** With less time than this left, a write that failed is not tried again, in milliseconds. */
const LAST_WRITE_MS = 25;

/** Called at the end of a call, before its caller is told. @param reason - `undefined`: it succeeded. */
export type OnDone = (call: Call, reason: unknown) => void;

export class Call extends TimedCall implements Attempt {
  readonly #context: CallContext;
  readonly request: CallRequest<unknown>;
  readonly #onDone: OnDone;
  readonly #resolve: (result: unknown) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #ignoreAbort: () => void;
  /** What an observer wants to be told at its end. */
  onFinished: OnFinished | undefined;
  id = 0;
  #operation: Operation | PlainOperation;
  #at: "waiting" | "queued" | "sent" | "done" = "waiting";
  /** Calls off what a call that waits is waiting for. */
  #cancelWaiting: () => void = NOTHING;
  /** Where a call went that is queued or sent. */
  #target: Target | undefined;
  /** Where it still is; `undefined`: nowhere, or on a detour. */
  #pipe: Pipe | undefined;
  #failures = 0;
  #attempts = 0;
  #answeredAtMs: number | undefined;
  #lastError: CacheError | undefined;
  #sentAtMs = 0;

  constructor(
    context: CallContext,
    request: CallRequest<unknown>,
    onDone: OnDone,
    resolve: (result: unknown) => void,
    reject: (reason: unknown) => void,
  ) {
    super(request.timeoutMs, context.clock.monotonic());
    this.#onDone = onDone;
    this.#context = context;
    this.request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    const { operation, signal } = request;
    this.#operation = operation;
    this.#ignoreAbort =
      signal === undefined
        ? NOTHING
        : context.onAbort(signal, () => this.end(signal.reason, "aborted by the caller"));
  }

  get operations(): number {
    return 1;
  }

  get isOneOfMany(): boolean {
    return this.request.isOneOfMany === true;
  }

  get isRepeatable(): boolean {
    // What is for one run of a node is for no other.
    return !this.request.isWrite && typeof this.request.to === "number";
  }

  get bytes(): number {
    return this.request.bytes;
  }

  /** How often it was sent. */
  get attempts(): number {
    return this.#attempts;
  }

  /** When the last answer came, if a pipe brought it. */
  get answeredAtMs(): number | undefined {
    return this.#answeredAtMs;
  }

  /** Makes the first attempt, as soon as there is something to send. */
  start(): void {
    const { prepare } = this.request;
    if (prepare === undefined) {
      this.#attempt(undefined, 0);
      return;
    }
    this.#cancelWaiting = prepare(
      (operation) => {
        this.#operation = operation;
        this.#attempt(undefined, 0);
      },
      (reason) => this.#rejectWith(reason),
    );
  }

  get isQueued(): boolean {
    return this.#at === "queued";
  }

  onSend(nowMs: number): void {
    if (this.#at !== "queued") return;
    this.#sentAtMs = nowMs;
    this.#attempts += 1;
    this.#at = "sent";
  }

  writeTo(batch: BatchWriter, budgetMs: number | undefined): void {
    const operation = this.#operation;
    if (operation instanceof PlainOperation) operation.writeTo(batch, this.id, budgetMs);
    else batch.operation(this.id, operation, budgetMs);
  }

  onReply(replies: ReplyReader, index: number): void {
    if (this.#at === "done") return;
    const pipe = this.#at === "sent" ? this.#pipe : undefined;
    if (pipe !== undefined) this.#context.tally.answered += 1;
    this.#answeredAtMs = pipe?.lastMessageMs;
    this.#pipe = undefined;
    const { isWrite, to } = this.request;
    const isOk = replies.isOk(index);
    const term = replies.terms[index] as number;
    const isLate = typeof to === "number" && this.#context.isFromFormerOwner(to, term);
    if (isOk && !isLate) this.#resolveWith(replies, index);
    // What a former owner read, or decided upon what it read, says nothing any more. What it wrote does.
    else if (isLate && (isWrite ? replies.reply(index).outcome === "NOT_APPLIED" : isOk)) {
      this.#failed(new CacheError("UNAVAILABLE", "a former owner of the key answered"));
    } else this.#onOutcome(replies, index);
  }

  #onOutcome(replies: ReplyReader, index: number): void {
    const reply = replies.reply(index);
    const error = errorOfReply(reply);
    if (error === undefined) this.#resolveWith(replies, index);
    else if (
      this.request.isWrite &&
      reply.outcome === "UNKNOWN" &&
      error.code !== "OUTCOME_UNKNOWN"
    ) {
      this.#rejectWith(unknownOutcome(error.message, error));
    } else this.#failed(error);
  }

  onFailure(error: CacheError, wasRefused: boolean): void {
    if (this.#at === "done") return;
    this.#pipe = undefined;
    if (!wasRefused && this.#isPossiblyDone())
      this.#rejectWith(unknownOutcome(error.message, error));
    else if (error.code === "CLOSED") this.#rejectWith(error);
    else this.#failed(new CacheError("UNAVAILABLE", error.message, { cause: error }));
  }

  /**
   * Ends the call without an answer: with `reason`, unless it is a write that may have happened;
   * then with `OUTCOME_UNKNOWN`, caused by `reason`.
   */
  end(reason: unknown, why: string): void {
    if (this.#at === "done") return;
    this.#rejectWith(this.#isPossiblyDone() ? unknownOutcome(why, reason) : reason);
  }

  #isPossiblyDone(): boolean {
    return this.request.isWrite && this.#at === "sent";
  }

  #attempt(named: Target | undefined, knownSinceEpoch: number): void {
    const target = named ?? this.#owner();
    if (target === undefined) {
      this.#failed(new CacheError("UNAVAILABLE", "the key's partition has no owner"));
      return;
    }
    const pipe = this.#context.wellKnownPipeTo(target);
    if (pipe === undefined) this.#attemptAt(target, knownSinceEpoch);
    else this.#sendBy(target, pipe);
  }

  #attemptAt(target: Target, knownSinceEpoch: number): void {
    const detour = this.#context.detour(target, this.#operation);
    if (detour !== undefined) {
      this.#take(detour, target);
      return;
    }
    let pipe: Pipe;
    try {
      pipe = this.#context.pipeTo(target, knownSinceEpoch, !this.request.failsFast);
    } catch (error) {
      this.#failed(CacheError.from(error));
      return;
    }
    this.#sendBy(target, pipe);
  }

  #sendBy(target: Target, pipe: Pipe): void {
    this.#queue(target, pipe);
    pipe.send(this);
  }

  #queue(target: Target, pipe: Pipe | undefined): void {
    this.#at = "queued";
    this.#cancelWaiting = NOTHING;
    this.#target = target;
    this.#pipe = pipe;
  }

  #owner(): Target | undefined {
    const { to } = this.request;
    return typeof to === "number" ? this.#context.router().ownerOf(to) : to;
  }

  #take(detour: Detour, target: Target): void {
    this.#queue(target, undefined);
    const begin = () => {
      this.onSend(this.#context.clock.monotonic());
      return this.#at === "sent";
    };
    detour(this.#msLeft(), begin).then(
      (reply) => {
        const replies = new ReplyReader(pipeCodec, 1);
        replies.take({ replies: [reply] });
        this.onReply(replies, 0);
      },
      (error: unknown) => this.onFailure(CacheError.from(error), false),
    );
  }

  #msLeft(): number {
    return Math.max(1, Math.ceil(this.deadlineMs - this.#context.clock.monotonic()));
  }

  /** An attempt failed, and the operation was certainly not executed. */
  #failed(error: CacheError): void {
    const { random, clock, budget, tally } = this.#context;
    const router = this.#context.router();
    const earlierFailures = this.#failures;
    this.#failures += 1;
    this.#lastError = error;
    const { to, failsFast = false } = this.request;
    if (error instanceof NotOwnerError) this.#context.expectEpoch(error.hint.epoch);
    const step = nextStep({ error, earlierFailures, epoch: router.epoch, failsFast }, random);
    const isGone = typeof to !== "number" && !router.has(to.incarnation);
    if (step.step === "give-up" || isGone) {
      this.#rejectWith(finalError(error));
    } else if (step.step === "follow" && error instanceof NotOwnerError) {
      tally.redirects += 1;
      this.#attempt(step.owner, error.hint.epoch);
    } else if (step.step === "wait" && step.isPaidFor && !budget.spend()) {
      this.#rejectWith(notRetried(error));
    } else if (step.step === "wait") {
      this.#context.doubtTopology();
      this.#wait(step.waitMs, clock);
    }
  }

  #wait(waitMs: number, clock: Clock): void {
    this.#at = "waiting";
    const tryAgain = () => {
      this.#cancelWaiting();
      this.#cancelWaiting = NOTHING;
      // A write whose answer would hardly come in time is better not made at all.
      const isTooLate = this.request.isWrite && this.#msLeft() < LAST_WRITE_MS;
      if (isTooLate) return;
      this.#context.tally.retries += 1;
      this.#attempt(undefined, 0);
    };
    const cancelTimer = clock.after(waitMs, tryAgain);
    const cancelListener = this.#context.onNextTopology(tryAgain);
    this.#cancelWaiting = () => {
      cancelTimer();
      cancelListener();
    };
  }

  expire(): void {
    const sinceMs = this.#at === "sent" ? this.#sentAtMs : this.startedAtMs;
    const isSilent = this.#pipe?.isSilentSince(sinceMs);
    if (isSilent && this.#target !== undefined) this.#context.suspect(this.#target);
    const last = this.#lastError;
    const why =
      last === undefined ? "" : `; an attempt before was answered ${last.code}: ${last.message}`;
    const message = `no answer within ${this.request.timeoutMs} ms${why}`;
    const cause = last === undefined ? {} : { cause: last };
    this.end(new CacheError("DEADLINE_EXCEEDED", message, cause), message);
  }

  #resolveWith(replies: ReplyReader, index: number): void {
    const { toResult } = this.request;
    this.#finish(undefined);
    try {
      this.#resolve(toResult === undefined ? replies.reply(index) : toResult(replies, index));
    } catch (error) {
      this.#reject(error);
    }
  }

  #rejectWith(reason: unknown): void {
    this.#finish(reason);
    this.#reject(reason);
  }

  #finish(reason: unknown): void {
    const at = this.#at;
    this.#at = "done";
    this.#ignoreAbort();
    this.#cancelWaiting();
    if (at === "queued" || at === "sent") this.#pipe?.withdraw(this);
    this.#onDone(this, reason);
    this.request.onSettled?.();
  }
}

function unknownOutcome(why: string, cause: unknown): CacheError {
  const message = `the write was sent, and whether it happened is not known: ${why}`;
  return new CacheError("OUTCOME_UNKNOWN", message, { cause });
}
