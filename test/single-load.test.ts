/** Loading by callers, in a cluster of processes: one loader for all of them, whatever becomes of it. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.js";
import { eventually } from "./support/eventually.js";

const MAIN = fileURLToPath(new URL("support/loading-client.mjs", import.meta.url));

const CLIENTS = 10;
const CALLERS = 100;

/** As fills.ts has it, and as long again for a busy machine. */
const TAKEN_OVER_WITHIN_MS = 2 * 2_000;

interface LoadingClient {
  readonly child: ChildProcess;
  /** Keys that its loader was run for. */
  readonly loads: string[];
  /** Of each `getOrLoad`: what all of its callers got, or the code of the error. */
  readonly results: unknown[];
}

describe("loading a missing key", { timeout: 60_000 }, () => {
  let cluster: TestCluster;
  const clients: LoadingClient[] = [];

  beforeAll(async () => {
    const pages = { pattern: "cache-aside", ttl: "1h" };
    // Long enough that nothing is stale a second time before a test has ended.
    cluster = await startCluster({ pages, news: { ...pages, softTtl: "5s" } }, { nodes: 3 });
    await cluster.local.settled();
  });
  afterEach(() => {
    for (const { child } of clients.splice(0)) child.kill("SIGKILL");
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  async function startClients(count: number): Promise<LoadingClient[]> {
    const starting = Array.from({ length: count }, async () => {
      const child = fork(MAIN, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
      const client: LoadingClient = { child, loads: [], results: [] };
      clients.push(client);
      const ready = new Promise((resolve) => {
        child.on("message", (message) => {
          const { loading, values, failed, ready } = Object(message);
          if (ready) resolve(undefined);
          if (loading !== undefined) client.loads.push(loading);
          if (values !== undefined || failed !== undefined) client.results.push(values ?? failed);
        });
      });
      child.send({ seeds: cluster.local.seeds });
      await ready;
      return client;
    });
    return Promise.all(starting);
  }

  function loadingAt(started: readonly LoadingClient[]): Promise<LoadingClient> {
    return eventually("somebody loads", () => started.find(({ loads }) => loads.length > 0));
  }

  it("runs one loader in the cluster, and answers every caller with its value", async () => {
    const started = await startClients(CLIENTS);
    for (const { child } of started) child.send({ getOrLoad: "hot", callers: CALLERS });
    const loading = await loadingAt(started);
    loading.child.send({ finish: "loaded" });
    await eventually("all are answered", () => started.every(({ results }) => results.length > 0));
    for (const { results } of started) expect(results).toEqual([Array(CALLERS).fill("loaded")]);
    expect(started.flatMap(({ loads }) => loads)).toEqual(["hot"]);
  });

  it("lets another one load when the process of the first is killed", async () => {
    const started = await startClients(3);
    for (const { child } of started) child.send({ getOrLoad: "orphan", callers: CALLERS });
    const killed = await loadingAt(started);
    killed.child.kill("SIGKILL");
    const killedAtMs = performance.now();
    const others = started.filter((client) => client !== killed);
    const heir = await loadingAt(others);
    expect(performance.now() - killedAtMs).toBeLessThan(TAKEN_OVER_WITHIN_MS);
    heir.child.send({ finish: "from the heir" });
    await eventually("the others are answered", () =>
      others.every(({ results }) => results.length > 0),
    );
    for (const { results } of others) {
      expect(results).toEqual([Array(CALLERS).fill("from the heir")]);
    }
    expect(others.flatMap(({ loads }) => loads)).toEqual(["orphan"]);
  });

  it("keeps the task for as long as the loader runs, also beyond its first lease", async () => {
    const started = await startClients(2);
    for (const { child } of started) child.send({ getOrLoad: "slow", options: { timeout: "20s" } });
    const loading = await loadingAt(started);
    const untilMs = performance.now() + 2 * 2_000;
    await eventually("two leases pass", () => performance.now() > untilMs);
    expect(started.flatMap(({ loads }) => loads)).toEqual(["slow"]);
    loading.child.send({ finish: "at last" });
    await eventually("all are answered", () => started.every(({ results }) => results.length > 0));
    for (const { results } of started) expect(results).toEqual([["at last"]]);
  });

  it("never stores what was loaded before another client deleted the key", async () => {
    const started = await startClients(1);
    const [client] = started;
    const pages = (await cluster.connect()).cache<string>("pages");
    client?.child.send({ getOrLoad: "deleted" });
    await loadingAt(started);
    await pages.delete("deleted");
    client?.child.send({ finish: "old" });
    await eventually("the caller is answered", () => client?.results[0]);
    expect(client?.results).toEqual([["old"]]);
    expect(await pages.get("deleted")).toBeUndefined();
  });

  it("loads what is stale once in the cluster, while everybody is served", async () => {
    const caches = (await Promise.all([cluster.connect(), cluster.connect()])).map((client) =>
      client.cache<string>("news"),
    );
    let runs = 0;
    let isCalm = false;
    const load = async () => {
      runs += 1;
      await eventually("the test has seen that nobody waits", () => isCalm);
      return "today's";
    };
    await caches[0]?.set("front", "yesterday's");
    await eventually("it is stale", async () => (await caches[0]?.getWithMeta("front"))?.stale);
    const reads = Array.from({ length: CALLERS }, (_, index) =>
      caches[index % 2]?.getOrLoad("front", load),
    );
    expect(await Promise.all(reads)).toEqual(Array(CALLERS).fill("yesterday's"));
    expect(await caches[1]?.get("front", { maxStale: 0 })).toBeUndefined();
    const strict = caches[1]?.getOrLoad("front", load, { maxStale: 0 });
    isCalm = true;
    expect(await strict).toBe("today's");
    expect(await caches[0]?.get("front", { maxStale: 0 })).toBe("today's");
    expect(runs).toBe(1);
  });

  it("goes on at the next owner when the first one goes", async () => {
    const started = await startClients(2);
    const client = await cluster.connect();
    const { owner } = client.locate("moved");
    for (const { child } of started) {
      child.send({ getOrLoad: "moved", options: { timeout: "30s" } });
    }
    const first = await loadingAt(started);
    const second = started.find((other) => other !== first);
    await cluster.local.stopNode(owner?.nodeId ?? "");
    // The token went with its owner; who waits is given one by the next.
    await eventually("the one who waits loads", () => second?.loads[0], 30_000);
    first.child.send({ finish: "by the first" });
    await eventually("the first is answered", () => first.results[0]);
    second?.child.send({ finish: "by the second" });
    await eventually("the second is answered", () => second?.results[0]);
    expect([first.results, second?.results]).toEqual([[["by the first"]], [["by the second"]]]);
    expect(await client.cache("pages").get("moved")).toBe("by the second");
  });
});
