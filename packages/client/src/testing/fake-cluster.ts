/**
 * Several fake nodes under one topology, which a test changes at will.
 */
import {
  type ClusterConfig,
  HASH_ALGORITHM,
  type Member,
  type Partition,
  partitionOf,
  type Topology,
  UNOWNED_PARTITION,
} from "@holdfast/core";
import { type TopologyView, topologyToMessage } from "@holdfast/proto";
import { FakeNode, type FakeCluster as NodeView } from "./fake-node.js";
import { FakeStore } from "./fake-store.js";

export interface FakeClusterOptions {
  readonly nodes?: number;
  readonly partitions?: number;
  readonly clusterId?: string;
}

export class FakeCluster implements NodeView, AsyncDisposable {
  readonly store: FakeStore = new FakeStore();
  readonly nodes: FakeNode[] = [];
  config: ClusterConfig;
  topology: Topology;

  private constructor(config: ClusterConfig) {
    this.config = config;
    this.topology = { epoch: 1, writeToken: "", members: [], partitions: [] };
  }

  /** Starts the nodes; partition p belongs to node p modulo their number, at term 1. */
  static async start(options: FakeClusterOptions = {}): Promise<FakeCluster> {
    const { nodes = 1, partitions = 16, clusterId = "fake" } = options;
    const cluster = new FakeCluster({
      clusterId,
      formatVersion: 1,
      partitions,
      hashAlgorithm: HASH_ALGORITHM,
      hashSeed: 7,
    });
    for (let index = 0; index < nodes; index++) await cluster.addNode(`node-${index}`);
    cluster.publish((topology) => ({
      ...topology,
      partitions: Array.from({ length: partitions }, (_, index) =>
        partitionOwnedBy(cluster.nodes[index % nodes]?.incarnation),
      ),
    }));
    return cluster;
  }

  get seeds(): readonly string[] {
    return this.nodes.map(({ address }) => address);
  }

  node(index: number): FakeNode {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`no node ${index}`);
    return node;
  }

  /** Starts a node that owns nothing yet. It is a member from the next publish on. */
  async addNode(nodeId: string, incarnation?: string): Promise<FakeNode> {
    const node = new FakeNode(nodeId, this, incarnation);
    await node.start();
    this.nodes.push(node);
    this.topology = { ...this.topology, members: [...this.topology.members, memberFor(node)] };
    return node;
  }

  /** Changes the topology, raises its epoch, and tells the watchers. */
  publish(change: (topology: Topology) => Topology): void {
    this.topology = { ...change(this.topology), epoch: this.topology.epoch + 1 };
    for (const node of this.nodes) node.publish();
  }

  /** Gives every partition to a node at the next term. */
  moveAllTo(node: FakeNode): void {
    this.publish((topology) => ({
      ...topology,
      partitions: topology.partitions.map((partition) => ({
        ...partition,
        owner: node.incarnation,
        term: partition.term + 1,
      })),
    }));
  }

  /** Takes a node out of the members. */
  remove(node: FakeNode): void {
    this.publish((topology) => ({
      ...topology,
      members: topology.members.filter(({ incarnation }) => incarnation !== node.incarnation),
    }));
  }

  view(): TopologyView {
    return { config: this.config, topology: topologyToMessage(this.topology) };
  }

  partitionOf(key: Uint8Array): number {
    return partitionOf(key, this.config);
  }

  /** A key that this node owns. */
  keyOf(node: FakeNode): string {
    for (let index = 0; ; index++) {
      const key = `key-${index}`;
      const partition = this.topology.partitions[this.partitionOf(Buffer.from(key))];
      if (partition?.owner === node.incarnation) return key;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) node.stop();
    return Promise.resolve();
  }
}

function partitionOwnedBy(owner: string | undefined): Partition {
  return { ...UNOWNED_PARTITION, owner, term: 1 };
}

function memberFor({ nodeId, incarnation, address }: FakeNode): Member {
  return {
    nodeId,
    incarnation,
    addresses: { data: address, peer: address, http: address },
    zone: "",
    weight: 1,
    state: "active",
    ended: false,
  };
}
