/**
 * What befalls a cluster in the fault suite, drawn from a seed. Every fault heals by itself, so that
 * the next one finds the cluster on its feet, or just getting up. Here are the faults of processes and
 * servers; network-faults.ts has those of what is between them.
 */
import type { Random } from "@holdfast/core";
import pg from "pg";
import type { TestCluster } from "../support/cluster.js";
import { type Etcd, startEtcd } from "../support/etcd.js";
import { eventually, passed } from "../support/eventually.js";
import type { FaultyCluster } from "../support/faulty-cluster.js";
import { leaderOf, revokeLease } from "../support/operators.js";
import { networkFaults } from "./network-faults.js";

const MAX_NODES = 5;
const MIN_NODES = 3;
const RECOVERY_MS = 60_000;

export type Faults = Readonly<Record<string, () => Promise<void>>>;

export class Nemesis {
  readonly #cluster: TestCluster;
  readonly #random: Random;
  readonly #faults: Faults;
  #etcd: Etcd;
  readonly #lasting: (() => Promise<void>)[] = [];
  readonly log: string[] = [];

  /** `only`: what the names of the faults must match. */
  constructor(faulty: FaultyCluster, random: Random, only = /./) {
    this.#cluster = faulty.cluster;
    this.#random = random;
    this.#etcd = faulty.cluster.etcd;
    const pick = <Item>(items: readonly Item[]) => this.#pick(items);
    const all = {
      ...this.#processFaults(),
      ...this.#serverFaults(),
      ...networkFaults(faulty, pick),
    };
    this.#faults = Object.fromEntries(Object.entries(all).filter(([name]) => only.test(name)));
  }

  /** Does one thing, and waits until it has healed. */
  async strike(): Promise<void> {
    const name = this.#pick(Object.keys(this.#faults));
    // As in the violations: milliseconds since the process began.
    this.log.push(`${name} at ${Math.round(performance.now())} ms`);
    await this.#faults[name]?.();
  }

  /** Ends what the nemesis has started. */
  async stop(): Promise<void> {
    for (const end of this.#lasting.splice(0)) await end();
  }

  #processFaults(): Faults {
    return {
      "kill a node": () => this.#kill(1),
      "kill two nodes": () => this.#kill(2),
      "kill every node": () => this.#kill(MAX_NODES),
      "kill the leading coordinator": () => this.#killLeader(),
      "pause a node for longer than its lease": () => this.#pause(3_500),
      "pause a node for less": () => this.#pause(800),
      "restart a node in order": () => this.#restart(1),
      "restart every node in order": () => this.#restart(MAX_NODES),
      "add or drain a node": () => this.#scale(),
      "grow to five nodes and shrink to three": () => this.#growAndShrink(),
    };
  }

  #serverFaults(): Faults {
    return {
      "kill etcd for a moment": () => this.#killEtcd(500),
      "kill etcd for longer than the leases": () => this.#killEtcd(5_000),
      "kill a node while etcd is away": () => this.#killWithoutEtcd(),
      "revoke a node's lease": () => this.#revokeLease(),
      "lock the table": () => this.#lockTable(),
      "break every connection to the database": () => this.#breakConnections(),
    };
  }

  async #kill(count: number): Promise<void> {
    const { local } = this.#cluster;
    const before = local.nodes;
    const victims = this.#shuffle(before).slice(0, count);
    for (const { pid } of victims) process.kill(pid, "SIGKILL");
    await this.#running(before.length, new Set(victims.map(({ pid }) => pid)));
  }

  async #killLeader(): Promise<void> {
    const { local } = this.#cluster;
    const { pid } = await leaderOf(local);
    process.kill(pid, "SIGKILL");
    await eventually(
      "somebody leads again",
      async () => (await leaderOf(local)).pid !== pid,
      RECOVERY_MS,
    );
  }

  async #pause(ms: number): Promise<void> {
    const { pid } = this.#pick(this.#cluster.local.nodes);
    process.kill(pid, "SIGSTOP");
    try {
      await passed(ms);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  }

  async #restart(count: number): Promise<void> {
    const { local } = this.#cluster;
    for (const { nodeId } of this.#shuffle(local.nodes).slice(0, count)) {
      await local.restartNode(nodeId);
    }
  }

  async #scale(): Promise<void> {
    const { local } = this.#cluster;
    if (local.nodes.length <= MIN_NODES) await local.addNode();
    else await local.stopNode(this.#pick(local.nodes).nodeId);
  }

  async #growAndShrink(): Promise<void> {
    const { local } = this.#cluster;
    while (local.nodes.length < MAX_NODES) await local.addNode();
    await passed(2_000);
    while (local.nodes.length > MIN_NODES) await local.stopNode(this.#pick(local.nodes).nodeId);
  }

  async #killEtcd(ms: number): Promise<void> {
    await this.#etcd.kill();
    await passed(ms);
    await this.#startEtcd();
  }

  async #killWithoutEtcd(): Promise<void> {
    await this.#etcd.kill();
    const { nodes } = this.#cluster.local;
    const { pid } = this.#pick(nodes);
    process.kill(pid, "SIGKILL");
    await passed(1_000);
    await this.#startEtcd();
    await this.#running(nodes.length, new Set([pid]));
  }

  async #startEtcd(): Promise<void> {
    const { dataDir, port } = this.#etcd;
    const etcd = await startEtcd({ dataDir, port });
    this.#etcd = etcd;
    this.#lasting.push(() => etcd.stop());
  }

  async #revokeLease(): Promise<void> {
    const { local } = this.#cluster;
    await revokeLease(local, this.#pick(local.nodes).nodeId);
  }

  async #lockTable(): Promise<void> {
    const client = new pg.Client(this.#cluster.local.databaseUrl);
    client.on("error", () => {});
    await client.connect();
    try {
      await client.query("BEGIN; LOCK TABLE holdfast_entries IN EXCLUSIVE MODE");
      await passed(2_500);
      await client.query("ROLLBACK");
    } finally {
      await client.end();
    }
  }

  async #breakConnections(): Promise<void> {
    await this.#cluster.database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'holdfast/%'",
    );
  }

  async #running(count: number, gone: ReadonlySet<number>): Promise<void> {
    await eventually(
      "the nodes run again",
      () => {
        const { nodes } = this.#cluster.local;
        return nodes.length >= count && nodes.every(({ pid }) => !gone.has(pid));
      },
      RECOVERY_MS,
    );
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.#random.next() * items.length)];
    if (item === undefined) throw new Error("there is nothing to choose from");
    return item;
  }

  #shuffle<Item>(items: readonly Item[]): Item[] {
    return items
      .map((item) => ({ item, order: this.#random.next() }))
      .sort((a, b) => a.order - b.order)
      .map(({ item }) => item);
  }
}
