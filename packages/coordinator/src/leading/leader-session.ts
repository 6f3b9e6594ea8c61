/**
 * What one coordinator does during one uninterrupted time of leading: brings the topology to what
 * the members and the requests ask for, one step at a time.
 *
 * Every step starts from the latest topology and the latest state of the registry, so nothing has
 * to be remembered for correctness: a new leader goes on where the topology shows the last one to
 * have been. What is kept here is pace (publishes, releases, patience with absent members).
 *
 * A planned move takes four steps: `moveTo` is published; the owner brings the target in sync; it is
 * asked to release, naming the epoch that shows this; the change of owner is published on top of
 * exactly that epoch. Whatever else must be published in between makes the release void, and the next
 * round asks again.
 */
import type { Clock, ClusterConfig, Incarnation, Logger, Random, Topology } from "@holdfast/core";
import type { MemberRecord, Registry } from "@holdfast/process";
import type { RingBuilder } from "../planning/ring.js";
import type { ClusterState } from "../state/registry-view.js";
import { AbsenceJudge, type Judgement } from "./absence.js";
import { type Facts, sameQuietFacts, type TermRequest } from "./facts.js";
import { type Floors, highestTerm } from "./floors.js";
import { Formation } from "./formation.js";
import { findStart } from "./leader-start.js";
import type { Reign } from "./leadership.js";
import type { Peers } from "./peers.js";
import { absencesOf, type PublishedTopology, publish } from "./publisher.js";
import { emptyTopology, reconcile, type Step } from "./reconcile.js";
import type { StartingPoint } from "./recovery.js";
import { RecoveryWaits } from "./recovery-waits.js";
import { type ReleaseOutcome, runReleaseRound } from "./release-round.js";
import type { Requests } from "./requests.js";
import { RestingPartitions } from "./resting.js";
import type { CoordinatorStats } from "./stats.js";
import type { WakeUp } from "./wake-up.js";

export interface SessionOptions {
  /** Absence after which a member is dead that the leader did not see vanish. */
  readonly memberTtlMs: number;
  /** Deadline of a release call. */
  readonly releaseTimeoutMs: number;
  readonly moveBatch: number;
  /** Backups of each partition. */
  readonly backups: number;
  /** How long partitions wait for journals; Infinity: for ever. */
  readonly recoveryWaitMs: number;
}

export interface SessionParts {
  readonly registry: Registry;
  readonly floors: Floors;
  readonly peers: Peers;
  readonly requests: Requests;
  readonly rings: RingBuilder;
  readonly stats: CoordinatorStats;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Incarnations whose exit somebody witnessed. */
  readonly exited: ReadonlySet<Incarnation>;
  readonly createToken: () => string;
  readonly ensureConfig: (reign: Reign) => Promise<ClusterConfig>;
  /** The latest state of the registry, where it may have moved on during a step. */
  readonly latestState: () => ClusterState | undefined;
  /** Tells when anything may have changed. */
  readonly wakeUp: WakeUp;
  readonly isLeading: () => boolean;
}

/** Five publishes a second at most, but for those that operations wait for. */
const PUBLISH_INTERVAL_MS = 200;
/** etcd takes 128 conditions in one transaction. */
const MAX_DEATHS_PER_PUBLISH = 100;
const REFUSED_RETRY_MS = 100;

