import { type Incarnation, silentLogger, type Topology, UNOWNED_PARTITION } from "@holdfast/core";
import { FakeClock, settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { Tenure } from "../ownership/tenure.js";
import { Fences } from "./fences.js";

const DEAD = "dddddddd-0000-0000-0000-000000000000";

function createFences() {
  const clock = new FakeClock();
  const fenced: Incarnation[] = [];
  const reported: Incarnation[] = [];
  const behaviour = {
    store: undefined as Error | undefined,
    report: undefined as Error | undefined,
  };
  const fences = new Fences(
    {
      fence: async (incarnations) => {
        fenced.push(...incarnations);
        if (behaviour.store) throw behaviour.store;
      },
    },
    {
      reportFenced: async (incarnations) => {
        if (behaviour.report) throw behaviour.report;
        reported.push(...incarnations);
      },
    },
    clock,
    silentLogger,
  );
  return { clock, fences, fenced, reported, behaviour };
}

function topologyWith(...unfenced: Incarnation[]): Topology {
  const partition = { ...UNOWNED_PARTITION, term: 1, unfenced };
  return { epoch: 1, writeToken: "", members: [], partitions: [partition] };
}

describe("Fences", () => {
  it("lets statements through at once where nobody is to be fenced", () => {
    expect(createFences().fences.ready(new Tenure(0, 1, []))).toBeUndefined();
  });

  it("sets one fence for all who wait for it, and none again", async () => {
    const { fences, fenced } = createFences();
    const tenures = [new Tenure(0, 2, [DEAD]), new Tenure(1, 2, [DEAD])];
    await Promise.all(tenures.map((tenure) => fences.ready(tenure)));
    expect(fenced).toEqual([DEAD]);
    expect(fences.ready(new Tenure(2, 2, [DEAD]))).toBeUndefined();
  });

  it("holds statements back when the fence cannot be set, and tries again for the next", async () => {
    const { fences, behaviour } = createFences();
    behaviour.store = new Error("database away");
    const tenure = new Tenure(0, 2, [DEAD]);
    await expect(fences.ready(tenure)).rejects.toThrow("database away");
    behaviour.store = undefined;
    await fences.ready(tenure);
    expect(fences.ready(tenure)).toBeUndefined();
  });

  it("fences as soon as a topology asks for it, without being needed", async () => {
    const { fences, fenced, reported } = createFences();
    fences.apply(topologyWith(DEAD), [new Tenure(0, 2, [DEAD])]);
    await settle();
    expect(fenced).toEqual([DEAD]);
    expect(reported).toEqual([DEAD]);
  });

  it("reports until it is heard", async () => {
    const { clock, fences, reported, behaviour } = createFences();
    behaviour.report = new Error("no leader");
    await fences.ready(new Tenure(0, 2, [DEAD]));
    await settle();
    expect(reported).toEqual([]);
    behaviour.report = undefined;
    await clock.advanceAsync(1_000);
    expect(reported).toEqual([DEAD]);
    await fences.stop();
  });

  it("reports again what a later topology still lists", async () => {
    const { fences, reported } = createFences();
    await fences.ready(new Tenure(0, 2, [DEAD]));
    await settle();
    fences.apply(topologyWith(DEAD), []);
    await settle();
    expect(reported).toEqual([DEAD, DEAD]);
    fences.apply(topologyWith(), []);
    await settle();
    expect(reported).toEqual([DEAD, DEAD]);
  });
});
