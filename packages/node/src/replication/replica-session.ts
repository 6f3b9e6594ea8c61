/** What a backup remembers of one owner's link, and of each replica that belongs to it. */
import type { Incarnation } from "@holdfast/core";
import type { ReplicaEntries } from "./replica-entries.js";

export interface Replica {
  readonly owner: Incarnation;
  readonly partition: number;
  term: number;
  readonly sync: number;
  /** By older topologies than this one it is not judged: its owner has read a later one. */
  readonly epoch: number;
  readonly session: ReplicaSession;
  readonly entries: ReplicaEntries;
  /** Whether clean entries have come, too. */
  hasCopies: boolean;
  /** Whether its owner has been replaced, so that no more is taken. */
  isOver: boolean;
  /** Whether that owner has handed the partition over to this node. */
  isHandedOver: boolean;
}

/** One of the streams of a session, one after the other. */
export interface SessionStream {
  readonly session: ReplicaSession;
  /** How many refusals it has been told. */
  told: number;
}

export class ReplicaSession {
  readonly owner: Incarnation;
  readonly number: number;
  readonly promiseMs: number;
  readonly bySync: Map<number, Replica> = new Map();
  /** Number of the last record that was taken. */
  last = 0;
  /** All records up to this number are where they must be for a reply. */
  recorded = 0;
  /** What the disk is busy with; `undefined`: nothing. */
  recording: Promise<void> | undefined;
  /** When anything was last replied to this owner. */
  repliedAtMs: number;
  /** By partition, the last synchronisation that was refused, and which refusal it was. */
  readonly #refused = new Map<number, { readonly sync: number; readonly number: number }>();
  #refusals = 0;

  /** @param repliedAtMs - on an earlier link: what was promised then is a promise still. */
  constructor(owner: Incarnation, number: number, promiseMs: number, repliedAtMs: number) {
    this.owner = owner;
    this.number = number;
    this.promiseMs = promiseMs;
    this.repliedAtMs = repliedAtMs;
  }

  /** Until when this node owns none of the owner's partitions, by what it has replied. */
  get promisedUntilMs(): number {
    return this.repliedAtMs + this.promiseMs;
  }

  /** Another stream may have broken with what was told on it, so each is told everything. */
  openStream(): SessionStream {
    return { session: this, told: 0 };
  }

  refuse(partition: number, sync: number): void {
    this.#refusals += 1;
    this.#refused.set(partition, { sync, number: this.#refusals });
    this.bySync.delete(sync);
  }

  /** The refusals that this stream has not been told; from now on it has. */
  tell(stream: SessionStream): number[] {
    if (this.#refusals === stream.told) return [];
    const news = [...this.#refused.values()].filter(({ number }) => number > stream.told);
    stream.told = this.#refusals;
    return news.map(({ sync }) => sync);
  }
}
