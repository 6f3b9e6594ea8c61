/**
 * A coordinator without network: the real view, leadership and loop, on a registry in memory, with
 * nodes in memory, on a clock that the test moves. It watches every topology that is published and
 * fails when ownership passes from a living node to another without a release.
 */
import {
  type CancelTimer,
  type ClusterConfig,
  HASH_ALGORITHM,
  type Logger,
  silentLogger,
  type Topology,
} from "@holdfast/core";
import { FakeClock, seededRandom } from "@holdfast/core/testing";
import { encodeRecord, LeaseKeeper, type MemberRecord } from "@holdfast/process";
import { MemoryRegistry } from "@holdfast/process/testing";
import { decodeTopology } from "@holdfast/proto";
import { CoordinatorLoop } from "../leading/coordinator-loop.js";
import { type Floors, noFloors } from "../leading/floors.js";
import { Leadership } from "../leading/leadership.js";
import { newStats } from "../leading/stats.js";
import { RingBuilder } from "../planning/ring.js";
import { ensureClusterConfig } from "../state/cluster-config.js";
import { RegistryView } from "../state/registry-view.js";
import type { MetaStore } from "../state/stores.js";
import { incarnationOf, nameOf, record, targetProposals } from "./cluster-model.js";
import { FakePeers } from "./fake-peers.js";

export const TEST_CONFIG: ClusterConfig = {
  clusterId: "test",
  formatVersion: 1,
  partitions: 16,
  hashAlgorithm: HASH_ALGORITHM,
  hashSeed: 1,
};

export const MEMBER_TTL_MS = 5_000;
const LEASE_TTL_MS = 3_000;
const PROPOSE_AGAIN_MS = 500;

export interface HarnessOptions {
  readonly floors?: Floors;
  readonly meta?: MetaStore;
  readonly moveBatch?: number;
  readonly backups?: number;
  readonly logger?: Logger;
}

/** One coordinator of a cluster; several may share the cluster. */
export interface TestCoordinator {
  readonly loop: CoordinatorLoop;
  readonly leadership: Leadership;
  readonly view: RegistryView;
  readonly stats: ReturnType<typeof newStats>;
  readonly fatal: Error[];
  stop(): Promise<void>;
  /** Ends without giving anything up, as when the process is killed. */
  crash(): void;
}

export class Harness {
  readonly clock: FakeClock = new FakeClock(1_000);
  readonly registry: MemoryRegistry = new MemoryRegistry(this.clock);
  readonly peers: FakePeers = new FakePeers(this.clock, () => this.topology);
  readonly #leases = new Map<string, string>();
  readonly #coordinators = new Set<TestCoordinator>();
  #proposing = new AbortController();
  #cancelProposing: CancelTimer = () => {};
  #tokens = 0;
  topology: Topology | undefined;
  /** Everything that was published, oldest first. */
  readonly history: Topology[] = [];
  /** What must not happen, but did. */
  readonly violations: string[] = [];

  constructor() {
    this.registry.watch("topology", ({ entries }) => {
      const entry = entries.get("topology");
      if (entry !== undefined) this.#onTopology(decodeTopology(entry.value));
    });
  }

  async startCoordinator(name: string, options: HarnessOptions = {}): Promise<TestCoordinator> {
    const { clock, registry, peers } = this;
    const { floors = noFloors, moveBatch = 64, backups = 0, logger = silentLogger } = options;
    const view = new RegistryView(registry, logger);
    const keeper = new LeaseKeeper({ registry, clock, logger, ttlMs: LEASE_TTL_MS });
    const recordOf = () => ({ coordinatorId: name, address: `${name}:1` });
    const leadership = new Leadership({ registry, view, keeper, clock, logger, record: recordOf });
    const fatal: Error[] = [];
    const stats = newStats();
    const loop = new CoordinatorLoop(
      {
        registry,
        view,
        leadership,
        peers,
        stats,
        rings: new RingBuilder(16),
        clock,
        random: seededRandom(1),
        logger,
        createToken: () => `token-${++this.#tokens}`,
        createFloors: () => floors,
        ensureConfig: ({ createRevision }) =>
          ensureClusterConfig({
            registry,
            leaderRevision: createRevision,
            meta: options.meta,
            logger,
            create: () => TEST_CONFIG,
          }),
        onFatal: (reason) => fatal.push(reason),
      },
      {
        memberTtlMs: MEMBER_TTL_MS,
        releaseTimeoutMs: 1_500,
        recoveryWaitMs: 60_000,
        moveBatch,
        backups,
      },
    );
    for (const component of [view, leadership, loop]) await component.start();
    let ended = false;
    const coordinator: TestCoordinator = {
      loop,
      leadership,
      view,
      stats,
      fatal,
      stop: async () => {
        if (ended) return;
        ended = true;
        for (const component of [loop, leadership, view]) await component.stop();
      },
      crash: () => {
        ended = true;
        keeper.abandon();
        // Neither hears nor does anything any more.
        void view.stop();
        void loop.stop();
      },
    };
    this.#coordinators.add(coordinator);
    return coordinator;
  }

