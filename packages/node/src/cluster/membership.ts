/**
 * This node's place in the registry: its member record, under a lease.
 *
 *     absent ──► registered ──► absent (lease lost) ──► registered …
 *
 * A lost lease does not end an incarnation: while the topology still lists it, the node puts its
 * record back, in a transaction that compares the topology it has read, so that it cannot return
 * behind the back of a coordinator that has just declared it dead. Only from then on does the new
 * lease say anything about the right to serve.
 *
 * A registry that shows no topology, or an older one than this node has read, has lost data. The
 * node registers all the same, so that a coordinator learns what there was, and serves nothing
 * before it has read a later topology than that.
 */
import {
  type Clock,
  type ClusterConfig,
  delay,
  findMember,
  type Incarnation,
  IncompatibleClusterError,
  type Logger,
} from "@holdfast/core";
import {
  CONFIG_KEY,
  type Compare,
  decodeClusterConfig,
  decodeMember,
  encodeRecord,
  type LeaseKeeper,
  MEMBERS_PREFIX,
  type MemberRecord,
  type Registry,
  RegistryUnavailableError,
  TOPOLOGY_KEY,
} from "@holdfast/process";
import { decodeTopology } from "@holdfast/proto";
import type { LeaseView } from "../ownership/right-to-serve.js";
import type { TopologyWatch } from "./topology-watch.js";

/** How often a node that must wait looks again. */
const POLL_MS = 200;

/** The node id is held by a process that goes on living. */
export class NodeIdInUseError extends Error {
  override readonly name = "NodeIdInUseError";
}

export interface MembershipOptions {
  readonly registry: Registry;
  /** What the node has joined; another cluster is not for it. */
  readonly cluster: ClusterConfig;
  readonly lease: LeaseKeeper;
  readonly topology: TopologyWatch;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a newcomer waits for the lease of a predecessor with its id to end. */
  readonly predecessorWaitMs: number;
  /**
   * An incarnation that certainly lives no more, because this process holds the journal that it
   * wrote: its record may be replaced before its lease has ended.
   */
  readonly provenDead: Incarnation | undefined;
}

type Identity = Omit<MemberRecord, "topologyEpoch">;

type Registration =
  | { readonly at: "registered" }
  /** The key is somebody else's: `incarnation` says whose. */
  | { readonly at: "taken"; readonly incarnation: Incarnation; readonly modRevision: number }
  /** The key is free; another comparison did not hold. */
  | { readonly at: "outrun" };

