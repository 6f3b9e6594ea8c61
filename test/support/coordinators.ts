/**
 * Coordinators for tests, made as their processes make them, on an etcd of their own. What a test
 * starts is closed after it, latest first.
 */
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { Coordinator, loadCoordinatorOptions } from "@holdfast/coordinator";
import { systemClock, systemRandom } from "@holdfast/core";
import { createLogger, type Registry } from "@holdfast/process";
import {
  Admin,
  type AdminClient,
  Control,
  type ControlClient,
  fromServiceError,
  type StatusResponse__Output,
} from "@holdfast/proto";
import { type Etcd, startEtcd } from "./etcd.js";
import { eventually } from "./eventually.js";
import { PeerNode } from "./peer-node.js";
import { connectRegistry } from "./registry-probe.js";

const CALL_MS = 5_000;
const PARTITIONS = 64;
const environment = {
  clock: systemClock,
  random: systemRandom,
  logger: createLogger({ name: "test", level: "silent" }),
};

export class Coordinators {
  readonly etcd: Etcd;
  readonly #cleanups: (() => Promise<unknown>)[] = [];
  #clusters = 0;

  private constructor(etcd: Etcd) {
    this.etcd = etcd;
  }

  static async start(): Promise<Coordinators> {
    return new Coordinators(await startEtcd());
  }

  /** To be done after the test. */
  defer(cleanup: () => Promise<unknown>): void {
    this.#cleanups.push(cleanup);
  }

  /** A cluster of its own within the shared etcd, or within another one. */
  cluster(endpoint: string = this.etcd.endpoint): CoordinatorCluster {
    return new CoordinatorCluster(this, `coordinator-${++this.#clusters}`, endpoint);
  }

  adminOf({ address }: Coordinator): AdminClient {
    const client = new Admin(address, credentials.createInsecure());
    this.defer(async () => client.close());
    return client;
  }

  controlOf({ address }: Coordinator): ControlClient {
    const client = new Control(address, credentials.createInsecure());
    this.defer(async () => client.close());
    return client;
  }

  statusOf(coordinator: Coordinator): Promise<StatusResponse__Output> {
    const admin = this.adminOf(coordinator);
    return call((options, callback) => admin.status({}, options, callback));
  }

  /** After each test. */
  async clean(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup();
  }

  async stop(): Promise<void> {
    await this.etcd.stop();
  }
}

export class CoordinatorCluster {
  readonly #owner: Coordinators;
  readonly #endpoint: string;
  readonly name: string;
  readonly registry: Registry;

  constructor(owner: Coordinators, name: string, endpoint: string) {
    this.#owner = owner;
    this.#endpoint = endpoint;
    this.name = name;
    this.registry = connectRegistry([endpoint], name);
    owner.defer(() => this.registry.close());
  }

  async coordinator(overrides: object = {}): Promise<Coordinator> {
    const options = loadCoordinatorOptions({
      overrides: {
        cluster: this.name,
        listen: { port: 0, httpPort: 0 },
        etcd: { endpoints: [this.#endpoint], leaseTtl: "2s" },
        memberTtl: "2s",
        partitions: PARTITIONS,
        ...overrides,
      },
    });
    const coordinator = new Coordinator(options, environment);
    this.#owner.defer(() => coordinator.stop());
    await coordinator.start();
    return coordinator;
  }

  async node(nodeId: string): Promise<PeerNode> {
    const node = await PeerNode.start({ nodeId, registry: this.registry });
    this.#owner.defer(() => node.stop());
    return node;
  }

  /** Waits until these nodes share all partitions evenly. */
  async isSharedBy(
    coordinator: Coordinator,
    ...nodeIds: string[]
  ): Promise<StatusResponse__Output> {
    let seen = "nothing";
    try {
      return await eventually("the partitions are shared", async () => {
        const answer = await this.#owner.statusOf(coordinator);
        const counts = countsOf(answer);
        seen = JSON.stringify(counts);
        const expected = PARTITIONS / nodeIds.length;
        const isEven =
          Object.keys(counts).sort().join() === [...nodeIds].sort().join() &&
          Object.values(counts).every((count) => Math.abs(count - expected) < 1);
        return isEven ? answer : undefined;
      });
    } catch (error) {
      throw new Error(`not shared by ${nodeIds.join()}: ${seen}`, { cause: error });
    }
  }
}

/** How many partitions each node has; nobody's under "nobody". */
export function countsOf({ view }: StatusResponse__Output): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { owner } of view?.topology?.partitions ?? []) {
    const member = owner === undefined ? undefined : view?.topology?.members[owner];
    const name = member?.nodeId ?? "nobody";
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** A unary call as a promise. */
export function call<Response>(
  send: (
    deadline: { readonly deadline: number },
    callback: (error: ServiceError | null, response?: Response) => void,
  ) => void,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    send({ deadline: Date.now() + CALL_MS }, (error, response) => {
      if (error !== null) reject(fromServiceError(error));
      else if (response === undefined) reject(new Error("no response"));
      else resolve(response);
    });
  });
}
