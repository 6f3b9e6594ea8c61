/**
 * Short ways for tests to say what is registered, and to take one step after the other as the
 * leader would.
 */
import type { Topology } from "@holdfast/core";
import type { MemberRecord } from "@holdfast/process";
import type { Facts } from "../leading/facts.js";
import type { InSyncProposals } from "../leading/in-sync.js";
import { emptyTopology, reconcile, type Step } from "../leading/reconcile.js";
import { RingBuilder } from "../planning/ring.js";

const rings = new RingBuilder(16);

/** `name` is `node` or `node#2`: the incarnation, and with it the node. */
export function record(name: string, change: Partial<MemberRecord> = {}): MemberRecord {
  const [nodeId = ""] = name.split("#");
  return {
    nodeId,
    incarnation: incarnationOf(name),
    addresses: { data: `${nodeId}:1`, peer: `${nodeId}:2`, http: `${nodeId}:3` },
    zone: "",
    weight: 1,
    state: "active",
    protocolMin: 1,
    protocolMax: 1,
    topologyEpoch: 0,
    journalIncarnations: [],
    ...change,
  };
}

/** A UUID that shows its name: records are checked when they are decoded. */
export function incarnationOf(name: string): string {
  const hex = Buffer.from(name.padEnd(16, " ")).toString("hex").slice(0, 32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Names back from an incarnation. */
export function nameOf(incarnation: string | undefined): string | undefined {
  return incarnation && Buffer.from(incarnation.replaceAll("-", ""), "hex").toString().trim();
}

export function facts(registered: readonly MemberRecord[], change: Partial<Facts> = {}): Facts {
  return {
    registered,
    dead: new Set(),
    absent: new Set(),
    ended: new Set(),
    fenced: new Set(),
    proposals: [],
    removals: [],
    reported: new Map(),
    recovered: new Set(),
    recoveryOver: new Set(),
    termRequests: [],
    released: new Map(),
    resting: new Set(),
    ...change,
  };
}

export interface ModelOptions {
  readonly partitions?: number;
  readonly moveBatch?: number;
  readonly termFloor?: number;
  readonly backups?: number;
}

/** What owners propose who have synchronised the members that their partitions are to move to. */
export function targetProposals({ epoch, partitions }: Topology): InSyncProposals[] {
  return [...partitions.entries()].flatMap(([partition, { owner, term, moveTo, inSync }]) => {
    if (owner === undefined || moveTo === undefined || inSync.includes(moveTo)) return [];
    return [{ incarnation: owner, epoch, changes: [{ partition, term, member: moveTo }] }];
  });
}

/** A topology that advances step by step. */
export class ClusterModel {
  readonly #options: Required<ModelOptions>;
  topology: Topology;

  constructor(options: ModelOptions = {}) {
    this.#options = { partitions: 16, moveBatch: 64, termFloor: 1, backups: 0, ...options };
    this.topology = emptyTopology(this.#options.partitions);
  }

  step(given: Facts): Step {
    const nextEpoch = this.topology.epoch + 1;
    const step = reconcile(this.topology, given, { ...this.#options, nextEpoch }, rings);
    if (step.changed) this.topology = { ...step.topology, epoch: nextEpoch };
    return step;
  }

  /**
   * Steps, with every owner bringing in sync whom it is to move to and then releasing, until nothing
   * changes any more.
   */
  settle(given: Facts): void {
    for (let steps = 0; steps < 1_000; steps++) {
      if (!this.synchronise({ ...given, released: this.moving() }).changed) return;
    }
    throw new Error("the topology does not settle");
  }

  /** A step in which owners bring in sync whomever their partitions are to move to. */
  synchronise(given: Facts): Step {
    const proposals = [...given.proposals, ...targetProposals(this.topology)];
    return this.step({ ...given, proposals });
  }

  /** Every partition that is to move, with its term. */
  moving(): Map<number, number> {
    const moving = new Map<number, number>();
    for (const [number, { moveTo, term }] of this.topology.partitions.entries()) {
      if (moveTo !== undefined) moving.set(number, term);
    }
    return moving;
  }

  /** How many partitions each has, by name; nobody's under "nobody". */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { owner } of this.topology.partitions) {
      const name = nameOf(owner) ?? "nobody";
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  members(): string[] {
    return this.topology.members.map(({ incarnation, state }) => `${nameOf(incarnation)} ${state}`);
  }
}
