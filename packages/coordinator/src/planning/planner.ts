/**
 * Who should own what: from the present assignment and the members to the one to aim at.
 *
 * Pure and deterministic. Each partition prefers the nodes that follow its range on the ring
 * (ring.ts); every node ends within one partition of its weighted fair share; and the number of
 * partitions that change owner is the least with which those shares can be reached (shares.ts).
 * How the target is reached step by step is the reconciler's matter (reconcile.ts); where the
 * backups go is decided in backup-planner.ts.
 *
 * Cost: about linear in partitions + tokens. 1,000 nodes and 16,384 partitions: bench/planner.mjs.
 */
import type { Incarnation } from "@holdfast/core";
import { planBackups } from "./backup-planner.js";
import { type Ring, type Rings, startOf } from "./ring.js";
import { RingWalk } from "./ring-walk.js";
import { countShares, type Shares } from "./shares.js";

export interface PlanMember {
  readonly incarnation: Incarnation;
  readonly nodeId: string;
  readonly weight: number;
  readonly zone: string;
  /**
   * `active` members share the partitions. `draining` ones keep theirs only while nobody is active.
   * `absent` ones, whose fate is not known yet, keep what they have and get nothing.
   */
  readonly state: "active" | "draining" | "absent";
}

/** What a partition has, and what it is to have. */
export interface Assignment {
  /** Who has the partition, or is about to; undefined: nobody. */
  readonly owner: Incarnation | undefined;
  readonly backups: readonly Incarnation[];
}

export interface PlanRequest {
  /** One for each partition. Owners and backups that are no members count as gone. */
  readonly previous: readonly Assignment[];
  readonly members: readonly PlanMember[];
  /** Backups per partition, 0 to 2; fewer where there are not enough nodes. */
  readonly backups: number;
}

/** Members in the order of their node ids; node numbers below are positions in it. */
interface Nodes {
  readonly active: readonly PlanMember[];
  readonly ring: Ring;
  readonly numberOf: ReadonlyMap<Incarnation, number>;
}

/** Owner of a partition while the plan is made: a node number, or one of these. */
const HOMELESS = -1;
const PINNED = -2;

export function planAssignment(request: PlanRequest, rings: Rings): readonly Assignment[] {
  const active = request.members
    .filter(({ state }) => state === "active")
    .sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  if (active.length === 0) return planWithoutNodes(request);
  const nodes: Nodes = {
    active,
    ring: rings.build(active),
    numberOf: new Map(active.map(({ incarnation }, number) => [incarnation, number])),
  };
  const owners = ownersNow(request, nodes);
  const shares = sharesOf(owners, nodes);
  const seats = new Seats(shares, nodes.ring);
  releaseSurplus(owners, shares.keep, nodes.ring, seats.walk);
  for (const [partition, owner] of owners.entries()) {
    if (owner !== HOMELESS) continue;
    owners[partition] =
      openBackup(request.previous[partition], nodes, seats.walk) ??
      seats.walk.nodeFrom(startOf(partition, owners.length, nodes.ring));
    seats.take(owners[partition]);
  }
  return withBackups(request, nodes, owners);
}

/**
 * How many partitions each node has got, and which nodes can still take one: those below their
 * fewest, and, while there are extras, those below their most.
 */
class Seats {
  readonly walk: RingWalk;
  readonly #shares: Shares;
  readonly #counts: number[];
  #extras: number;

  constructor(shares: Shares, ring: Ring) {
    this.walk = new RingWalk(ring);
    this.#shares = shares;
    this.#counts = [...shares.keep];
    this.#extras = shares.extras;
    this.#closeFull();
  }

