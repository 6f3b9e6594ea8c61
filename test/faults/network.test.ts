/**
 * The rows of the fault matrix (README.md) that are about the network: who is cut off from whom, in which
 * direction, and what may follow from it.
 */
import { connect as connectSocket, type Socket } from "node:net";
import { credentials } from "@grpc/grpc-js";
import { CacheError, type Cluster, connect } from "@holdfast/client";
import { Peer } from "@holdfast/proto";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually, passed } from "../support/eventually.js";
import { type FaultyCluster, startFaultyCluster } from "../support/faulty-cluster.js";
import { ANYBODY, type Heal } from "../support/network.js";
import { goesOn, seed, underLoad } from "./under-load.js";

const ENTRIES = { kind: "entries" };
const CACHES = {
  behind: { pattern: "write-behind", source: ENTRIES, writeBehind: { maxDelay: "200ms" } },
  narrow: {
    pattern: "write-behind",
    source: ENTRIES,
    writeBehind: { maxDelay: "200ms", queueMaxEntries: 50, writeThroughAbove: 1 },
  },
  through: { pattern: "write-through", source: ENTRIES },
};
const LOADED = ["behind", "through"];

/** Lease (2 s), promise, and what noticing takes. */
const TAKEOVER_MS = 10_000;

let faulty: FaultyCluster;
let client: Cluster;
const heals: Heal[] = [];
let silent: Socket;
let isSilentClosed = false;

/** Healed at the end of the test at the latest. */
function until(heal: Heal): Heal {
  heals.push(heal);
  return heal;
}

function healAll(): void {
  for (const heal of heals.splice(0)) heal();
}

beforeAll(async () => {
  faulty = await startFaultyCluster(CACHES);
  silent = connectSocket(Number(nodeNamed("node-1").addresses.data.split(":")[1]), "127.0.0.1");
  silent.on("close", () => {
    isSilentClosed = true;
  });
  silent.on("error", () => {});
  // Nobody learns of an end whose beginning is unread.
  silent.resume();
  faulty.network.join("client");
  client = await faulty.cluster.connect();
});
afterEach(async () => {
  healAll();
  await faulty.cluster.local.settled();
});
afterAll(async () => {
  silent?.destroy();
  await faulty?.[Symbol.asyncDispose]();
});

function keysOf(nodeId: string, prefix: string): string[] {
  return Array.from({ length: 600 }, (_, index) => `${prefix}-${index}`).filter(
    (key) => client.locate(key).owner?.nodeId === nodeId,
  );
}

function incarnationOf(nodeId: string): string | undefined {
  return client.topology().members.find((one) => one.nodeId === nodeId && one.state === "active")
    ?.incarnation;
}

function nodeNamed(nodeId: string) {
  const node = faulty.cluster.local.nodes.find((one) => one.nodeId === nodeId);
  if (node === undefined) throw new Error(`${nodeId} does not run`);
  return node;
}

/** How many of these keys the database has. */
async function rowsOf(cache: string, keys: readonly string[]): Promise<number> {
  const { rows } = await faulty.cluster.database.query(
    "SELECT count(*)::int AS rows FROM holdfast_entries WHERE cache = $1 AND convert_from(key, 'UTF8') = ANY ($2)",
    [cache, keys],
  );
  return rows[0].rows;
}

function ownsNothing(nodeId: string): boolean {
  const probes = Array.from({ length: 600 }, (_, index) => `probe-${index}`);
  return probes.every((key) => {
    const { owner } = client.locate(key);
    return owner !== undefined && owner.nodeId !== nodeId;
  });
}

async function codeOf(operation: Promise<unknown>): Promise<string> {
  try {
    await operation;
    return "OK";
  } catch (error) {
    return error instanceof CacheError ? error.code : String(error);
  }
}

async function timed<Result>(work: Promise<Result>): Promise<[Result, number]> {
  const fromMs = performance.now();
  return [await work, performance.now() - fromMs];
}

describe(`a node that is cut off from etcd (seed ${seed})`, () => {
  it("is replaced, serves nothing beside its successors, and returns as a new incarnation", async () => {
    const before = incarnationOf("node-2");
    await underLoad(faulty.cluster, client, { caches: LOADED }, async (load) => {
      const heal = until(faulty.network.part("node-2", "etcd"));
      await eventually("others own its partitions", () => ownsNothing("node-2"), TAKEOVER_MS);
      await goesOn(load, 200);
      heal();
      await eventually("it is back", () => {
        const now = incarnationOf("node-2");
        return now !== undefined && now !== before;
      });
      await goesOn(load, 200);
    });
  });

  it.each([
    ["what it asks is lost", "node-3", "etcd"],
    ["what it is answered is lost", "etcd", "node-3"],
  ])("goes on or is replaced, without harm: %s", async (_name, from, to) => {
    await underLoad(faulty.cluster, client, { caches: LOADED }, async (load) => {
      until(faulty.network.drop(from, to));
      await passed(2_500);
      await goesOn(load, 200);
      healAll();
      await goesOn(load, 200);
    });
  });
});