  /** `name` is `node` or `node#2`. Registers it under a lease that lives until it is killed. */
  async register(name: string, change: Partial<MemberRecord> = {}): Promise<void> {
    const known = this.#leases.get(name);
    const leaseId = known ?? (await this.registry.grantLease(1e9)).leaseId;
    this.#leases.set(name, leaseId);
    const member = record(name, change);
    await this.registry.put(`members/${member.nodeId}`, encodeRecord(member), leaseId);
  }

  /** The lease of a node ends. */
  async kill(name: string): Promise<void> {
    const leaseId = this.#leases.get(name);
    this.#leases.delete(name);
    if (leaseId !== undefined) await this.registry.revokeLease(leaseId);
  }

  /** Lets time pass in small steps, in which everything may react. */
  async pass(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms, Math.max(20, Math.ceil(ms / 25)));
  }

  /** How many partitions each has, by name. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { owner } of this.topology?.partitions ?? []) {
      const name = nameOf(owner) ?? "nobody";
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  /** Numbers of the partitions that a node owns. */
  ownedBy(name: string): number[] {
    const partitions = this.topology?.partitions ?? [];
    return [...partitions.keys()].filter(
      (number) => partitions[number]?.owner === incarnationOf(name),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelProposing();
    for (const coordinator of this.#coordinators) await coordinator.stop();
    if (this.violations.length > 0) throw new Error(this.violations.join("\n"));
  }

  /** Owners bring in sync whomever their partitions are to move to, and say so until it is shown. */
  #propose(topology: Topology): void {
    this.#proposing.abort();
    this.#proposing = new AbortController();
    const { signal } = this.#proposing;
    for (const proposals of targetProposals(topology)) {
      for (const { loop } of this.#coordinators) {
        loop.requests.proposeInSync(proposals, signal).catch(() => {});
      }
    }
    this.#cancelProposing();
    this.#cancelProposing = this.clock.after(PROPOSE_AGAIN_MS, () => this.#propose(topology));
  }

  #onTopology(next: Topology): void {
    const before = this.topology;
    if (before?.writeToken === next.writeToken) return;
    this.topology = next;
    this.history.push(next);
    this.#propose(next);
    if (before === undefined) return;
    if (next.epoch <= before.epoch) this.violations.push(`epoch ${next.epoch} is not later`);
    for (const [number, now] of next.partitions.entries()) {
      const then = before.partitions[number];
      if (then?.owner === undefined || now.owner === undefined || now.owner === then.owner)
        continue;
      const wasReleased = this.peers.releasedAt.get(number) === before.epoch;
      const died = now.unfenced.includes(then.owner);
      const what = `partition ${number} at epoch ${next.epoch}`;
      if (now.term <= then.term) this.violations.push(`${what}: the term did not grow`);
      if (now.planned && !wasReleased) this.violations.push(`${what}: it was not released`);
      if (!now.planned && !died) this.violations.push(`${what}: its owner is not unfenced`);
    }
  }
}

/** A cluster of these nodes, balanced, with one coordinator. */
export async function clusterOf(
  ...names: string[]
): Promise<{ readonly cluster: Harness; readonly coordinator: TestCoordinator }> {
  const cluster = new Harness();
  const coordinator = await cluster.startCoordinator("c1");
  for (const name of names) await cluster.register(name);
  await cluster.pass(2_000);
  return { cluster, coordinator };
}
