/**
 * The backups of one partition, and the member that it is to move to, as its owner sees them: who has
 * what, who is in sync, and what a write must wait for. It lives as long as the owner's tenure.
 *
 *     waiting ──► syncing ──► synced ──► proposed ──► inSync
 *        ▲           │           │           │           │
 *        └───────────┴───────────┘           └─► leaving ◄┘ ──► waiting
 *
 * From `synced` on writes are acknowledged only when the member has them; so when it is proposed,
 * and for however long nobody knows whether that was published, it has every acknowledged write.
 * A member leaves only through a topology that no longer has it in sync: it is asked for, and until
 * it is read, writes go on waiting.
 *
 * Pure: it appends to links, and is told what they and the topologies say.
 */
import { CacheError, type Incarnation, type Partition } from "@holdfast/core";
import type { JournalRecord, RecordName } from "../journal/record.js";
import type { Tenure } from "../ownership/tenure.js";
import { CleanFeed } from "./clean-feed.js";
import { type CleanEntries, type DirtyCopy, type RecordHeader, recordBytesOf } from "./messages.js";
import type { ReplicaLink, Taker } from "./replica-link.js";
import { Copy, ReplicaMember } from "./replica-member.js";

/** What the set needs to know of the node around it. */
export interface ReplicaSetParts {
  /** What is dirty in the partition. */
  readonly dirty: (partition: number) => Iterable<DirtyCopy>;
  readonly clean: CleanEntries;
  readonly nowMs: () => number;
  readonly nextSync: () => number;
  /** What is asked of the coordinator has changed. */
  readonly onDemand: () => void;
}

/** A member of a set, for people. */
export interface BackupState {
  readonly incarnation: Incarnation;
  /** By the latest topology. */
  readonly isInSync: boolean;
  /** Whether it has taken all that was put so far. */
  readonly hasEverything: boolean;
}

/** How long a member that refused is left alone, in milliseconds. */
const REFUSED_REST_MS = 1_000;

interface Waiter {
  readonly position: number;
  readonly resolve: (isBackedUp: boolean) => void;
  readonly reject: (reason: CacheError) => void;
}

export class ReplicaSet {
  readonly tenure: Tenure;
  readonly #parts: ReplicaSetParts;
  /** Few, and looked at by every operation. */
  #members: ReplicaMember[] = [];
  /** In the order of their positions. */
  readonly #waiters: Waiter[] = [];
  #position = 0;
  #epoch = 0;
  #isEnded = false;

  constructor(tenure: Tenure, parts: ReplicaSetParts) {
    this.tenure = tenure;
    this.#parts = parts;
  }

