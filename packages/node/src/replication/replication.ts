/**
 * The owner's half of replication: which backups there are for what this node owns, the links to
 * them, and what is asked of the coordinator on their behalf. What happens to a single partition is
 * in replica-set.ts.
 */
import {
  type Clock,
  findMember,
  type Incarnation,
  type Logger,
  type Random,
  type Topology,
} from "@holdfast/core";
import type { JournalRecord, RecordName } from "../journal/record.js";
import type { Tenure } from "../ownership/tenure.js";
import { InSyncDemands, type InSyncRequests } from "./in-sync-demands.js";
import type { CleanEntries, DirtyCopy, OpenReplicaStream } from "./messages.js";
import { READY_BYTES, ReplicaLink } from "./replica-link.js";
import { ReplicaSet } from "./replica-set.js";

export interface ReplicationParts {
  readonly incarnation: () => Incarnation;
  readonly open: OpenReplicaStream;
  readonly requests: InSyncRequests;
  /** What is dirty in a partition of this node's. */
  readonly dirty: (partition: number) => Iterable<DirtyCopy>;
  /** What is clean in one, for the member that it is to move to. */
  readonly clean: CleanEntries;
  /** Makes dirty entries of what this node has kept for the owner before. */
  readonly inherit: (tenure: Tenure) => void;
  /** How long a backup's answer keeps it from owning, in milliseconds. */
  readonly promiseMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const TICK_MS = 100;
/** A backup that is silent for so long has failed: this part of a promise, within these bounds. */
const SILENCE = { share: 1 / 3, minMs: 500, maxMs: 2_000 };
/** A backup that answers, but takes nothing and does not say why, has failed after so long. */
const STUCK_MS = 5_000;
/** A tick that is so late says more about this process than about the backups. */
const LATE_MS = 3 * TICK_MS;

export class Replication {
  readonly #parts: ReplicationParts;
  readonly #sets = new Map<number, ReplicaSet>();
  readonly #links = new Map<Incarnation, ReplicaLink>();
  /** Sets of partitions that are to move. */
  readonly #moving = new Set<ReplicaSet>();
  /** Sets with members that have nothing yet. */
  readonly #unsynchronised = new Set<ReplicaSet>();
  readonly #stopping = new AbortController();
  readonly #demands: InSyncDemands;
  readonly #silenceMs: number;
  #epoch = 0;
  #syncs = 0;
  #sessions = 0;
  #cancelTick: (() => void) | undefined;