export class LeaderSession {
  readonly #parts: SessionParts;
  readonly #options: SessionOptions;
  readonly #reign: Reign;
  readonly #judge: AbsenceJudge;
  readonly #resting: RestingPartitions;
  readonly #recoveryWaits: RecoveryWaits;
  /** The highest epoch that each incarnation has said it has read. */
  readonly #reported = new Map<Incarnation, number>();
  readonly #formation = new Formation();
  readonly #closing = new AbortController();
  #start: StartingPoint | undefined;
  /** The latest topology that is known beyond what the view shows. */
  #latest: PublishedTopology | undefined;
  /** Whether `#latest` was put together here and is not in the registry yet. */
  #isUnpublished = false;
  #released: { readonly epoch: number; readonly terms: ReadonlyMap<number, number> } | undefined;
  /** An epoch after which another must follow: owners may have let go, waiting for a later one. */
  #unsettledEpoch: number | undefined;
  /** What the last step was that had nothing to change. */
  #settled: { readonly topology: Topology; readonly facts: Facts } | undefined;
  #publishedAtMs = Number.NEGATIVE_INFINITY;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: SessionParts, options: SessionOptions, reign: Reign) {
    this.#parts = parts;
    this.#options = options;
    this.#reign = reign;
    this.#judge = new AbsenceJudge(reign.sinceMs, options.memberTtlMs);
    this.#resting = new RestingPartitions(parts.clock, parts.random);
    this.#recoveryWaits = new RecoveryWaits(parts.clock, options.recoveryWaitMs);
  }

  /**
   * Does the next thing there is to do. Returns after how many milliseconds to call it again at the
   * latest; undefined: not before something changes.
   */
  async step(state: ClusterState): Promise<number | undefined> {
    const { clock, requests, rings } = this.#parts;
    if (this.#start === undefined) {
      const waitMs = await this.#prepare(state);
      if (this.#start === undefined) return waitMs;
    }
    const before = this.#topology(state);
    const { topology } = before;
    requests.settle(topology);
    this.#recoveryWaits.follow(topology);
    const judgement = this.#judgement(topology, state);
    const formationMs = this.#formationMs(topology, state);
    if (formationMs > 0) return formationMs;

    const facts = this.#facts(topology, state, judgement);
    const mustPublish = this.#unsettledEpoch === topology.epoch;
    const settled = this.#settled;
    const isSettled =
      settled?.topology === topology && !mustPublish && sameQuietFacts(settled.facts, facts);
    if (isSettled) return await this.#release(topology, judgement);
    const { moveBatch, backups } = this.#options;
    const { termFloor, epochFloor } = this.#start;
    const nextEpoch = Math.max(topology.epoch, epochFloor) + 1;
    const options = { moveBatch, backups, termFloor, nextEpoch };
    const step = reconcile(topology, facts, options, rings);
    if (step.changed || mustPublish) {
      const waitMs = this.#publishedAtMs + PUBLISH_INTERVAL_MS - clock.monotonic();
      if (waitMs > 0 && !step.urgent && !mustPublish) return waitMs;
      return await this.#publish(before, { ...step, nextEpoch, facts }, state);
    }
    this.#settled = { topology, facts };
    return await this.#release(topology, judgement);
  }

  /** Whether a member has read a later topology than is known here: the registry has lost some. */
  isOutrunBy(state: ClusterState): boolean {
    if (this.#start === undefined) return false;
    const known = Math.max(this.#topology(state).topology.epoch, this.#start.epochFloor);
    return [...state.members.values()].some(({ value }) => value.topologyEpoch > known);
  }

  /** Ends what is under way. The session is of no use afterwards. */
  async close(): Promise<void> {
    this.#closing.abort(new Error("no longer leading"));
    await this.#parts.floors.close();
  }

  /** Returns how long to wait before trying again; undefined once there is a start. */
  async #prepare(state: ClusterState): Promise<number | undefined> {
    const { signal } = this.#closing;
    const { memberTtlMs } = this.#options;
    const found = await findStart(this.#parts, { reign: this.#reign, memberTtlMs, state, signal });
    if ("waitMs" in found) return found.waitMs;
    const { start, topology, modRevision, isPublished } = found;
    this.#start = start;
    this.#isUnpublished = !isPublished;
    this.#latest = { topology, modRevision };
    // What was adopted holds for everyone only once it is published.
    if (!isPublished) this.#unsettledEpoch = start.topology?.epoch;
    return undefined;
  }

  /** The later of what was published or read here and what the view shows. */
  #topology({ topology, revision }: ClusterState): PublishedTopology {
    const own = this.#latest;
    if (own !== undefined && (this.#isUnpublished || own.modRevision > revision)) return own;
    if (topology !== undefined) {
      return { topology: topology.value, modRevision: topology.modRevision };
    }
    // Somebody deleted the key. What is remembered here is put back.
    this.#unsettledEpoch = own?.topology.epoch;
    return { topology: own?.topology ?? emptyTopology(0), modRevision: 0 };
  }

  #judgement(topology: Topology, { members }: ClusterState): Judgement {
    const registered = new Map(
      [...members].map(([nodeId, { value }]) => [nodeId, value.incarnation]),
    );
    const { exited, clock } = this.#parts;
    const judgement = this.#judge.judge(topology, registered, exited, clock.monotonic());
    if (judgement.dead.size <= MAX_DEATHS_PER_PUBLISH) return judgement;
    const dead = [...judgement.dead];
    const later = dead.splice(MAX_DEATHS_PER_PUBLISH);
    const absent = new Set([...judgement.absent, ...later]);
    return { ...judgement, dead: new Set(dead), absent };
  }

  #formationMs({ partitions }: Topology, { members }: ClusterState): number {
    if (partitions.some(({ owner }) => owner !== undefined)) return 0;
    return this.#formation.waitMs(members.size, this.#parts.clock.monotonic());
  }

  #facts(topology: Topology, { members }: ClusterState, { dead, absent }: Judgement): Facts {
    const { requests, exited } = this.#parts;
    const records = [...members.values()].map(({ value }) => value);
    for (const { incarnation, topologyEpoch } of records) {
      this.#reported.set(incarnation, topologyEpoch);
    }
    const succeeded = records.flatMap(({ succeeds }) => succeeds ?? []);
    const released = this.#released?.epoch === topology.epoch ? this.#released.terms : new Map();
    return {
      registered: records,
      dead,
      ended: new Set([...exited, ...succeeded]),
      absent,
      released,
      fenced: requests.fenced,
      proposals: requests.proposals,
      removals: requests.removals,
      reported: this.#reported,
      recovered: recoveredOf(records),
      recoveryOver: this.#recoveryWaits.over,
      termRequests: this.#isUnpublished ? this.#termsForEveryone(topology) : requests.termRequests,
      resting: this.#resting.partitions,
    };
  }

  /** After topologies were lost, owners that stay must not go on with terms used by others. */
  #termsForEveryone({ partitions }: Topology): readonly TermRequest[] {
    const minTerm = this.#start?.termFloor ?? 1;
    return partitions.flatMap(({ owner, term }, partition) =>
      owner === undefined ? [] : [{ partition, incarnation: owner, term, minTerm }],
    );
  }

  async #publish(
    before: PublishedTopology,
    step: Step & { readonly nextEpoch: number; readonly facts: Facts },
    state: ClusterState,
  ): Promise<number> {
    const { registry, floors, peers, clock, logger, stats, createToken } = this.#parts;
    const epoch = step.nextEpoch;
    const next = { ...step.topology, epoch, writeToken: createToken() };
    await floors.ensure(epoch, highestTerm(next));
    const absences = absencesOf(step.died, before.topology, state);
    const result = await publish(registry, { reign: this.#reign, before, next, absences });
    if (result.at === "refused") {
      stats.refusedPublishes++;
      logger.warn({ epoch, presentEpoch: result.present?.topology.epoch }, "publish refused");
      if (result.present !== undefined && !this.#isUnpublished) this.#latest = result.present;
      return REFUSED_RETRY_MS;
    }
    this.#latest = result.published;
    this.#isUnpublished = false;
    this.#released = undefined;
    this.#publishedAtMs = clock.monotonic();
    this.#parts.requests.noteRemoved(step.facts.removals, next);
    peers.retain(new Set(next.members.map(({ addresses }) => addresses.peer)));
    this.#count(before.topology, next, step);
    this.#noteUnrecovered(before.topology, step.facts);
    return 0;
  }

  /** Whoever waits no longer may miss what was acknowledged; that is said aloud. */
  #noteUnrecovered({ partitions }: Topology, { recoveryOver, recovered, absent }: Facts): void {
    const unrecovered = [...recoveryOver].filter((number) => {
      const { owner, recoverFrom = [] } = partitions[number] ?? {};
      const isOpen = owner !== undefined && absent.has(owner);
      return !isOpen && !recoverFrom.some((each) => recovered.has(each));
    });
    if (unrecovered.length === 0) return;
    this.#parts.stats.unrecovered += unrecovered.length;
    this.#parts.logger.error(
      { partitions: unrecovered.length },
      "partitions are served without the journals of those who had them before; acknowledged writes may be missing until those are replayed",
    );
  }

  #count(before: Topology, next: Topology, { died }: Step): void {
    const { stats, logger } = this.#parts;
    let planned = 0;
    let failovers = 0;
    for (const [number, partition] of next.partitions.entries()) {
      const owner = before.partitions[number]?.owner;
      if (owner === undefined || owner === partition.owner) continue;
      if (partition.planned) planned++;
      else failovers++;
    }
    stats.publishes++;
    stats.plannedMoves += planned;
    stats.failovers += failovers;
    logger.info({ epoch: next.epoch, planned, failovers, died }, "topology published");
  }

  /** Asks owners to let go of what shall move. Returns when to call the session again. */
  async #release(topology: Topology, judgement: Judgement): Promise<number | undefined> {
    const { clock } = this.#parts;
    const moving = [...topology.partitions.entries()].filter(
      ([, { owner, moveTo, inSync }]) =>
        owner !== undefined &&
        moveTo !== undefined &&
        inSync.includes(moveTo) &&
        !judgement.absent.has(owner),
    );
    this.#resting.retain(new Set(moving.map(([number]) => number)));
    const due = moving.map(([number]) => number).filter((each) => !this.#resting.isResting(each));
    const nowMs = clock.monotonic();
    const { nextAtMs } = this.#recoveryWaits;
    if (due.length === 0) {
      return waitFor(nowMs, judgement.lookAgainAtMs, this.#resting.nextAtMs, nextAtMs);
    }
    const paceMs = this.#askedAtMs + PUBLISH_INTERVAL_MS - nowMs;
    if (paceMs > 0) return paceMs;
    this.#askedAtMs = nowMs;
    this.#unsettledEpoch = topology.epoch;
    const outcome = await this.#askOwners(topology, due);
    if (outcome === undefined) return 0;
    this.#released = { epoch: topology.epoch, terms: outcome.released };
    if (outcome.unknown.length === 0) this.#unsettledEpoch = undefined;
    this.#parts.stats.busyReleases += outcome.kept.length;
    for (const number of [...outcome.kept, ...outcome.unknown]) this.#resting.failed(number);
    return 0;
  }

  /** Undefined: given up, because somebody died, and a failover does not wait for a move. */
  async #askOwners(
    topology: Topology,
    partitions: readonly number[],
  ): Promise<ReleaseOutcome | undefined> {
    const { peers, logger, isLeading, wakeUp, latestState } = this.#parts;
    const giveUp = new AbortController();
    const round = runReleaseRound(topology, partitions, peers, logger, {
      timeoutMs: this.#options.releaseTimeoutMs,
      signal: AbortSignal.any([giveUp.signal, this.#closing.signal]),
    });
    for (;;) {
      wakeUp.reset();
      const state = latestState();
      const somebodyDied = state && this.#judgement(topology, state).dead.size > 0;
      if (somebodyDied || !isLeading()) break;
      const outcome = await Promise.race([round, wakeUp.sleep()]);
      if (outcome !== undefined) return outcome;
    }
    giveUp.abort(new Error("the topology must change first"));
    await round;
    return undefined;
  }
}

/** Of whose journals the members that hold them have nothing left. */
function recoveredOf(records: readonly MemberRecord[]): ReadonlySet<Incarnation> {
  return new Set(
    records.flatMap(({ succeeds = [], journalIncarnations }) =>
      succeeds.filter((incarnation) => !journalIncarnations.includes(incarnation)),
    ),
  );
}

function waitFor(nowMs: number, ...instantsMs: (number | undefined)[]): number | undefined {
  const known = instantsMs.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : Math.max(0, Math.min(...known) - nowMs);
}
