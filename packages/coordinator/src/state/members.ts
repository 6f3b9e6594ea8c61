/**
 * The members of the next topology, from those of the present one and what is registered.
 *
 * An incarnation that was once published as dead stays dead: it may have been fenced off from the
 * database, so it is never given anything again, even when its registration is still there.
 */
import type { Incarnation, Member, Partition } from "@holdfast/core";
import type { MemberRecord } from "@holdfast/process";

export interface MemberFacts {
  /** What is registered now; at most one incarnation of a node. */
  readonly registered: readonly MemberRecord[];
  /** Members whose process is known to have lost its registration for good. */
  readonly dead: ReadonlySet<Incarnation>;
  /** Incarnations that are known to serve nothing any more. */
  readonly ended: ReadonlySet<Incarnation>;
}

/** Present members in their order, brought up to date, then those that join. */
export function nextMembers(
  present: readonly Member[],
  { registered, dead, ended }: MemberFacts,
): readonly Member[] {
  const records = new Map(registered.map((record) => [record.incarnation, record]));
  const known = new Set(present.map(({ incarnation }) => incarnation));
  const kept = present.map((member): Member => {
    if (member.state === "dead" || dead.has(member.incarnation)) {
      return { ...member, state: "dead", ended: member.ended || ended.has(member.incarnation) };
    }
    const record = records.get(member.incarnation);
    return record === undefined ? member : toMember(record);
  });
  const joining = registered.filter(({ incarnation }) => !known.has(incarnation)).map(toMember);
  return [...kept, ...joining.sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1))];
}

/** Without the dead members that no partition names any more and whose registration is gone. */
export function withoutForgotten(
  members: readonly Member[],
  partitions: readonly Partition[],
  registered: readonly MemberRecord[],
): readonly Member[] {
  if (!members.some(({ state }) => state === "dead")) return members;
  const named = new Set<Incarnation | undefined>(registered.map(({ incarnation }) => incarnation));
  for (const partition of partitions) {
    const { owner, moveTo, backups, inSync, mayServe, recoverFrom, unfenced } = partition;
    named.add(owner);
    named.add(moveTo);
    for (const list of [backups, inSync, mayServe, recoverFrom, unfenced]) {
      for (const incarnation of list) named.add(incarnation);
    }
  }
  return members.filter(({ state, incarnation }) => state !== "dead" || named.has(incarnation));
}

export function sameMembers(a: readonly Member[], b: readonly Member[]): boolean {
  return a.length === b.length && a.every((member, index) => sameMember(member, b[index]));
}

function sameMember(a: Member, b: Member | undefined): boolean {
  return (
    b !== undefined &&
    a.incarnation === b.incarnation &&
    a.nodeId === b.nodeId &&
    a.state === b.state &&
    a.ended === b.ended &&
    a.zone === b.zone &&
    a.weight === b.weight &&
    a.addresses.data === b.addresses.data &&
    a.addresses.peer === b.addresses.peer &&
    a.addresses.http === b.addresses.http
  );
}

function toMember(record: MemberRecord): Member {
  const { incarnation, nodeId, addresses, zone, weight, state } = record;
  return { incarnation, nodeId, addresses, zone, weight, state, ended: false };
}
