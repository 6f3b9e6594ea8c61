/**
 * A node without a cache, for tests of coordinators: it registers under a lease, follows the
 * topology, says of whom a partition is to move to that it has everything, and lets go of partitions
 * when the leader asks for them.
 */

import { randomUUID } from "node:crypto";
import { credentials } from "@grpc/grpc-js";
import { CacheError, delay, silentLogger, systemClock, type Topology } from "@holdfast/core";
import {
  COORDINATOR_KEY,
  decodeCoordinator,
  encodeRecord,
  GrpcServer,
  LeaseKeeper,
  MEMBERS_PREFIX,
  type MemberRecord,
  type Registry,
  type RegistryWatch,
  TOPOLOGY_KEY,
  unary,
} from "@holdfast/process";
import {
  Control,
  decodeTopology,
  Peer,
  type PeerHandlers,
  type ReleaseRequest__Output,
  type ReleaseResponse,
} from "@holdfast/proto";

const PROPOSAL_MS = 1_000;
const PROPOSAL_PAUSE_MS = 50;

export interface PeerNodeOptions {
  readonly nodeId: string;
  readonly registry: Registry;
  readonly leaseTtlMs?: number;
}

export class PeerNode {
  readonly nodeId: string;
  readonly incarnation: string = randomUUID();
  readonly #registry: Registry;
  readonly #keeper: LeaseKeeper;
  readonly #server: GrpcServer;
  readonly #watches: RegistryWatch[] = [];
  #leader = "";
  #isProposing = false;
  #isClosed = false;
  topology: Topology | undefined;
  /** Partitions that it has released, some of them perhaps more than once. */
  readonly released = new Set<number>();

  private constructor({ nodeId, registry, leaseTtlMs = 2_000 }: PeerNodeOptions) {
    this.nodeId = nodeId;
    this.#registry = registry;
    this.#keeper = new LeaseKeeper({
      registry,
      clock: systemClock,
      logger: silentLogger,
      ttlMs: leaseTtlMs,
    });
    const handlers: PeerHandlers = {
      Forward: unary(silentLogger, async () => {
        throw new CacheError("UNAVAILABLE", "this node holds nothing");
      }),
      Replicate: (call) => call.end(),
      Replay: unary(silentLogger, async ({ records }) => ({
        outcomes: records.map(() => "LATER" as const),
      })),
      Release: unary<ReleaseRequest__Output, ReleaseResponse>(silentLogger, async (request) =>
        this.#release(request),
      ),
    };
    this.#server = new GrpcServer({
      name: nodeId,
      host: "127.0.0.1",
      port: 0,
      logger: silentLogger,
      clock: systemClock,
      services: [{ definition: Peer.service, handlers }],
      reflection: false,
      maxMessageBytes: 2 ** 20,
    });
  }

  static async start(options: PeerNodeOptions): Promise<PeerNode> {
    const node = new PeerNode(options);
    await node.#server.start();
    const { registry } = options;
    node.#watches.push(
      registry.watch(TOPOLOGY_KEY, ({ entries }) => {
        const entry = entries.get(TOPOLOGY_KEY);
        if (entry !== undefined) node.topology = decodeTopology(entry.value);
        void node.#propose();
      }),
      registry.watch(COORDINATOR_KEY, ({ entries }) => {
        const entry = entries.get(COORDINATOR_KEY);
        node.#leader = entry === undefined ? "" : decodeCoordinator(entry.value).address;
        void node.#propose();
      }),
    );
    await node.#keeper.acquire();
    await node.register();
    return node;
  }

  /** Writes what the node says of itself, under its lease. */
  async register(change: Partial<MemberRecord> = {}): Promise<void> {
    const { address } = this.#server;
    const record: MemberRecord = {
      nodeId: this.nodeId,
      incarnation: this.incarnation,
      addresses: { data: address, peer: address, http: address },
      zone: "",
      weight: 1,
      state: "active",
      protocolMin: 1,
      protocolMax: 1,
      topologyEpoch: this.topology?.epoch ?? 0,
      journalIncarnations: [],
      ...change,
    };
    const { leaseId } = this.#keeper;
    if (leaseId === undefined) throw new Error(`${this.nodeId} has no lease`);
    const key = `${MEMBERS_PREFIX}${this.nodeId}`;
    await this.#registry.transact([], [{ key, put: encodeRecord(record), leaseId }]);
  }

  /** Ends as SIGKILL would: the lease lives on until it expires. */
  async crash(): Promise<void> {
    this.#keeper.abandon();
    await this.#close();
  }

  /** Ends in order: the registration goes at once. */
  async stop(): Promise<void> {
    await this.#keeper.release();
    await this.#close();
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    for (const watch of this.#watches) await watch.close();
    await this.#server.stop();
  }

  /** Proposes the members that its partitions are to move to, until the topology has them in sync. */
  async #propose(): Promise<void> {
    if (this.#isProposing) return;
    this.#isProposing = true;
    while (!this.#isClosed && this.#leader !== "") {
      const { epoch = 0, partitions = [] } = this.topology ?? {};
      const changes = [...partitions.entries()].flatMap(([partition, shown]) => {
        const { owner, term, moveTo, inSync } = shown;
        if (owner !== this.incarnation || moveTo === undefined) return [];
        return inSync.includes(moveTo) ? [] : [{ partition, term, member: moveTo }];
      });
      if (changes.length === 0) break;
      const control = new Control(this.#leader, credentials.createInsecure());
      const request = { incarnation: this.incarnation, epoch, changes };
      const deadline = Date.now() + PROPOSAL_MS;
      await new Promise<void>((resolve) => {
        control.proposeInSync(request, { deadline }, () => resolve());
      });
      control.close();
      await delay(systemClock, PROPOSAL_PAUSE_MS);
    }
    this.#isProposing = false;
  }

  #release({ epoch, incarnation, partitions }: ReleaseRequest__Output): ReleaseResponse {
    const isKnown = incarnation === this.incarnation && (this.topology?.epoch ?? 0) >= epoch;
    const results = partitions.map(({ partition, term }) => {
      const shown = this.topology?.partitions[partition];
      const isShown = isKnown && shown?.owner === incarnation && shown.moveTo !== undefined;
      if (isShown) this.released.add(partition);
      return { partition, term, status: isShown ? "RELEASED" : "REFUSED", sequence: 0 } as const;
    });
    return { epoch, results };
  }
}
