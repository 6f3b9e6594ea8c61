/** One backup of a partition, or the member that it is to move to, as the partition's owner sees it. */
import type { Incarnation } from "@holdfast/core";
import type { CleanFeed } from "./clean-feed.js";
import type { ReplicaLink, Taker } from "./replica-link.js";

type Phase =
  /** Nothing has been sent. */
  | "waiting"
  /** Everything that it is to have is on its way, and every later record. */
  | "syncing"
  /** It has had everything; writes wait for it. */
  | "synced"
  /** Its being in sync has been proposed, and may have been published. */
  | "proposed"
  | "inSync"
  /** Its removal is being asked for. */
  | "leaving";

export class ReplicaMember {
  readonly incarnation: Incarnation;
  phase: Phase = "waiting";
  link: ReplicaLink | undefined;
  /** What has been sent to it; `undefined`: nothing. */
  copy: Copy | undefined;
  /** Whether the partition is to move to it: it gets the clean entries, too. */
  isTarget = false;
  /** Of a target: its clean entries. */
  feed: CleanFeed | undefined;
  /** Whether the latest topology has it in sync. */
  isPublished = false;
  /** Of a synced one: what it must have taken before it is proposed. */
  mustHave = 0;
  /** Nothing is sent to it again before. */
  restsUntilMs: number = Number.NEGATIVE_INFINITY;
  /** What it had promised when its copy was given up. */
  lastPromiseMs: number = Number.NEGATIVE_INFINITY;
  /** Of a leaving one: the epoch from which on it is not in sync. */
  removedAtEpoch: number | undefined;

  constructor(incarnation: Incarnation) {
    this.incarnation = incarnation;
  }

  /** Whether writes wait for it. */
  get isAwaited(): boolean {
    return this.phase === "synced" || this.mayBeInSync;
  }

  /** Whether it has all that was acknowledged before writes waited for it. */
  get isProposable(): boolean {
    if (this.phase === "proposed") return true;
    return this.phase === "synced" && (this.copy?.position ?? 0) >= this.mustHave;
  }

  /** Whether it is in sync, or may have been published to be. */
  get mayBeInSync(): boolean {
    return this.phase === "proposed" || this.phase === "inSync" || this.phase === "leaving";
  }

  get promisedUntilMs(): number {
    if (this.copy === undefined) return this.lastPromiseMs;
    return this.copy.isBound ? this.copy.link.promisedUntilMs : Number.NEGATIVE_INFINITY;
  }
}

/** One synchronisation of a member, and all that follows it on the same link. */
export class Copy implements Taker {
  readonly link: ReplicaLink;
  readonly sync: number;
  readonly #onTaken: () => void;
  /** Whether the member has answered to this tenure, so that its promises cover the partition. */
  isBound = false;
  /** Whether it has everything that was dirty when it was begun. */
  hasDirty = false;
  /** All records up to this position have been taken. */
  position = 0;

  constructor(link: ReplicaLink, sync: number, onTaken: () => void) {
    this.link = link;
    this.sync = sync;
    this.#onTaken = onTaken;
  }

  taken(position: number): void {
    if (position > this.position) this.position = position;
    this.#onTaken();
  }
}