  /** Whether a backup is in sync, by the latest topology. */
  get isBackedUp(): boolean {
    for (const { isPublished } of this.#members) if (isPublished) return true;
    return false;
  }

  /** Whether nothing is sent to anybody, and nobody is waited for. */
  get isAlone(): boolean {
    for (const { copy, isAwaited } of this.#members) {
      if (copy !== undefined || isAwaited) return false;
    }
    return true;
  }

  /** Whether those that writes wait for keep up with what they are sent. */
  get hasRoom(): boolean {
    for (const { copy, isAwaited } of this.#members) {
      if (isAwaited && copy?.link.hasRoom === false) return false;
    }
    return true;
  }

  /** The members and how far they are. */
  get backups(): BackupState[] {
    return this.#members.map(({ incarnation, isPublished, copy }) => ({
      incarnation,
      isInSync: isPublished,
      hasEverything: copy?.hasDirty === true && copy.position >= this.#position,
    }));
  }

  /** Whether writes wait for anybody at the other end of this link. */
  awaits(link: ReplicaLink): boolean {
    for (const { copy, isAwaited } of this.#members) {
      if (isAwaited && copy?.link === link) return true;
    }
    return false;
  }

  /**
   * Until when the partition may be served, by what its backups have promised.
   *
   * @param leaseUntilMs - what holds while no backup is in sync.
   */
  safeUntilMs(leaseUntilMs: number): number {
    let untilMs = Number.POSITIVE_INFINITY;
    let isBackedUp = false;
    for (const member of this.#members) {
      if (!member.mayBeInSync) continue;
      untilMs = Math.min(untilMs, member.promisedUntilMs);
      if (member.isPublished) isBackedUp = true;
    }
    // Whoever is only proposed may not be in sync yet: it limits the right and gives none.
    return isBackedUp ? untilMs : Math.min(untilMs, leaseUntilMs);
  }

  /** Takes over what a topology says of the partition; the tenure is still the one it was. */
  apply({ backups, inSync, moveTo, changedEpoch }: Partition, epoch: number): void {
    // Something was changed and changed back by topologies that this node has not read: those that
    // are not in sync may have been given up meanwhile, and know it. What was proposed is void.
    const hasMissedChange = changedEpoch > this.#epoch && changedEpoch < epoch;
    this.#epoch = epoch;
    if (hasMissedChange) {
      for (const member of this.#members) {
        if (!inSync.includes(member.incarnation)) this.#reset(member);
      }
    }
    const listed = new Set([...backups, ...inSync, ...(moveTo === undefined ? [] : [moveTo])]);
    for (const incarnation of listed) {
      const member = this.#find(incarnation) ?? this.#add(incarnation);
      member.isTarget = incarnation === moveTo;
      this.#follow(member, inSync.includes(incarnation), epoch);
      this.#feed(member);
    }
    for (const member of this.#members) if (!listed.has(member.incarnation)) unfeed(member);
    this.#members = this.#members.filter(({ incarnation }) => listed.has(incarnation));
    this.#advance();
  }

  /** Sends an entry to whoever backs the partition up. Returns its position, for `confirmed`. */
  put(entry: JournalRecord, journal: boolean): number {
    this.#position += 1;
    const bytes = recordBytesOf(entry);
    for (const { copy } of this.#members) {
      if (copy === undefined) continue;
      const record = { kind: "PUT", ...this.#header(copy), entry, journal } as const;
      copy.link.append(record, bytes, copy, this.#position);
    }
    return this.#position;
  }

  /** The database has this version, or a later one. */
  clean({ cacheId, partition, key }: RecordName, version: number): void {
    const entry = { cacheId, partition, key, version };
    for (const { copy } of this.#members) {
      if (copy === undefined) continue;
      const record = { kind: "CLEAN", ...this.#header(copy), entry } as const;
      copy.link.append(record, recordBytesOf({ key }));
    }
  }

  /**
   * Whether what was put at a position is on every backup that it must be on: `true` once it is,
   * `false` if that is none.
   *
   * @throws {CacheError} `OUTCOME_UNKNOWN` when the tenure ends before.
   */
  confirmed(position: number): boolean | Promise<boolean> {
    if (this.#isEnded) throw ended();
    if (this.#confirmedPosition >= position) return this.isBackedUp;
    return new Promise((resolve, reject) => {
      this.#waiters.push({ position, resolve, reject });
    });
  }

  /** From now on a member is reached by this link; what was on another one is given up. */
  connect(incarnation: Incarnation, link: ReplicaLink): void {
    const member = this.#find(incarnation);
    if (member === undefined || member.link === link) return;
    // One that is in sync and has not answered to this tenure at all has failed as well.
    const hasFailed = member.copy !== undefined || member.link !== undefined;
    if (hasFailed) this.#fail(member, member.promisedUntilMs);
    member.link = link;
  }

  /**
   * Begins to synchronise whoever has nothing yet and can be reached. Returns whether all have begun.
   */
  synchronise(canBegin: (link: ReplicaLink) => boolean): boolean {
    let haveAllBegun = true;
    for (const member of this.#members) {
      const { link, phase, copy } = member;
      if (copy !== undefined || (phase !== "waiting" && phase !== "inSync")) continue;
      const isResting = member.restsUntilMs > this.#parts.nowMs();
      if (link !== undefined && !isResting && canBegin(link)) this.#synchronise(member, link);
      else haveAllBegun = false;
    }
    return haveAllBegun;
  }

  /** Sends a target more of the clean entries, by this link. Returns whether there was more to send. */
  pump(link: ReplicaLink): boolean {
    for (const member of this.#members) {
      if (member.copy?.link !== link) continue;
      this.#feed(member);
      if (member.feed?.pump() === true) return true;
    }
    return false;
  }

  /** Whether the member that the partition is to move to has everything there is. */
  isThrough(target: Incarnation): boolean {
    const member = this.#find(target);
    if (member?.isTarget !== true || member.phase !== "inSync" || !member.isPublished) return false;
    const { copy, feed } = member;
    if (copy === undefined || !copy.isBound || !copy.hasDirty) return false;
    return feed?.isThrough === true && copy.position >= this.#position;
  }

  /** The member takes no more of a synchronisation, and promises nothing for the partition. */
  refused(incarnation: Incarnation, sync: number): void {
    const member = this.#find(incarnation);
    if (member?.copy?.sync !== sync) return;
    // It has its reasons, which will hardly be gone at once.
    member.restsUntilMs = this.#parts.nowMs() + REFUSED_REST_MS;
    this.#fail(member, Number.NEGATIVE_INFINITY);
  }

  get hasProposals(): boolean {
    for (const { isProposable } of this.#members) if (isProposable) return true;
    return false;
  }

  /** Who is to be proposed. Whoever asks for them sends the proposal. */
  propose(): Incarnation[] {
    const proposed: Incarnation[] = [];
    for (const member of this.#members) {
      if (!member.isProposable) continue;
      member.phase = "proposed";
      proposed.push(member.incarnation);
    }
    return proposed;
  }

  /** Whose removal is to be asked for. */
  get removals(): Incarnation[] {
    return this.#members
      .filter(({ phase, removedAtEpoch }) => phase === "leaving" && removedAtEpoch === undefined)
      .map(({ incarnation }) => incarnation);
  }

  /** The removal of a member has been published. */
  noteRemoved(incarnation: Incarnation, epoch: number): void {
    const member = this.#find(incarnation);
    if (member?.phase !== "leaving") return;
    member.removedAtEpoch = epoch;
    if (this.#epoch >= epoch && !member.isPublished) this.#reset(member);
  }

  /** The tenure is over: whoever waits learns that nobody can tell any more. */
  end(): void {
    this.#isEnded = true;
    for (const member of this.#members.splice(0)) unfeed(member);
    for (const { reject } of this.#waiters.splice(0)) reject(ended());
  }

  #find(incarnation: Incarnation): ReplicaMember | undefined {
    return this.#members.find((member) => member.incarnation === incarnation);
  }

  #add(incarnation: Incarnation): ReplicaMember {
    const member = new ReplicaMember(incarnation);
    this.#members.push(member);
    return member;
  }

  #follow(member: ReplicaMember, isInSync: boolean, epoch: number): void {
    const wasInSync = member.isPublished;
    member.isPublished = isInSync;
    const { removedAtEpoch } = member;
    const isRemoved = removedAtEpoch !== undefined && epoch >= removedAtEpoch;
    if (isInSync) {
      if (member.phase !== "leaving") member.phase = "inSync";
      // The answer did not mean this member.
      else if (isRemoved) member.removedAtEpoch = undefined;
      return;
    }
    // Proposals of before it was in sync are void by now. Others are only from the epoch on that the
    // answer to a removal named.
    if (wasInSync || isRemoved) this.#reset(member);
  }

  #synchronise(member: ReplicaMember, link: ReplicaLink): void {
    const isMerge = member.phase === "inSync";
    if (!isMerge) member.phase = "syncing";
    const copy = new Copy(link, this.#parts.nextSync(), () => this.#advance());
    member.copy = copy;
    const header = this.#header(copy);
    const bind: Taker = {
      taken: () => {
        copy.isBound = true;
      },
    };
    const kind = isMerge ? "MERGE" : "BEGIN";
    link.append({ kind, ...header, epoch: this.#epoch }, recordBytesOf(), bind);
    for (const { entry, journal } of this.#parts.dirty(this.tenure.partition)) {
      link.append({ kind: "PUT", ...header, entry, journal }, recordBytesOf(entry));
    }
    // Everything before it has been taken when this has.
    const position = this.#position;
    const finish: Taker = {
      taken: () => {
        copy.taken(position);
        copy.hasDirty = true;
        if (member.copy === copy) this.#synced(member);
      },
    };
    link.append({ kind: "END", ...header }, recordBytesOf(), finish);
    this.#feed(member);
  }

  /** A target gets what is clean, too, from when it gets anything. */
  #feed(member: ReplicaMember): void {
    const { copy, isTarget } = member;
    if (copy === undefined || member.feed?.isOver === true) unfeed(member);
    if (!isTarget) {
      member.feed?.callOff();
      member.feed = undefined;
      // It may have had to wait for what it is not to have any more.
      this.#synced(member);
      return;
    }
    if (copy === undefined || member.feed !== undefined || !copy.link.hasRoom) return;
    member.feed = new CleanFeed(copy, this.#header(copy), this.#parts.clean, () =>
      this.#synced(member),
    );
  }

  #synced(member: ReplicaMember): void {
    const { phase, copy, isTarget, feed } = member;
    if (phase !== "syncing" || copy?.hasDirty !== true) return;
    if (isTarget && feed?.isThrough !== true) return;
    member.phase = "synced";
    // What came while it was being synchronised was acknowledged without it.
    member.mustHave = this.#position;
    this.#parts.onDemand();
  }

  /** What was sent to a member counts for nothing any more. */
  #fail(member: ReplicaMember, promisedUntilMs: number): void {
    if (!member.mayBeInSync) {
      this.#reset(member);
      return;
    }
    unfeed(member);
    member.copy = undefined;
    member.lastPromiseMs = promisedUntilMs;
    if (member.phase === "leaving") return;
    member.phase = "leaving";
    member.removedAtEpoch = undefined;
    this.#parts.onDemand();
  }

  /** It has nothing, and is not in sync. */
  #reset(member: ReplicaMember): void {
    unfeed(member);
    member.phase = "waiting";
    member.copy = undefined;
    member.lastPromiseMs = Number.NEGATIVE_INFINITY;
    member.removedAtEpoch = undefined;
    this.#parts.onDemand();
    this.#advance();
  }

  #header({ sync }: Copy): RecordHeader {
    const { partition, term } = this.tenure;
    return { partition, term, sync };
  }

  get #confirmedPosition(): number {
    let position = this.#position;
    for (const member of this.#members) {
      if (member.isAwaited) position = Math.min(position, member.copy?.position ?? 0);
    }
    return position;
  }

  #advance(): void {
    const position = this.#confirmedPosition;
    let count = 0;
    while ((this.#waiters[count]?.position ?? Number.POSITIVE_INFINITY) <= position) count += 1;
    if (count === 0) return;
    const { isBackedUp } = this;
    for (const { resolve } of this.#waiters.splice(0, count)) resolve(isBackedUp);
  }
}

function unfeed(member: ReplicaMember): void {
  member.feed?.stop();
  member.feed = undefined;
}

function ended(): CacheError {
  return new CacheError(
    "OUTCOME_UNKNOWN",
    "the key's partition changed its owner while the write was on its way to the backups",
  );
}