export class Membership implements LeaseView {
  readonly #options: MembershipOptions;
  readonly #key: string;
  #record: MemberRecord;
  #modRevision = 0;
  /** The lease under which the record was last put. */
  #registeredUnder: string | undefined;
  /** The right to serve begins with a topology later than this one. */
  #servesAfterEpoch = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: MembershipOptions, identity: Identity) {
    this.#options = options;
    this.#key = MEMBERS_PREFIX + identity.nodeId;
    this.#record = { ...identity, topologyEpoch: 0 };
  }

  get record(): MemberRecord {
    return this.#record;
  }

  /** Monotonic instant until which this node is certainly registered; -Infinity: it may not be. */
  get safeUntilMs(): number {
    const { lease, topology } = this.#options;
    const isRegistered = lease.leaseId !== undefined && lease.leaseId === this.#registeredUnder;
    const isCurrent = (topology.topology?.epoch ?? 0) > this.#servesAfterEpoch;
    return isRegistered && (isCurrent || this.#servesAfterEpoch === 0)
      ? lease.safeUntilMs
      : Number.NEGATIVE_INFINITY;
  }

  /** Changes what the record will say when it is next written. */
  amend(changes: Partial<Identity>): void {
    this.#record = { ...this.#record, ...changes };
  }

  /**
   * Registers the node under its lease, as the incarnation that its record names.
   *
   * @throws {NodeIdInUseError} when another process keeps the node id.
   * @throws {IncompatibleClusterError} when the registry belongs to another cluster by now.
   * @throws {RegistryUnavailableError}
   */
  async register(): Promise<void> {
    const { lease, clock, predecessorWaitMs } = this.#options;
    await this.#checkCluster();
    const leaseId = lease.leaseId ?? (await lease.acquire());
    const deadlineMs = clock.monotonic() + predecessorWaitMs;
    const free: Compare = { key: this.#key, target: "create", equals: 0 };
    for (let place = free; ; ) {
      const result = await this.#put(leaseId, [place]);
      if (result.at === "registered") return;
      const isDead = result.at === "taken" && result.incarnation === this.#options.provenDead;
      if (isDead && place === free) {
        place = { key: this.#key, target: "mod", equals: result.modRevision };
        continue;
      }
      place = free;
      if (clock.monotonic() >= deadlineMs) throw await this.#inUse();
      await delay(clock, POLL_MS);
    }
  }

  /**
   * Puts the record of the same incarnation back after its lease was lost.
   *
   * @returns false when the incarnation has been replaced: it must become a new one.
   * @throws {IncompatibleClusterError} as `register`.
   * @throws {RegistryUnavailableError} when that could not be found out yet.
   */
  async reregister(): Promise<boolean> {
    const { registry, lease } = this.#options;
    const { topology } = this.#options.topology;
    await this.#checkCluster();
    const leaseId = lease.leaseId ?? (await lease.acquire());
    const entry = await registry.get(TOPOLOGY_KEY);
    const stored = entry && decodeTopology(entry.value);
    const knownEpoch = topology?.epoch ?? 0;
    const hasLostData = knownEpoch > (stored?.epoch ?? 0);
    if (!hasLostData) {
      // The topology that is compared must be the one that was decided upon.
      if (topology === undefined || stored?.writeToken !== topology.writeToken) throw outrun();
      const member = findMember(topology, this.#record.incarnation);
      if (member === undefined || member.state === "dead") return false;
    }
    this.#record = { ...this.#record, topologyEpoch: knownEpoch };
    const equals = entry?.modRevision ?? 0;
    const result = await this.#put(leaseId, [
      { key: this.#key, target: "create", equals: 0 },
      { key: TOPOLOGY_KEY, target: "mod", equals },
    ]);
    if (result.at === "registered" && hasLostData) this.#servesAfterEpoch = knownEpoch;
    if (result.at === "registered") return true;
    if (result.at === "taken" && result.incarnation !== this.#record.incarnation) return false;
    throw outrun();
  }

  /** Whether the registry lists this very incarnation now. @throws {RegistryUnavailableError} */
  async isListed(): Promise<boolean> {
    const entry = await this.#options.registry.get(this.#key);
    return (
      entry !== undefined && decodeMember(entry.value).incarnation === this.#record.incarnation
    );
  }

  /**
   * Writes the present record again, if it is still this process's. Calls run one after another.
   *
   * @throws {RegistryUnavailableError}
   */
  update(topologyEpoch: number): Promise<void> {
    this.#record = { ...this.#record, topologyEpoch };
    const run = this.#writing.then(() => this.#write());
    this.#writing = run.catch(() => {});
    return run;
  }

  /** Ends the lease, and the record with it. */
  leave(): Promise<void> {
    return this.#options.lease.release();
  }

  /** A registry that was emptied may have been given to another cluster. */
  async #checkCluster(): Promise<void> {
    const { registry, cluster } = this.#options;
    const entry = await registry.get(CONFIG_KEY);
    if (entry === undefined) throw outrun();
    const { clusterId } = decodeClusterConfig(entry.value);
    if (clusterId === cluster.clusterId) return;
    throw new IncompatibleClusterError(
      `the registry now belongs to cluster ${clusterId}, and this node to ${cluster.clusterId}; start it again to join`,
    );
  }

  async #put(leaseId: string, compares: readonly Compare[]): Promise<Registration> {
    const { registry } = this.#options;
    const result = await registry.transact(compares, [
      { key: this.#key, put: encodeRecord(this.#record), leaseId },
    ]);
    if (result.succeeded) return this.#registered(leaseId, result.revision);
    const entry = await registry.get(this.#key);
    if (entry === undefined) return { at: "outrun" };
    const { incarnation } = decodeMember(entry.value);
    // The answer to an earlier attempt of this very incarnation may have been lost.
    const isOurs = entry.leaseId === leaseId && incarnation === this.#record.incarnation;
    if (isOurs) return this.#registered(leaseId, entry.modRevision);
    return { at: "taken", incarnation, modRevision: entry.modRevision };
  }

  #registered(leaseId: string, modRevision: number): Registration {
    this.#modRevision = modRevision;
    this.#registeredUnder = leaseId;
    return { at: "registered" };
  }

  async #write(): Promise<void> {
    const { registry, lease, logger } = this.#options;
    const { leaseId } = lease;
    if (leaseId === undefined) return;
    const result = await registry.transact(
      [
        { key: this.#key, target: "mod", equals: this.#modRevision },
        { key: this.#key, target: "lease", equals: leaseId },
      ],
      [{ key: this.#key, put: encodeRecord(this.#record), leaseId }],
    );
    if (result.succeeded) {
      this.#modRevision = result.revision;
      return;
    }
    const entry = await registry.get(this.#key);
    if (entry?.leaseId !== leaseId) {
      logger.debug({}, "the member record is gone; it is not this lease's to change");
      return;
    }
    // An earlier write was made whose answer was lost. What is there may be older than the record.
    this.#modRevision = entry.modRevision;
    if (entry.value.toString() !== encodeRecord(this.#record)) throw outrun();
  }

  async #inUse(): Promise<NodeIdInUseError> {
    const { nodeId } = this.#record;
    const entry = await this.#options.registry.get(this.#key);
    const where = entry === undefined ? "" : ` at ${decodeMember(entry.value).addresses.data}`;
    return new NodeIdInUseError(
      `node id in use: a live process${where} is registered as "${nodeId}"; give each node an id of its own`,
    );
  }
}

/** Something was published or written meanwhile: whoever asked looks again. */
function outrun(): RegistryUnavailableError {
  return new RegistryUnavailableError("the registry has moved on; looking again");
}