  take(node: number): void {
    const count = this.#counts[node] ?? 0;
    this.#counts[node] = count + 1;
    if (count >= (this.#shares.low[node] ?? 0)) {
      this.#extras--;
      if (this.#extras === 0) this.#closeFull();
    }
    this.#closeIfFull(node);
  }

  #closeFull(): void {
    for (const node of this.#counts.keys()) this.#closeIfFull(node);
  }

  #closeIfFull(node: number): void {
    const most = (this.#extras > 0 ? this.#shares.high : this.#shares.low)[node] ?? 0;
    if ((this.#counts[node] ?? 0) >= most) this.walk.close(node);
  }
}

/** With nobody active, whoever is left keeps what it has; nobody gets anything. */
function planWithoutNodes({ previous, members }: PlanRequest): readonly Assignment[] {
  const present = new Set(members.map(({ incarnation }) => incarnation));
  return previous.map(({ owner }) => ({
    owner: owner !== undefined && present.has(owner) ? owner : undefined,
    backups: [],
  }));
}

function ownersNow({ previous, members }: PlanRequest, { numberOf }: Nodes): Int32Array {
  const pinned = new Set(
    members.filter(({ state }) => state === "absent").map(({ incarnation }) => incarnation),
  );
  return Int32Array.from(previous, ({ owner }) => {
    if (owner === undefined) return HOMELESS;
    return numberOf.get(owner) ?? (pinned.has(owner) ? PINNED : HOMELESS);
  });
}

function sharesOf(owners: Int32Array, { active }: Nodes): Shares {
  const held = new Array<number>(active.length).fill(0);
  let partitions = 0;
  for (const owner of owners) {
    if (owner !== PINNED) partitions++;
    if (owner >= 0) held[owner] = (held[owner] ?? 0) + 1;
  }
  return countShares({ partitions, weights: active.map(({ weight }) => weight), held });
}

/** How many tokens are looked at to learn whether a partition would rather be elsewhere. */
const PREFERENCE_DEPTH = 64;

/**
 * Makes partitions homeless until every node has no more than it keeps. First go those that meet
 * the token of a node with room before a token of their owner, nearest first.
 */
function releaseSurplus(
  owners: Int32Array,
  keep: readonly number[],
  ring: Ring,
  walk: RingWalk,
): void {
  const owned: number[][] = keep.map(() => []);
  for (const [partition, owner] of owners.entries()) owned[owner]?.push(partition);
  for (const [node, partitions] of owned.entries()) {
    const surplus = partitions.length - (keep[node] ?? 0);
    if (surplus === 0) continue;
    const distances = new Map(
      partitions.map((partition) => {
        const start = startOf(partition, owners.length, ring);
        return [partition, distanceToRoom(ring, walk, start, node)];
      }),
    );
    const distance = (partition: number) => distances.get(partition) ?? 0;
    partitions.sort((a, b) => distance(a) - distance(b) || a - b);
    for (const partition of partitions.slice(0, surplus)) owners[partition] = HOMELESS;
  }
}

/** Tokens from a position to the first node with room; beyond all others where `owner` is nearer. */
function distanceToRoom(ring: Ring, walk: RingWalk, start: number, owner: number): number {
  const count = ring.tokens.length;
  let ownerIsNearer = false;
  for (let distance = 0; distance < Math.min(PREFERENCE_DEPTH, count); distance++) {
    const node = ring.nodeOf[(start + distance) % count] as number;
    if (node === owner) ownerIsNearer = true;
    else if (walk.isOpen(node)) return ownerIsNearer ? PREFERENCE_DEPTH + distance : distance;
  }
  return 2 * PREFERENCE_DEPTH;
}

/** A backup has what the lost owner had, so it is a better successor than the next on the ring. */
function openBackup(
  previous: Assignment | undefined,
  { numberOf }: Nodes,
  walk: RingWalk,
): number | undefined {
  for (const backup of previous?.backups ?? []) {
    const node = numberOf.get(backup);
    if (node !== undefined && walk.isOpen(node)) return node;
  }
  return undefined;
}

function withBackups(request: PlanRequest, nodes: Nodes, owners: Int32Array): Assignment[] {
  const planned = request.previous.map(({ owner, backups }, partition) => ({
    // A pinned partition keeps the owner that it has.
    owner: nodes.active[owners[partition] ?? PINNED]?.incarnation ?? owner,
    backups,
  }));
  if (request.backups === 0) return planned.map(({ owner }) => ({ owner, backups: [] }));
  return planBackups(planned, request, nodes.ring);
}