describe("a node that is cut off from the database", () => {
  it("takes writes until its queue is full, reads from memory, and writes everything afterwards", async () => {
    const narrow = client.cache<string>("narrow");
    const keys = keysOf("node-1", "narrow").slice(0, 120);
    const [absent = ""] = keysOf("node-1", "absent");
    const heal = until(faulty.network.part("node-1", "database"));
    // The first fit in any case, however slow the machine is.
    const fitting = keys.slice(0, 40);
    for (const key of fitting) await narrow.set(key, key, { timeout: "10s" });
    const others = keys.slice(40);
    const codes = await Promise.all(
      others.map((key) => codeOf(narrow.set(key, key, { timeout: "2s" }))),
    );
    const taken = [...fitting, ...others.filter((_, index) => codes[index] === "OK")];
    expect(taken.length).toBeLessThanOrEqual(60);
    // Refused, again and again until the caller's time was over; or that came a moment too late.
    const refusals = ["OVERLOADED", "DEADLINE_EXCEEDED", "OUTCOME_UNKNOWN"];
    const isTold = (code: string) => code === "OK" || refusals.includes(code);
    expect(codes.filter((code) => !isTold(code))).toEqual([]);
    const [values, ms] = await timed(Promise.all(taken.map((key) => narrow.get(key))));
    expect(values).toEqual(taken);
    expect(ms).toBeLessThan(1_000);
    expect(["UNAVAILABLE", "DEADLINE_EXCEEDED"]).toContain(
      await codeOf(client.cache("through").get(absent, { timeout: "1s" })),
    );
    // The others have nothing to do with it.
    const [other = ""] = keysOf("node-2", "through");
    await client.cache("through").set(other, "written");
    heal();
    await eventually(
      "the queue is written",
      async () => (await rowsOf("narrow", taken)) === taken.length,
    );
    await narrow.set(keys.at(-1) ?? "", "there is room again");
  });
});

describe("a node that is killed while nobody reaches the database", () => {
  it("has left what it acknowledged with the others, who write it later", async () => {
    const behind = client.cache<string>("behind");
    const keys = keysOf("node-2", "killed").slice(0, 100);
    const heal = until(faulty.network.part(ANYBODY, "database"));
    await Promise.all(keys.map((key) => behind.set(key, key)));
    const { pid } = nodeNamed("node-2");
    process.kill(pid, "SIGKILL");
    const read = async () => Promise.all(keys.map((key) => behind.get(key, { timeout: "8s" })));
    expect(await read()).toEqual(keys);
    expect(await rowsOf("behind", keys)).toBe(0);
    heal();
    await eventually("it is written", async () => (await rowsOf("behind", keys)) === keys.length);
    expect(await read()).toEqual(keys);
    await eventually("it runs again", () => nodeNamed("node-2").pid !== pid, 30_000);
  });
});

describe("a slow database", () => {
  it("slows what needs it, and nothing else", async () => {
    const [key = "", absent = ""] = keysOf("node-1", "slow");
    const behind = client.cache<string>("behind");
    await behind.set(key, "before");
    until(faulty.network.slow(ANYBODY, "database", 700));
    const [value, readMs] = await timed(behind.get(key));
    const [, writeMs] = await timed(behind.set(key, "meanwhile"));
    const [missing, missMs] = await timed(behind.get(absent));
    expect([value, missing]).toEqual(["before", undefined]);
    expect(readMs).toBeLessThan(500);
    expect(writeMs).toBeLessThan(500);
    expect(missMs).toBeGreaterThan(700);
  });

  it("that holds a lock holds up its own rows' writers, who are told in time", async () => {
    const [key = "", other = ""] = keysOf("node-1", "locked");
    const through = client.cache<string>("through");
    await through.set(key, "before");
    const holder = new pg.Client(faulty.cluster.local.databaseUrl);
    await holder.connect();
    await holder.query("BEGIN; LOCK TABLE holdfast_entries IN EXCLUSIVE MODE");
    const [code, ms] = await timed(codeOf(through.set(other, "waits", { timeout: "1s" })));
    expect(code).toBe("OUTCOME_UNKNOWN");
    expect(ms).toBeLessThan(1_500);
    expect(await through.get(key)).toBe("before");
    await holder.query("ROLLBACK");
    await holder.end();
    await through.set(key, "after");
    expect(await through.get(other)).toBe("waits");
  });
});

