import { describe, expect, it } from "vitest";
import { ClusterModel, facts, incarnationOf, nameOf, record } from "../testing/cluster-model.js";
import { AbsenceJudge } from "./absence.js";

const TTL_MS = 5_000;
const nobody = new Set<string>();

function topologyOf(...names: string[]) {
  const model = new ClusterModel();
  model.settle(facts(names.map((name) => record(name))));
  return model.topology;
}

function registered(...names: string[]): Map<string, string> {
  return new Map(names.map((name) => [name.split("#")[0] ?? "", incarnationOf(name)]));
}

function namesOf(incarnations: ReadonlySet<string>): (string | undefined)[] {
  return [...incarnations].map(nameOf);
}

describe("AbsenceJudge", () => {
  it("takes a member that it saw vanish for dead at once", () => {
    const judge = new AbsenceJudge(1_000, TTL_MS);
    const topology = topologyOf("a", "b");
    judge.judge(topology, registered("a", "b"), nobody, 1_100);
    const judgement = judge.judge(topology, registered("b"), nobody, 1_200);
    expect(namesOf(judgement.dead)).toEqual(["a"]);
    expect(judgement.absent.size).toBe(0);
    expect(judgement.lookAgainAtMs).toBeUndefined();
  });

  it("gives a member that it found absent a full TTL from its election", () => {
    const judge = new AbsenceJudge(1_000, TTL_MS);
    const topology = topologyOf("a", "b");
    const early = judge.judge(topology, registered("b"), nobody, 5_999);
    expect(namesOf(early.absent)).toEqual(["a"]);
    expect(early.dead.size).toBe(0);
    expect(early.lookAgainAtMs).toBe(6_000);
    const late = judge.judge(topology, registered("b"), nobody, 6_000);
    expect(namesOf(late.dead)).toEqual(["a"]);
  });

  it("finds nothing wrong with a member that returns in time", () => {
    const judge = new AbsenceJudge(0, TTL_MS);
    const topology = topologyOf("a");
    judge.judge(topology, registered(), nobody, 100);
    const judgement = judge.judge(topology, registered("a"), nobody, 4_000);
    expect([judgement.dead.size, judgement.absent.size]).toEqual([0, 0]);
    // From now on it is known: when it goes it is gone.
    expect(namesOf(judge.judge(topology, registered(), nobody, 4_100).dead)).toEqual(["a"]);
  });

  it("takes a member whose node registered another incarnation for dead at once", () => {
    const judge = new AbsenceJudge(0, TTL_MS);
    const judgement = judge.judge(topologyOf("a"), registered("a#2"), nobody, 1);
    expect(namesOf(judgement.dead)).toEqual(["a"]);
  });

  it("takes a witnessed exit as proof, but not against the registry", () => {
    const topology = topologyOf("a");
    const exited = new Set([incarnationOf("a")]);
    const judge = new AbsenceJudge(0, TTL_MS);
    expect(judge.judge(topology, registered("a"), exited, 1).dead.size).toBe(0);
    const other = new AbsenceJudge(0, TTL_MS);
    expect(namesOf(other.judge(topology, registered(), exited, 1).dead)).toEqual(["a"]);
  });

  it("has nothing to say of members that are published as dead", () => {
    const model = new ClusterModel();
    model.settle(facts([record("a"), record("b")]));
    model.settle(facts([record("b")], { dead: new Set([incarnationOf("a")]) }));
    const judge = new AbsenceJudge(0, TTL_MS);
    const judgement = judge.judge(model.topology, registered("b"), nobody, TTL_MS);
    expect([judgement.dead.size, judgement.absent.size]).toEqual([0, 0]);
  });
});
