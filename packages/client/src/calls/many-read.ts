/**
 * Reading many keys with less to do for each of them than a call of its own: one promise, one deadline and one place
 * in the flight for all. It tries once. What it does not get in that way, because an owner is another one by now, or
 * cannot be reached, or has too much to do, is left to calls, which persevere.
 */
import { CacheError, NotOwnerError } from "@holdfast/core";
import {
  type BatchWriter,
  errorOfReply,
  type ReadTerms,
  type ReplyReader,
  WIRE_FORMS,
} from "@holdfast/proto";
import type { Target } from "../routing/router.js";
import type { Attempt, Pipe } from "../transport/pipe.js";
import type { CallContext } from "./call.js";
import { notRetried } from "./retry-budget.js";
import { TimedCall } from "./running-calls.js";

export interface ManyReadRequest extends ReadTerms {
  /** Well-formed. */
  readonly keys: readonly string[];
  /** By the place of a key. */
  readonly partitions: readonly number[];
  /** Rough size on the wire, of all together. */
  readonly bytes: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** As of a call. */
  readonly failsFast: boolean;
  /** Gets the reply to each operation that succeeded, at `at` of `replies`. What it throws ends the reading. */
  readonly take: (index: number, replies: ReplyReader, at: number) => void;
}

/** What a read takes on the wire beside its key, roughly. */
const OVERHEAD_BYTES = 32;

/** Bytes of UTF-8 for a unit of UTF-16, at most. */
const MOST_BYTES_PER_UNIT = 3;

/** Stands for the place of a key that was answered. */
const ANSWERED = -1;

/** As many of the keys as go to one owner in one message. */
class Share implements Attempt {
  id = 0;
  bytes = 0;
  readonly deadlineMs: number;
  /** It is all of them: several such are spread over the messages in flight. */
  readonly isOneOfMany = false;
  readonly isRepeatable = true;
  readonly target: Target;
  readonly pipe: Pipe;
  readonly #all: ManyRead;
  /** Places of its keys, in the order of their numbers. */
  readonly #places: number[] = [];
  #open = 0;
  at: "queued" | "sent" | "done" = "queued";
  sentAtMs = 0;

  constructor(all: ManyRead, target: Target, pipe: Pipe) {
    this.#all = all;
    this.target = target;
    this.pipe = pipe;
    this.deadlineMs = all.deadlineMs;
  }

  get operations(): number {
    return this.#places.length;
  }

  get isQueued(): boolean {
    return this.at === "queued";
  }

  /** Whether another message has to take this key. */
  isFullFor(key: string): boolean {
    const { maxOperations, maxBytes } = this.pipe.bounds;
    if (this.operations === 0) return false;
    return this.operations >= maxOperations || this.bytes + mostBytesOf(key) > maxBytes;
  }

  add(index: number, key: string): void {
    this.bytes += mostBytesOf(key);
    this.#places.push(index);
    this.#open += 1;
  }

  writeTo(batch: BatchWriter, budgetMs: number | undefined): void {
    const { request } = this.#all;
    let { id } = this;
    for (const place of this.#places) {
      batch.get(id++, request.keys[place] as string, request, budgetMs);
    }
  }

  onSend(nowMs: number): void {
    this.at = "sent";
    this.sentAtMs = nowMs;
  }

  onReply(replies: ReplyReader, at: number): void {
    const number = (replies.ids[at] as number) - this.id;
    const index = this.#places[number] as number;
    this.#places[number] = ANSWERED;
    this.#open -= 1;
    if (this.#open === 0) this.at = "done";
    this.#all.onReply(index, replies, at);
  }

  onFailure(): void {
    this.at = "done";
    for (const place of this.#places) if (place !== ANSWERED) this.#all.onMissed(place);
  }
}

/** What a read takes on the wire, roughly. */
function mostBytesOf(key: string): number {
  return OVERHEAD_BYTES + MOST_BYTES_PER_UNIT * key.length;
}

export class ManyRead extends TimedCall {
  readonly request: ManyReadRequest;
  readonly #context: CallContext;
  readonly #onDone: (read: ManyRead, reason: unknown) => void;
  readonly #resolve: (missed: readonly number[]) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #ignoreAbort: () => void;
  readonly #shares: Share[] = [];
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
    this.#open = request.keys.length;
    const { signal } = request;
    this.#ignoreAbort =
      signal === undefined ? () => {} : context.onAbort(signal, () => this.end(signal.reason));
  }

  /** How many have been answered. */
  get answered(): number {
    return this.request.keys.length - this.#open - this.#missed.length;
  }

  start(): void {
    const router = this.#context.router();
    const { keys, partitions } = this.request;
    /** Those that are not full. `undefined`: the owner cannot be reached. */
    const shares = new Map<Target, Share | undefined>();
    for (const [index, key] of keys.entries()) {
      const target = router.ownerOf(partitions[index] as number);
      if (target !== undefined && !shares.has(target)) shares.set(target, this.#shareAt(target));
      let share = target && shares.get(target);
      if (share?.isFullFor(key)) {
        share = this.#openShare(share.target, share.pipe);
        shares.set(share.target, share);
      }
      if (share === undefined) this.onMissed(index);
      else share.add(index, key);
    }
    // Only now: a pipe that has ended says so at once.
    for (const share of this.#shares) share.pipe.send(share);
  }

  onReply(index: number, replies: ReplyReader, at: number): void {
    if (this.#isDone) return;
    this.#context.tally.answered += 1;
    const error = replies.isOk(at) ? undefined : errorOfReply(replies.reply(at));
    if (error !== undefined) {
      this.#onError(index, error);
      return;
    }
    const partition = this.request.partitions[index] as number;
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
    const silent = this.#shares.filter(({ at, pipe, sentAtMs }) => {
      return at !== "done" && pipe.isSilentSince(at === "sent" ? sentAtMs : this.startedAtMs);
    });
    const targets = new Set(silent.map(({ target }) => target));
    for (const target of targets) this.#context.suspect(target);
    const message = `no answer within ${this.timeoutMs} ms`;
    this.#rejectWith(new CacheError("DEADLINE_EXCEEDED", message));
  }

  end(reason: unknown): void {
    this.#rejectWith(reason);
  }

  #openShare(target: Target, pipe: Pipe): Share {
    const share = new Share(this, target, pipe);
    this.#shares.push(share);
    return share;
  }

  #shareAt(target: Target): Share | undefined {
    try {
      return this.#openShare(target, this.#context.pipeTo(target, 0, !this.request.failsFast));
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
    for (const share of this.#shares) {
      if (share.at === "done") continue;
      share.at = "done";
      share.pipe.withdraw(share);
    }
    this.#reject(reason);
  }

  #finish(reason: unknown): void {
    this.#isDone = true;
    this.#ignoreAbort();
    this.#onDone(this, reason);
  }
}
