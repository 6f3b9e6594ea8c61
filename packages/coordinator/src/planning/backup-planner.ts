/**
 * Where a partition's backups go, once its owner is known: on other nodes than the owner, in zones
 * that hold no copy yet as long as there are such zones, on backups that exist already where those
 * two allow it, and else on the nodes that follow the partition on the ring.
 *
 * Load is evened out with a soft bound of a quarter above the fair share: different zones come
 * first, since a bound that held always could force two copies into one failure domain.
 */
import type { Incarnation } from "@holdfast/core";
import type { Assignment, PlanMember, PlanRequest } from "./planner.js";
import { type Ring, startOf } from "./ring.js";

const SLACK = 1.25;

/** Owners are as planned; backups as they were before. */
export function planBackups(
  planned: readonly Assignment[],
  { members, backups }: PlanRequest,
  ring: Ring,
): Assignment[] {
  const planner = new BackupPlanner(members, ring, planned.length * backups);
  return planned.map((assignment, partition) => ({
    owner: assignment.owner,
    backups: planner.choose(assignment, startOf(partition, planned.length, ring), backups),
  }));
}

class BackupPlanner {
  readonly #byIncarnation: ReadonlyMap<Incarnation, PlanMember>;
  readonly #active: ReadonlyMap<string, PlanMember>;
  readonly #zones: ReadonlySet<string>;
  readonly #ring: Ring;
  /** Of each token, the next one whose node lies in another zone; itself where there is none. */
  readonly #otherZone: Uint32Array;
  readonly #loads = new Map<PlanMember, number>();
  readonly #copies: number;
  readonly #totalWeight: number;

  constructor(members: readonly PlanMember[], ring: Ring, copies: number) {
    const active = members.filter(({ state }) => state === "active");
    this.#byIncarnation = new Map(members.map((member) => [member.incarnation, member]));
    this.#active = new Map(active.map((member) => [member.nodeId, member]));
    this.#zones = new Set(active.map(({ zone }) => zone));
    this.#ring = ring;
    this.#otherZone = this.#findOtherZones();
    this.#copies = copies;
    this.#totalWeight = active.reduce((sum, { weight }) => sum + weight, 0);
  }

  choose(assignment: Assignment, start: number, backups: number): readonly Incarnation[] {
    const owner =
      assignment.owner === undefined ? undefined : this.#byIncarnation.get(assignment.owner);
    if (owner === undefined) return [];
    const holders = [owner];
    const existing = assignment.backups.flatMap((backup) => {
      const member = this.#byIncarnation.get(backup);
      return member?.state === "active" ? [member] : [];
    });
    while (holders.length <= backups) {
      const chosen = this.#chooseOne(holders, existing, start);
      if (chosen === undefined) break;
      holders.push(chosen);
      this.#loads.set(chosen, (this.#loads.get(chosen) ?? 0) + 1);
    }
    return holders.slice(1).map(({ incarnation }) => incarnation);
  }

  #chooseOne(
    holders: readonly PlanMember[],
    existing: readonly PlanMember[],
    start: number,
  ): PlanMember | undefined {
    const zones = new Set(holders.map(({ zone }) => zone));
    const needsNewZone = [...this.#zones].some((zone) => !zones.has(zone));
    const fits = (member: PlanMember) =>
      !holders.some(({ nodeId }) => nodeId === member.nodeId) &&
      !(needsNewZone && zones.has(member.zone));
    const fitsAndHasRoom = (member: PlanMember) => fits(member) && this.#hasRoom(member);
    return (
      existing.find(fitsAndHasRoom) ??
      this.#walk(start, needsNewZone ? zones : undefined, fitsAndHasRoom) ??
      existing.find(fits) ??
      this.#walk(start, needsNewZone ? zones : undefined, fits)
    );
  }

  #hasRoom(member: PlanMember): boolean {
    const share = (this.#copies * member.weight) / this.#totalWeight;
    return (this.#loads.get(member) ?? 0) < Math.ceil(share * SLACK);
  }

  /** The first node from a position on that is accepted; whole stretches of full zones are skipped. */
  #walk(
    start: number,
    zonesToSkip: ReadonlySet<string> | undefined,
    accepts: (member: PlanMember) => boolean,
  ): PlanMember | undefined {
    const count = this.#ring.tokens.length;
    let passed = 0;
    while (passed < count) {
      const position = (start + passed) % count;
      const member = this.#memberAt(position);
      if (accepts(member)) return member;
      const next = zonesToSkip?.has(member.zone)
        ? (this.#otherZone[position] as number)
        : (position + 1) % count;
      // Back at the same token: no other zone exists.
      if (next === position) return undefined;
      passed += (next - position + count) % count;
    }
    return undefined;
  }

  #findOtherZones(): Uint32Array {
    const count = this.#ring.tokens.length;
    // Nobody looks for another zone where there is only one.
    if (this.#zones.size < 2) return new Uint32Array();
    const otherZone = Uint32Array.from(this.#ring.tokens, (_, position) => position);
    // Twice around, backwards: the first round gives the last tokens something to look ahead to.
    for (let step = 2 * count - 2; step >= 0; step--) {
      const position = step % count;
      const next = (position + 1) % count;
      const isSameZone = this.#memberAt(position).zone === this.#memberAt(next).zone;
      otherZone[position] = isSameZone ? (otherZone[next] as number) : next;
    }
    return otherZone;
  }

  /** Every token belongs to an active node: the ring was made of them. */
  #memberAt(position: number): PlanMember {
    const nodeId = this.#ring.nodeIds[this.#ring.nodeOf[position] as number] as string;
    return this.#active.get(nodeId) as PlanMember;
  }
}
