/**
 * An owner's connection to one backup node, for all partitions that the node backs up: a numbered
 * sequence of records that arrives whole and in order, whatever happens to the streams below.
 *
 * Every record stays here until the backup has taken it. When a stream breaks, the next one starts
 * after the last record that is known to be taken, and the backup skips what it has had. At most
 * two batches are under way; what gathers meanwhile becomes the next one.
 *
 * Each reply is also the backup's promise not to own any of the partitions for a while, counted from
 * when the batch was *sent*; so a batch is sent now and then even if there is nothing to say.
 */
import { backoffMs, type Clock, type Incarnation, type Random } from "@holdfast/core";
import type {
  CleanRecord,
  OpenReplicaStream,
  ReplicaBatch,
  ReplicaRecord,
  ReplicaReply,
  ReplicaStream,
} from "./messages.js";

const MAX_BATCHES_UNDER_WAY = 2;
const BATCH = { maxRecords: 1_000, maxBytes: 256 * 1_024 };
/** Bytes of records that wait for the backup; beyond them nothing should be added. */
const MAX_BACKLOG_BYTES = 32 * 2 ** 20;
const REOPEN = { baseMs: 20, maxMs: 1_000 };
const OVERLOADED_PAUSE_MS = 50;
/** Entries that are reported clean ahead of their turn in one batch. */
const MAX_CLEANED = 5_000;
const HEARTBEATS_PER_PROMISE = 6;

/**
 * A link with less than this to send is ready for more that is not urgent: enough to fill the batches
 * under way. More would only wait in memory.
 */
export const READY_BYTES: number = 2 ** 19;

/**
 * Part of a promise that is not counted on: clocks may run at rates that differ by 5 %, and time
 * passes between a check and the act that it allows.
 */
const PROMISE_MARGIN = 0.1;

/** Whoever wants to know when a record has been taken. */
export interface Taker {
  taken(position: number): void;
}

export interface ReplicaLinkOptions {
  readonly address: string;
  readonly from: Incarnation;
  readonly to: Incarnation;
  readonly session: number;
  readonly promiseMs: number;
  readonly open: OpenReplicaStream;
  /** The backup takes no more of this synchronisation. */
  readonly onRefused: (sync: number) => void;
  /** The backup has answered for the first time, or has taken most of what it was sent. */
  readonly onReady: () => void;
  /** The backup has answered. */
  readonly onAnswer: () => void;
  readonly clock: Clock;
  readonly random: Random;
}

interface Queued {
  readonly record: ReplicaRecord;
  readonly bytes: number;
  readonly taker: Taker | undefined;
  readonly position: number;
}

export class ReplicaLink {
  readonly #options: ReplicaLinkOptions;
  /** Records that have not been taken; the first one has the number `#taken + 1`. */
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #taken = 0;
  /** Highest number that was sent on the present stream. */
  #sent = 0;
  /** Highest number that was ever sent. */
  #everSent = 0;
  #stream: ReplicaStream | undefined;
  #failures = 0;
  #nextId = 1;
  /** From id to the instant of sending. */
  readonly #underWay = new Map<number, number>();
  #promisedUntilMs = Number.NEGATIVE_INFINITY;
  /** The backup has no room. */
  #isPaused = false;
  /** Of the records that wait, those before this one have been reported clean if they say so. */
  #cleanedThrough = 0;
  /** When the backup last took something, or said that it has no room, while something waits. */
  #progressAtMs = Number.NEGATIVE_INFINITY;
  /** Since when a reply is awaited without any having come. */
  #silentSinceMs: number | undefined;
  #hasAnswered = false;
  #isPumping = false;
  #isClosed = false;
  #cancelHeartbeat: () => void = () => {};
  #cancelRetry: () => void = () => {};

  constructor(options: ReplicaLinkOptions) {
    this.#options = options;
    this.#silentSinceMs = options.clock.monotonic();
    this.#open();
  }

  get to(): Incarnation {
    return this.#options.to;
  }

  get address(): string {
    return this.#options.address;
  }

  /** Monotonic instant until which the backup has promised not to own what it backs up. */
  get promisedUntilMs(): number {
    return this.#promisedUntilMs;
  }

  /** Whether the backup has ever answered on this link. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  /** How long a reply has been awaited in vain, in milliseconds. */
  get silentMs(): number {
    return this.#silentSinceMs === undefined
      ? 0
      : this.#options.clock.monotonic() - this.#silentSinceMs;
  }

  /** How long the backup has neither taken anything nor said why, in milliseconds. */
  get stuckMs(): number {
    return this.#queue.length === 0 ? 0 : this.#options.clock.monotonic() - this.#progressAtMs;
  }

  get backlogBytes(): number {
    return this.#queuedBytes;
  }

  get hasRoom(): boolean {
    return this.#queuedBytes < MAX_BACKLOG_BYTES;
  }

