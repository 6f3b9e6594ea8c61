import { describe, expect, it } from "vitest";
import { failuresOf, makeSummary, type PhaseResults, summaryLine } from "./summary.js";

const PHASES: PhaseResults = {
  readThrough: {
    lookups: 10,
    hitRatio: 2 / 3,
    idealLruHitRatio: 0.7,
    hitP50Ms: 0.123456,
    hitP99Ms: undefined,
    missP50Ms: 1,
    missP99Ms: 2,
    lookupsPerSecond: 100,
    loads: 3,
    processors: 2,
  },
  stampede: { callers: 1_000, clients: 4, loads: 1, databaseReads: 1 },
  cacheAside: { reads: 1, loads: 1, updates: 1, stale: 0 },
  warm: { keys: 1, skipped: 0, tookMs: 1 },
  writeThrough: { writes: 1, p50Ms: 1, writesPerSecond: 1 },
  writeBehind: { acknowledged: 3, rows: 2, batches: 1, writesPerSecond: 1 },
  nodeAdded: { clientErrors: 0, errorCodes: {}, lookups: 1, writes: 1, settledMs: 1, nodes: 4 },
  nodeKilled: {
    nodeId: "node-2",
    clientErrors: 0,
    errorCodes: {},
    lookups: 1,
    writes: 1,
    repeatedWrites: 0,
    unavailableMs: 1,
  },
  nodeKilledDirty: { nodeId: "node-1", acknowledged: 2, dirty: 1, unreadable: 0, lost: 0 },
};

function summaryOf(phases: Partial<PhaseResults>, differences = 0) {
  return makeSummary({
    phases: { ...PHASES, ...phases },
    comparison: { rows: 5, differences, examples: [] },
    products: 2,
    workload: "some",
    seed: 1,
    startupMs: 1,
    durationMs: 2,
  });
}

describe("the summary of the main job", () => {
  it("is one line of JSON with the fields that programs read", () => {
    const line = summaryLine(summaryOf({}));
    expect(line).not.toContain("\n");
    const read = JSON.parse(line);
    expect(read).toMatchObject({ differences: 0, durationMs: 2, comparedRows: 5 });
    expect(read.readThrough).toMatchObject({ hitRatio: 0.667, hitP50Ms: 0.123 });
    expect(read.nodeKilledDirty).toEqual({
      nodeId: "node-1",
      acknowledged: 2,
      dirty: 1,
      unreadable: 0,
      lost: 0,
    });
  });

  it("finds no failure where everything went well", () => {
    expect(failuresOf(summaryOf({}))).toEqual([]);
  });

  it.each([
    ["differences", summaryOf({}, 3), "3 rows are not what was acknowledged last"],
    [
      "a second read",
      summaryOf({ stampede: { ...PHASES.stampede, databaseReads: 2 } }),
      "the stampede caused 2 database reads instead of 1",
    ],
    [
      "a stale read",
      summaryOf({ cacheAside: { ...PHASES.cacheAside, stale: 1 } }),
      "1 reads did not see an update",
    ],
    [
      "an error while a node was added",
      summaryOf({
        nodeAdded: { ...PHASES.nodeAdded, clientErrors: 1, errorCodes: { INTERNAL: 1 } },
      }),
      '1 calls failed while a node was added: {"INTERNAL":1}',
    ],
    [
      "an error while a node was killed",
      summaryOf({ nodeKilled: { ...PHASES.nodeKilled, clientErrors: 2 } }),
      "2 calls failed while a node was killed: {}",
    ],
    [
      "a write that a killed node had acknowledged and nobody has",
      summaryOf({ nodeKilledDirty: { ...PHASES.nodeKilledDirty, lost: 1 } }),
      "1 acknowledged writes of a killed node were lost",
    ],
  ])("counts as a failure: %s", (_, summary, failure) => {
    expect(failuresOf(summary)).toEqual([failure]);
  });
});
