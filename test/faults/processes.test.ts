/**
 * The rows of the fault matrix (README.md) that are about processes: paused, held up, killed, set to
 * another time, restarted again and again. Rows that other tests show are not repeated here.
 */
import type { Cluster } from "@holdfast/client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually, passed } from "../support/eventually.js";
import { type FaultyCluster, startFaultyCluster } from "../support/faulty-cluster.js";
import { leaderOf, revokeLease } from "../support/operators.js";
import { goesOn, seed, underLoad } from "./under-load.js";

const ENTRIES = { kind: "entries" };
const CACHES = {
  behind: { pattern: "write-behind", source: ENTRIES, writeBehind: { maxDelay: "200ms" } },
  through: { pattern: "write-through", source: ENTRIES },
  aside: { pattern: "cache-aside" },
};
const LOADED = ["behind", "through"];
const HOUR_MS = 3_600_000;

let faulty: FaultyCluster;
let client: Cluster;

beforeAll(async () => {
  faulty = await startFaultyCluster(CACHES, { coordinators: 2 });
  client = await faulty.cluster.connect();
});
afterEach(() => faulty.cluster.local.settled());
afterAll(() => faulty?.[Symbol.asyncDispose]());

function nodeNamed(nodeId: string) {
  const node = faulty.cluster.local.nodes.find((one) => one.nodeId === nodeId);
  if (node === undefined) throw new Error(`${nodeId} does not run`);
  return node;
}

function incarnationOf(nodeId: string): string | undefined {
  return client.topology().members.find((one) => one.nodeId === nodeId && one.state === "active")
    ?.incarnation;
}

describe(`a node that stands still (seed ${seed})`, () => {
  it("for less than its lease keeps what it has, and its clients' connections", async () => {
    const before = client.topology().members.map(({ incarnation }) => incarnation);
    const load = await underLoad(faulty.cluster, client, { caches: LOADED }, async (running) => {
      const { pid } = nodeNamed("node-1");
      process.kill(pid, "SIGSTOP");
      await passed(700);
      process.kill(pid, "SIGCONT");
      await goesOn(running, 200);
    });
    expect(client.topology().members.map(({ incarnation }) => incarnation)).toEqual(before);
    expect(load.figures.firstFailures).toEqual([]);
  });

  it("because its event loop is held up acknowledges nothing beside its successors", async () => {
    const before = incarnationOf("node-2");
    await underLoad(faulty.cluster, client, { caches: LOADED }, async (load) => {
      await faulty.order(nodeNamed("node-2").pid, { blockMs: 4_500 });
      await eventually("others own its partitions", () =>
        Array.from({ length: 300 }, (_, index) => `probe-${index}`).every(
          (key) => client.locate(key).owner?.nodeId !== "node-2",
        ),
      );
      await goesOn(load, 200);
      await eventually("it is back", () => {
        const now = incarnationOf("node-2");
        return now !== undefined && now !== before;
      });
      await goesOn(load, 200);
    });
  });
});

describe("clocks that are set an hour forwards and back", () => {
  it("change neither leases nor lifetimes", async () => {
    const before = client.topology().members.map(({ incarnation }) => incarnation);
    const aside = client.cache<string>("aside");
    const keys = Array.from({ length: 60 }, (_, index) => `clock-${index}`);
    await Promise.all(keys.map((key) => aside.set(key, key, { ttl: "30s" })));
    const { local } = faulty.cluster;
    const pids = [...local.nodes, ...local.coordinators].map(({ pid }) => pid);
    const set = (clockMs: number) => Promise.all(pids.map((pid) => faulty.order(pid, { clockMs })));
    const load = await underLoad(faulty.cluster, client, { caches: LOADED }, async (running) => {
      for (const clockMs of [HOUR_MS, -HOUR_MS]) {
        await set(clockMs);
        // Longer than a lease.
        await passed(2_200);
        await goesOn(running, 100);
      }
    });
    expect(load.figures.firstFailures).toEqual([]);
    expect(client.topology().members.map(({ incarnation }) => incarnation)).toEqual(before);
    expect(await Promise.all(keys.map((key) => aside.get(key)))).toEqual(keys);
    const [key = ""] = keys;
    await aside.set(key, "short", { ttl: "200ms" });
    await eventually("a lifetime ends", async () => (await aside.get(key)) === undefined, 2_000);
    await set(0);
  });
});

describe("a node whose lease is revoked", () => {
  it("notices, and is a member again", async () => {
    const load = await underLoad(faulty.cluster, client, { caches: LOADED }, async (running) => {
      await revokeLease(faulty.cluster.local, "node-3");
      await goesOn(running, 300);
      await eventually("it is a member", () => incarnationOf("node-3") !== undefined);
      await goesOn(running, 200);
    });
    // What it had begun when it was replaced.
    expect(["OUTCOME_UNKNOWN"]).toEqual(expect.arrayContaining(Object.keys(load.figures.failures)));
  });
});

describe("the leading coordinator", () => {
  it("is killed without harm", async () => {
    const load = await underLoad(faulty.cluster, client, { caches: LOADED }, async (running) => {
      const { pid } = await leaderOf(faulty.cluster.local);
      process.kill(pid, "SIGKILL");
      await goesOn(running, 100);
      await eventually(
        "somebody leads again",
        async () => (await leaderOf(faulty.cluster.local)).pid !== pid,
      );
      await eventually("it runs again", () =>
        faulty.cluster.local.coordinators.every((each) => each.pid !== pid),
      );
    });
    expect(load.figures.firstFailures).toEqual([]);
  });
});

describe("a node that is killed again and again", () => {
  it("costs a bounded number of topologies, and nothing that was acknowledged", async () => {
    const before = client.topology().epoch;
    const kills = 2;
    await underLoad(faulty.cluster, client, { caches: LOADED }, async (load) => {
      for (let kill = 1; kill <= kills; kill++) {
        const { pid } = nodeNamed("node-3");
        process.kill(pid, "SIGKILL");
        await eventually(
          "it runs again",
          () =>
            faulty.cluster.local.nodes.some(
              ({ nodeId, pid: now }) => nodeId === "node-3" && now !== pid,
            ),
          30_000,
        );
        await goesOn(load, 50);
      }
    });
    const epochs = client.topology().epoch - before;
    // At most five a second are published, and each return moves a third of 64 partitions.
    expect(epochs).toBeLessThan(kills * 60);
  });
});

// The last one: write-behind caches go on waiting for a journal after it.
describe("a node that stops while it can hand over nothing", () => {
  it("tells the leader that it has ended, so that nobody waits for it", async () => {
    const { local } = faulty.cluster;
    const { nodeId } = await local.addNode();
    await local.settled();
    // A write-behind cache would wait for a journal, which is another matter.
    const through = client.cache<string>("through");
    const keys = Array.from({ length: 300 }, (_, index) => `stop-${index}`).filter(
      (key) => client.locate(key).owner?.nodeId === nodeId,
    );
    await Promise.all(keys.map((key) => through.set(key, key)));
    // It learns nothing any more, and all its backups die: for all that anybody knows it serves.
    const heal = faulty.network.part(nodeId, "etcd");
    const others = local.nodes.filter((node) => node.nodeId !== nodeId);
    for (const { pid } of others) process.kill(pid, "SIGKILL");
    await local.stopNode(nodeId);
    heal();
    await eventually("the others run again", () => local.nodes.length === 3, 30_000);
    const values = await Promise.all(keys.map((key) => through.get(key, { timeout: "20s" })));
    expect(values).toEqual(keys);
  });
});