describe("a client that is cut off from two nodes, one way and both ways", () => {
  it("is told in time, and soon goes through the third", async () => {
    const behind = client.cache<string>("behind");
    const keys = ["node-1", "node-2"].map((nodeId) => keysOf(nodeId, "client")[0] ?? "");
    const seconds = ["node-1", "node-2"].map((nodeId) => keysOf(nodeId, "client")[1] ?? "");
    const [other = ""] = keysOf("node-3", "client");
    for (const key of keys) await behind.set(key, "before");
    until(faulty.network.part("client", "node-1"));
    until(faulty.network.drop("node-2", "client"));
    const [codes, ms] = await timed(
      Promise.all([
        ...keys.map((key) => codeOf(behind.get(key, { timeout: "1s" }))),
        ...seconds.map((key) => codeOf(behind.set(key, "perhaps", { timeout: "1s" }))),
      ]),
    );
    expect(codes).toEqual([
      ...["DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"],
      ...["OUTCOME_UNKNOWN", "OUTCOME_UNKNOWN"],
    ]);
    expect(ms).toBeLessThan(2_000);
    const [, otherMs] = await timed(behind.set(other, "as ever"));
    expect(otherMs).toBeLessThan(1_000);
    for (const key of keys) {
      await eventually(
        "the third passes its operations on",
        async () => (await behind.get(key, { timeout: "1s" })) === "before",
        20_000,
      );
      await behind.set(key, "by way of another");
    }
    expect(keys.map((key) => client.locate(key).owner?.nodeId)).toEqual(["node-1", "node-2"]);
    healAll();
    await eventually("it asks the owners themselves again", async () => {
      for (const key of keys) expect(await behind.get(key)).toBe("by way of another");
      return client.clientStats().nodes.every(({ breaker }) => breaker === "closed");
    });
  });
});

describe("two nodes that are cut off from each other", () => {
  it.each([
    ["both ways", () => faulty.network.part("node-1", "node-2")],
    ["one way", () => faulty.network.drop("node-1", "node-2")],
    ["the other way", () => faulty.network.drop("node-2", "node-1")],
  ])("find other backups, and say so while they have none: %s", async (_name, cut) => {
    const load = await underLoad(faulty.cluster, client, { caches: LOADED }, async (running) => {
      until(cut());
      const [key = ""] = keysOf("node-1", "parted").concat(keysOf("node-2", "parted"));
      await client.cache("behind").set(key, "acknowledged", { timeout: "8s" });
      await goesOn(running, 300);
      healAll();
    });
    expect(load.figures.firstFailures).toEqual([]);
    await eventually("all have backups", () => client.topology().partitionsWithoutBackup === 0);
  });

  it("lose nothing when their connections break in the middle of messages", async () => {
    const load = await underLoad(faulty.cluster, client, { caches: LOADED }, async (running) => {
      for (let round = 1; round <= 10; round++) {
        await eventually(
          "they are connected again",
          () => faulty.network.connections("node-1", "node-2") > 0,
        );
        faulty.network.cut("node-1", "node-2", round * 333);
        await goesOn(running, 20);
      }
    });
    expect(load.figures.firstFailures).toEqual([]);
  });
});

describe("a node that reaches nobody but clients", () => {
  it("stops, while the others take over what it had within seconds", async () => {
    await underLoad(faulty.cluster, client, { caches: LOADED }, async (load) => {
      const [key = ""] = keysOf("node-3", "alone");
      await client.cache("behind").set(key, "acknowledged");
      const { addresses } = nodeNamed("node-3");
      // Follows the topology at that node, which will go on telling what it knew.
      await using deceived = await connect({ seeds: [addresses.data] });
      for (const other of ["node-1", "node-2", "coordinator-1", "etcd", "database"]) {
        until(faulty.network.part("node-3", other));
      }
      const fromMs = performance.now();
      await eventually("others own what it had", () => ownsNothing("node-3"), TAKEOVER_MS);
      expect(await client.cache("behind").get(key)).toBe("acknowledged");
      const read = deceived.cache("behind").get(key, { timeout: TAKEOVER_MS });
      expect(await read).toBe("acknowledged");
      expect(performance.now() - fromMs).toBeLessThan(TAKEOVER_MS);
      expect(["NOT_OWNER", "UNAVAILABLE"]).toContain(await askNode(addresses.peer, key));
      await goesOn(load, 200);
      healAll();
    });
  });
});

describe("a connection that says nothing", () => {
  it("is closed after half a minute", async () => {
    // It was opened before the other tests, which take that long.
    await eventually("it is closed", () => isSilentClosed, 40_000);
  });
});

/** What a node answers for itself, asked as another node would. */
function askNode(address: string, key: string): Promise<string> {
  const peer = new Peer(address, credentials.createInsecure());
  const operation = { id: 0, kind: "GET", cache: "behind", key: Buffer.from(key), forwarded: true };
  return new Promise((resolve) => {
    const batch = { epoch: 0, budgetMs: 1_000, operations: [operation] } as const;
    peer.Forward(batch as never, { deadline: Date.now() + 5_000 }, (error, response) => {
      peer.close();
      resolve(response?.replies[0]?.code ?? String(error));
    });
  });
}