  constructor(parts: ReplicationParts) {
    this.#parts = parts;
    this.#demands = new InSyncDemands({
      ...parts,
      sets: () => this.#sets.values(),
      epoch: () => this.#epoch,
    });
    const { share, minMs, maxMs } = SILENCE;
    this.#silenceMs = Math.min(Math.max(parts.promiseMs * share, minMs), maxMs);
  }

  /** Partitions of this node's that no backup has in sync. */
  get unbacked(): number {
    return [...this.#sets.values()].filter(({ isBackedUp }) => !isBackedUp).length;
  }

  /** Bytes of records that backups have not taken yet. */
  get backlogBytes(): number {
    return [...this.#links.values()].reduce((sum, { backlogBytes }) => sum + backlogBytes, 0);
  }

  /** Until when a partition of this node's may be served. */
  safeUntilMs(partition: number, leaseUntilMs: number): number {
    return this.#sets.get(partition)?.safeUntilMs(leaseUntilMs) ?? leaseUntilMs;
  }

  /** Whether the member that a partition is to move to has everything there is. */
  isThrough(partition: number, target: Incarnation): boolean {
    return this.#sets.get(partition)?.isThrough(target) === true;
  }

  /** The backups of a partition that this node owns. */
  setOf(partition: number): ReplicaSet | undefined {
    return this.#sets.get(partition);
  }

  put(entry: JournalRecord, journal: boolean): number {
    return this.#sets.get(entry.partition)?.put(entry, journal) ?? 0;
  }

  clean(name: RecordName, version: number): void {
    this.#sets.get(name.partition)?.clean(name, version);
  }

  /**
   * Follows a topology.
   *
   * @param tenures - what this node owns by it.
   */
  apply(topology: Topology, tenures: ReadonlyMap<number, Tenure>): void {
    if (this.#stopping.signal.aborted) return;
    this.#epoch = topology.epoch;
    for (const { tenure } of this.#sets.values()) {
      if (tenures.get(tenure.partition) !== tenure) this.end(tenure.partition);
    }
    for (const [partition, tenure] of tenures) {
      const shown = topology.partitions[partition];
      if (shown === undefined) continue;
      const known = this.#sets.get(partition);
      const set = known ?? this.#begin(tenure);
      set.apply(shown, topology.epoch);
      if (shown.moveTo === undefined) this.#moving.delete(set);
      else this.#moving.add(set);
      if (known === undefined) this.#parts.inherit(tenure);
    }
    this.#connect(topology);
    this.#demands.wake();
  }

  /** The partition is this node's no more. */
  end(partition: number): void {
    const set = this.#sets.get(partition);
    if (set === undefined) return;
    this.#sets.delete(partition);
    this.#unsynchronised.delete(set);
    this.#moving.delete(set);
    set.end();
  }

  /** The node goes on as another incarnation, which owns nothing. */
  reset(): void {
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("stopping"));
    this.#cancelTick?.();
    for (const set of this.#sets.values()) set.end();
    for (const link of this.#links.values()) link.close();
    await this.#demands.stop();
  }

  #begin(tenure: Tenure): ReplicaSet {
    const { dirty, clean, clock } = this.#parts;
    const set: ReplicaSet = new ReplicaSet(tenure, {
      dirty,
      clean,
      nowMs: () => clock.monotonic(),
      nextSync: () => {
        this.#syncs += 1;
        return this.#syncs;
      },
      onDemand: () => {
        this.#unsynchronised.add(set);
        this.#demands.wake();
      },
    });
    this.#sets.set(tenure.partition, set);
    this.#unsynchronised.add(set);
    return set;
  }

  /** Opens the links that are needed, closes those that are not, and tells the sets. */
  #connect(topology: Topology): void {
    const needed = addressesOf(topology, this.#successions(topology));
    const wanted = new Map<ReplicaSet, Set<Incarnation>>();
    for (const [partition, set] of this.#sets) {
      const shown = topology.partitions[partition];
      if (shown === undefined) continue;
      const { backups, inSync, moveTo } = shown;
      const members = new Set([...backups, ...inSync, ...(moveTo === undefined ? [] : [moveTo])]);
      wanted.set(set, members);
      for (const [member, address] of addressesOf(topology, members)) needed.set(member, address);
    }
    for (const [incarnation, link] of this.#links) {
      if (needed.get(incarnation) === link.address) continue;
      link.close();
      this.#links.delete(incarnation);
    }
    for (const [incarnation, address] of needed) {
      if (!this.#links.has(incarnation)) this.#openLink(incarnation, address);
    }
    for (const [set, members] of wanted) {
      for (const incarnation of members) {
        const link = this.#links.get(incarnation);
        if (link !== undefined) set.connect(incarnation, link);
        this.#unsynchronised.add(set);
      }
    }
    if (this.#links.size > 0) this.#tickSoon();
  }

  /** Owners of what is to move here: they back it up from then on, and must have answered before. */
  #successions({ partitions }: Topology): ReadonlySet<Incarnation> {
    const me = this.#parts.incarnation();
    const owners = new Set<Incarnation>();
    for (const { owner, moveTo } of partitions) {
      if (moveTo === me && owner !== undefined) owners.add(owner);
    }
    return owners;
  }

  #openLink(to: Incarnation, address: string): ReplicaLink {
    const { incarnation, open, promiseMs, clock, random } = this.#parts;
    this.#sessions += 1;
    const link: ReplicaLink = new ReplicaLink({
      address,
      from: incarnation(),
      to,
      session: this.#sessions,
      promiseMs,
      open,
      onRefused: (sync) => {
        for (const set of this.#sets.values()) set.refused(to, sync);
      },
      onReady: () => this.#synchronise(),
      onAnswer: () => this.#pump(link),
      clock,
      random,
    });
    this.#links.set(to, link);
    return link;
  }

  #synchronise(): void {
    const canBegin = (link: ReplicaLink) => link.hasAnswered && link.backlogBytes < READY_BYTES;
    for (const set of this.#unsynchronised) {
      if (set.synchronise(canBegin)) this.#unsynchronised.delete(set);
    }
  }

  /** Sends more of what is to move; one partition after the other, so that each is soon through. */
  #pump(link: ReplicaLink): void {
    if (link.backlogBytes >= READY_BYTES) return;
    for (const set of this.#moving) if (set.pump(link)) return;
  }

  #tickSoon(): void {
    if (this.#stopping.signal.aborted || this.#cancelTick !== undefined) return;
    const { clock } = this.#parts;
    const dueAtMs = clock.monotonic() + TICK_MS;
    this.#cancelTick = clock.after(TICK_MS, () => {
      this.#cancelTick = undefined;
      // After a pause of the whole process, what the backups have said meanwhile is read first.
      if (clock.monotonic() - dueAtMs < LATE_MS) this.#tick();
      this.#tickSoon();
    });
  }

  /** Looks for backups that have failed, and for what has become possible. */
  #tick(): void {
    const { logger } = this.#parts;
    for (const [incarnation, link] of this.#links) {
      const { silentMs, stuckMs, hasAnswered, hasRoom } = link;
      const isStuck = stuckMs >= STUCK_MS;
      const isUseless = !hasRoom && ![...this.#sets.values()].some((set) => set.awaits(link));
      if (silentMs < this.#silenceMs && !isStuck && !isUseless) continue;
      if (hasAnswered) {
        logger.warn({ backup: incarnation, silentMs, stuckMs }, "a backup does not keep up");
      }
      link.close();
      const next = this.#openLink(incarnation, link.address);
      for (const set of this.#sets.values()) set.connect(incarnation, next);
    }
    this.#synchronise();
    for (const link of this.#links.values()) this.#pump(link);
    // A tenure may have begun to serve, a member to have all that it must.
    this.#demands.wake();
  }
}

/** Where those of the members are that are not dead. */
function addressesOf(
  topology: Topology,
  members: ReadonlySet<Incarnation>,
): Map<Incarnation, string> {
  const addresses = new Map<Incarnation, string>();
  for (const incarnation of members) {
    const member = findMember(topology, incarnation);
    if (member === undefined || member.state === "dead") continue;
    addresses.set(incarnation, member.addresses.peer);
  }
  return addresses;
}