  /** Adds a record. `taker` hears with `position` when the backup has taken it. */
  append(record: ReplicaRecord, bytes: number, taker?: Taker, position = 0): void {
    if (this.#queue.length === 0) this.#progressAtMs = this.#options.clock.monotonic();
    this.#queue.push({ record, bytes, taker, position });
    this.#queuedBytes += bytes;
    this.#pumpSoon();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelHeartbeat();
    this.#cancelRetry();
    this.#stream?.close();
    this.#stream = undefined;
    this.#queue = [];
  }

  #open(): void {
    const { address, from, to, session, promiseMs, open } = this.#options;
    this.#sent = this.#taken;
    // Whatever was reported on the stream before may not have arrived.
    this.#cleanedThrough = 0;
    this.#isPaused = false;
    this.#underWay.clear();
    let isOver = false;
    const stream = open(
      address,
      { from, to, session, promiseMs },
      {
        onReply: (reply) => {
          if (!isOver && !this.#isClosed) this.#onReply(reply);
        },
        onClosed: () => {
          if (isOver || this.#isClosed) return;
          isOver = true;
          this.#onClosed();
        },
      },
    );
    if (isOver) return;
    this.#stream = stream;
    this.#send([]);
  }

  #onClosed(): void {
    const { clock, random } = this.#options;
    this.#stream = undefined;
    this.#silentSinceMs ??= clock.monotonic();
    this.#cancelHeartbeat();
    this.#cancelRetry();
    const waitMs = backoffMs(this.#failures, REOPEN, random);
    this.#failures += 1;
    this.#cancelRetry = clock.after(waitMs, () => this.#open());
  }

  #onReply({ id, through, refused, overloaded }: ReplicaReply): void {
    const { clock, promiseMs, onRefused, onReady, onAnswer } = this.#options;
    const sentAtMs = this.#underWay.get(id);
    if (sentAtMs === undefined) return;
    this.#underWay.delete(id);
    this.#failures = 0;
    const isReady = !this.#hasAnswered;
    this.#hasAnswered = true;
    this.#silentSinceMs = this.#underWay.size === 0 ? undefined : clock.monotonic();
    // Refusals first: what is refused is promised nothing by this reply.
    for (const sync of refused) onRefused(sync);
    const untilMs = sentAtMs + promiseMs * (1 - PROMISE_MARGIN);
    this.#promisedUntilMs = Math.max(this.#promisedUntilMs, untilMs);
    const backlogBytes = this.#queuedBytes;
    this.#take(through);
    if (overloaded) this.#pause();
    const isRelieved = backlogBytes >= READY_BYTES && this.#queuedBytes < READY_BYTES;
    if (isReady || isRelieved) onReady();
    onAnswer();
    this.#pump();
  }

  /** Lets the backup make room: it is told what can be forgotten, and sent the rest after a while. */
  #pause(): void {
    const { clock } = this.#options;
    this.#sent = this.#taken;
    this.#progressAtMs = clock.monotonic();
    this.#isPaused = true;
    this.#cancelRetry();
    this.#cancelRetry = clock.after(OVERLOADED_PAUSE_MS, () => {
      this.#isPaused = false;
      this.#send([], this.#cleaned());
      this.#pump();
    });
  }

  /** What waits and says that something is clean, as far as it has not been reported. */
  #cleaned(): CleanRecord[] {
    const cleaned: CleanRecord[] = [];
    let index = Math.max(0, this.#cleanedThrough - this.#taken);
    for (; index < this.#queue.length && cleaned.length < MAX_CLEANED; index++) {
      const record = this.#queue[index]?.record;
      if (record?.kind === "CLEAN") cleaned.push(record);
    }
    this.#cleanedThrough = this.#taken + index;
    return cleaned;
  }

  #take(through: number): void {
    const count = Math.min(through, this.#everSent) - this.#taken;
    if (count <= 0) return;
    this.#progressAtMs = this.#options.clock.monotonic();
    const taken = this.#queue.splice(0, count);
    this.#taken += count;
    this.#sent = Math.max(this.#sent, this.#taken);
    for (const { bytes, taker, position } of taken) {
      this.#queuedBytes -= bytes;
      taker?.taken(position);
    }
  }

  /** At the end of this turn, when everything that it appends is there. */
  #pumpSoon(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    queueMicrotask(() => {
      this.#isPumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#stream !== undefined && this.#underWay.size < MAX_BATCHES_UNDER_WAY) {
      const start = this.#sent - this.#taken;
      if (start >= this.#queue.length || this.#isPaused) return;
      let bytes = 0;
      let end = start;
      while (end < this.#queue.length && end - start < BATCH.maxRecords) {
        bytes += this.#queue[end]?.bytes ?? 0;
        if (end > start && bytes > BATCH.maxBytes) break;
        end += 1;
      }
      this.#send(this.#queue.slice(start, end).map(({ record }) => record));
    }
  }

  #send(records: readonly ReplicaRecord[], cleaned: readonly CleanRecord[] = []): void {
    const { clock, promiseMs } = this.#options;
    const nowMs = clock.monotonic();
    const batch: ReplicaBatch = {
      id: this.#nextId,
      first: this.#sent + 1,
      records,
      cleaned,
    };
    this.#nextId += 1;
    this.#sent += records.length;
    this.#everSent = Math.max(this.#everSent, this.#sent);
    this.#underWay.set(batch.id, nowMs);
    this.#silentSinceMs ??= nowMs;
    this.#stream?.send(batch);
    this.#cancelHeartbeat();
    this.#cancelHeartbeat = clock.after(promiseMs / HEARTBEATS_PER_PROMISE, () => this.#beat());
  }

  /** Not held up by batches under way: a promise must not end because a journal is slow. */
  #beat(): void {
    if (this.#stream !== undefined) this.#send([]);
  }
}
