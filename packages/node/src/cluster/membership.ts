/**
 * This node's place in the registry: its member record, under a lease.
 *
 *     absent ──► registered ──► absent (lease lost) ──► registered …
 *
 * A lost lease does not end an incarnation: while the topology still lists it, the node puts its
 * record back, in a transaction that compares the topology it has read, so that it cannot return
 * behind the back of a coordinator that has just declared it dead. Deciding to become a new
 * incarnation is the composition root's; membership then registers that one.
 */
import { type Clock, delay, findMember, type Logger } from "@holdfast/core";
import {
  type Compare,
  decodeMember,
  encodeRecord,
  type LeaseKeeper,
  MEMBERS_PREFIX,
  type MemberRecord,
  type Registry,
  RegistryUnavailableError,
  TOPOLOGY_KEY,
} from "@holdfast/process";
import type { TopologyWatch } from "./topology-watch.js";

/** How often a node that must wait looks again. */
const POLL_MS = 200;

/** The node id is held by a process that goes on living. */
export class NodeIdInUseError extends Error {
  override readonly name = "NodeIdInUseError";
}

export interface MembershipOptions {
  readonly registry: Registry;
  readonly lease: LeaseKeeper;
  readonly topology: TopologyWatch;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a newcomer waits for the lease of a predecessor with its id to end. */
  readonly predecessorWaitMs: number;
}

type Identity = Omit<MemberRecord, "topologyEpoch">;

export class Membership {
  readonly #options: MembershipOptions;
  readonly #key: string;
  #record: MemberRecord;
  #modRevision = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: MembershipOptions, identity: Identity) {
    this.#options = options;
    this.#key = MEMBERS_PREFIX + identity.nodeId;
    this.#record = { ...identity, topologyEpoch: 0 };
  }

  get record(): MemberRecord {
    return this.#record;
  }

  /** Changes what the record will say when it is next written. */
  amend(changes: Partial<Identity>): void {
    this.#record = { ...this.#record, ...changes };
  }

  /**
   * Registers the node under its lease, as the incarnation that its record names.
   *
   * @throws {NodeIdInUseError} when another process keeps the node id.
   * @throws {RegistryUnavailableError}
   */
  async register(): Promise<void> {
    const { lease, clock, predecessorWaitMs } = this.#options;
    const leaseId = lease.leaseId ?? (await lease.acquire());
    const deadlineMs = clock.monotonic() + predecessorWaitMs;
    while (!(await this.#tryRegister(leaseId, []))) {
      if (clock.monotonic() >= deadlineMs) throw await this.#inUse();
      await delay(clock, POLL_MS);
    }
  }

  /**
   * Puts the record of the same incarnation back after its lease was lost.
   *
   * @returns false when the topology does not list the incarnation as alive (any more): it must
   *   become a new one.
   */
  async reregister(): Promise<boolean> {
    const { registry, lease } = this.#options;
    const leaseId = lease.leaseId ?? (await lease.acquire());
    const entry = await registry.get(TOPOLOGY_KEY);
    const { topology, modRevision } = this.#options.topology;
    // The topology that is about to be compared must be the one that was decided upon.
    if (entry === undefined || topology === undefined || entry.modRevision !== modRevision) {
      throw new RegistryUnavailableError("the latest topology has not been read yet");
    }
    const member = findMember(topology, this.#record.incarnation);
    if (member === undefined || member.state === "dead") return false;
    return this.#tryRegister(leaseId, [
      { key: TOPOLOGY_KEY, target: "mod", equals: entry.modRevision },
    ]);
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

  async #tryRegister(leaseId: string, compares: readonly Compare[]): Promise<boolean> {
    const { registry } = this.#options;
    const result = await registry.transact(
      [{ key: this.#key, target: "create", equals: 0 }, ...compares],
      [{ key: this.#key, put: encodeRecord(this.#record), leaseId }],
    );
    if (result.succeeded) {
      this.#modRevision = result.revision;
      return true;
    }
    // The answer to an earlier attempt may have been lost: it was this very incarnation's.
    const entry = await registry.get(this.#key);
    if (entry === undefined || entry.leaseId !== leaseId) return false;
    this.#modRevision = entry.modRevision;
    return decodeMember(entry.value).incarnation === this.#record.incarnation;
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
    if (entry?.leaseId === leaseId) this.#modRevision = entry.modRevision;
    else logger.debug({}, "the member record is gone; it is not this lease's to change");
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
