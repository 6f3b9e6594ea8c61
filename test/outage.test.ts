/** etcd is killed under load and comes back half a minute later. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { CacheError, type Duration } from "@holdfast/client";
import { Cache } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.js";
import { startEtcd } from "./support/etcd.js";
import { breather, eventually } from "./support/eventually.js";

const OUTAGE_MS = 30_000;
/** Several leases: nothing happens after the first. */
const OUTAGE_WITHOUT_BACKUPS_MS = 15_000;

const CACHES = {
  aside: { pattern: "cache-aside" },
  through: { pattern: "write-through", source: { kind: "entries" } },
};

/** Reads and writes until told to stop, and notes what failed. */
function startLoad(
  cluster: TestCluster,
  client: Awaited<ReturnType<TestCluster["connect"]>>,
  timeout: Duration,
) {
  const failures: unknown[] = [];
  const acknowledged = new Map<string, number>();
  let isRunning = true;
  let succeeded = 0;
  const rows = client.cache<number>("through");
  const worker = async (id: number) => {
    for (let turn = 1; isRunning; turn++) {
      const key = `w${id}-${turn % 50}`;
      try {
        await rows.set(key, turn, { timeout });
        acknowledged.set(key, turn);
        await rows.get(key, { timeout });
        succeeded += 1;
      } catch (error) {
        failures.push(error);
      }
      await breather();
    }
  };
  const done = Promise.all([0, 1, 2, 3].map(worker));
  return {
    failures,
    acknowledged,
    succeeded: () => succeeded,
    async stop() {
      isRunning = false;
      await done;
    },
    cluster,
  };
}

/** The code with which the owner of a key answers for it, without the SDK's retries. */
function answerOf({ key, address }: { key: string; address: string }): Promise<string> {
  const client = new Cache(address, credentials.createInsecure());
  const request = { cache: "aside", key: Buffer.from(key) };
  return new Promise((resolve) => {
    client.Get(request, { deadline: Date.now() + 2_000 }, (error: ServiceError | null) => {
      client.close();
      resolve(String(error?.metadata.get("holdfast-code")[0] ?? error?.code ?? "OK"));
    });
  });
}

/** Nothing that was not expected has happened, and nothing acknowledged is lost. */
async function expectUnharmed(
  cluster: TestCluster,
  client: Awaited<ReturnType<TestCluster["connect"]>>,
  load: ReturnType<typeof startLoad>,
): Promise<void> {
  for (const failure of load.failures) {
    expect(failure).toBeInstanceOf(CacheError);
    expect(["UNAVAILABLE", "DEADLINE_EXCEEDED", "OUTCOME_UNKNOWN"]).toContain(
      (failure as CacheError).code,
    );
  }
  for (const [key, value] of load.acknowledged) {
    expect(await client.cache<number>("through").get(key)).toBeGreaterThanOrEqual(value);
  }
  const logs = join(cluster.local.dataDir, "logs");
  for (const file of await readdir(logs)) {
    const text = await readFile(join(logs, file), "utf8");
    expect(text).not.toMatch(/unhandledRejection|uncaughtException|"level":60/);
  }
}

describe("a cluster that loses etcd for half a minute", () => {
  it("goes on where a backup is in sync, and knows the rest of the cluster again afterwards", {
    timeout: 180_000,
  }, async () => {
    await using cluster = await startCluster(CACHES);
    const before = cluster.local.nodes.map(({ pid, incarnation }) => [pid, incarnation]);
    const client = await cluster.connect();
    await eventually(
      "every partition has a backup in sync",
      () => client.topology().partitionsWithoutBackup === 0,
    );
    const load = startLoad(cluster, client, "2s");
    await eventually("the load runs", () => load.succeeded() > 100);

    const { port, dataDir } = cluster.etcd;
    await cluster.etcd.kill();
    const outageEndsAt = performance.now() + OUTAGE_MS;
    const failuresBefore = load.failures.length;
    let succeeded = load.succeeded();
    for (let second = 1; second <= OUTAGE_MS / 1_000; second++) {
      const until = outageEndsAt - OUTAGE_MS + second * 1_000;
      await eventually("a second passes", () => performance.now() >= until);
      expect(load.succeeded()).toBeGreaterThan(succeeded);
      succeeded = load.succeeded();
    }
    expect(load.failures.slice(failuresBefore)).toEqual([]);

    const etcd = await startEtcd({ dataDir, port });
    try {
      // Whoever went on is still who it was, and moves are possible again.
      await cluster.local.addNode();
      await cluster.local.settled();
      await load.stop();
      const after = cluster.local.nodes.map(({ pid, incarnation }) => [pid, incarnation]);
      expect(after.slice(0, before.length)).toEqual(before);
      await expectUnharmed(cluster, client, load);
      await cluster[Symbol.asyncDispose]();
    } finally {
      await etcd.stop();
    }
  });

  it("refuses everything where there are no backups, and resumes by itself", {
    timeout: 180_000,
  }, async () => {
    await using cluster = await startCluster(CACHES, { backups: 0 });
    const before = cluster.local.nodes.map(({ pid }) => pid);
    const client = await cluster.connect();
    const load = startLoad(cluster, client, "300ms");
    await eventually("the load runs", () => load.succeeded() > 100);

    // One key of each node: where it is refused, nothing is served.
    const probes = cluster.local.seeds.map((address) => {
      const keys = Array.from({ length: 200 }, (_, index) => `probe-${index}`);
      const key = keys.find((one) => client.locate(one).owner?.address === address);
      return { key: key ?? "none", address };
    });
    expect(probes.map(({ key }) => key)).not.toContain("none");

    const { port, dataDir } = cluster.etcd;
    await cluster.etcd.kill();
    const outageEndsAt = performance.now() + OUTAGE_WITHOUT_BACKUPS_MS;
    await eventually("every node refuses, typed", async () => {
      const answers = await Promise.all(probes.map(answerOf));
      return answers.every((answer) => answer === "UNAVAILABLE");
    });
    // What was answered just before has arrived once every call in progress has ended.
    const settledAt = performance.now() + 2_000;
    await eventually("no call from before is in progress", () => performance.now() >= settledAt);
    const servedDuringOutage = load.succeeded();
    await eventually("the outage is over", () => performance.now() >= outageEndsAt, 60_000);
    expect(load.succeeded()).toBe(servedDuringOutage);

    const etcd = await startEtcd({ dataDir, port });
    try {
      const resumedFrom = load.succeeded();
      await eventually("service resumes", () => load.succeeded() > resumedFrom + 100, 15_000);
      await load.stop();

      expect(load.failures.length).toBeGreaterThan(0);
      expect(cluster.local.nodes.map(({ pid }) => pid)).toEqual(before);
      await expectUnharmed(cluster, client, load);
      await cluster[Symbol.asyncDispose]();
    } finally {
      await etcd.stop();
    }
  });
});
