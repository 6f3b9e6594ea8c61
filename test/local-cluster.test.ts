/** A local cluster as a whole: nodes that end in every way, and a launcher that does. */
import { access, mkdtemp, readFile, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { LocalCluster } from "@holdfast/cli";
import { connect } from "@holdfast/client";
import { Admin } from "@holdfast/proto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./support/eventually.js";
import { holdfast, holdfastUp, isAlive } from "./support/holdfast.js";

describe("a local cluster", () => {
  let cluster: LocalCluster;
  const messages: string[] = [];

  beforeAll(async () => {
    const note = (_: object, message: string) => messages.push(message);
    const logger = { debug: () => {}, info: () => {}, warn: note, error: note };
    // Leases that outlast every wait below: whatever happens sooner rests on proof of death.
    cluster = await LocalCluster.start({ nodes: 2, partitions: 16, leaseTtl: "20s", logger });
  });

  afterAll(() => cluster?.stop());

  const nodeOf = (nodeId: string) => cluster.nodes.find((node) => node.nodeId === nodeId);

  it("starts a node that ended by itself again, as another incarnation on the same port", async () => {
    const before = nodeOf("node-1");
    process.kill(before?.pid ?? 0, "SIGKILL");
    const after = await eventually("node-1 is back", () => {
      const node = nodeOf("node-1");
      return node?.pid === before?.pid ? undefined : node;
    });
    expect(after.incarnation).not.toBe(before?.incarnation);
    expect(after.addresses.data).toBe(before?.addresses.data);
    expect(messages).toContainEqual(
      expect.stringMatching(/^node-1 ended by itself \(SIGKILL\); it is started again in \d+ ms$/),
    );
    await cluster.settled();
  });

  it("gives the partitions of a killed node to the others before its lease has ended", async () => {
    const { nodeId, incarnation } = await cluster.addNode();
    await cluster.settled();
    const startedAtMs = performance.now();
    await cluster.killNode(nodeId);
    const { topology } = await cluster.settled();
    expect(performance.now() - startedAtMs).toBeLessThan(15_000);
    expect(topology?.partitions.some(({ owner }) => owner === incarnation)).toBe(false);
    expect(nodeOf(nodeId)).toBeUndefined();
  });

  it("drains a node that is stopped, and starts it again on the same port", async () => {
    const before = nodeOf("node-2");
    expect(await cluster.stopNode("node-2")).toEqual({ code: 0, signal: undefined });
    await cluster.settled();
    const after = await cluster.restartNode("node-2");
    expect(after.addresses.data).toBe(before?.addresses.data);
    await cluster.settled();
  });

  it("starts a coordinator that ended by itself again, which leads the same cluster", async () => {
    const before = cluster.coordinatorAddress;
    process.kill(await pidInLog(cluster, "coordinator-1"), "SIGKILL");
    await eventually("it runs again", () => cluster.coordinatorAddress !== before);
    expect(messages).toContain("coordinator-1 ended by itself (SIGKILL); it is started again");
    await cluster.addNode();
    await cluster.settled();
  });

  it("serves clients, whichever node they begin with", async () => {
    for (const seed of cluster.seeds) {
      const client = await connect({ seeds: [seed] });
      const { members } = client.topology();
      expect(members.map(({ nodeId }) => nodeId)).toEqual(
        expect.arrayContaining(cluster.nodes.map(({ nodeId }) => nodeId)),
      );
      await client.close();
    }
  });
});

describe("a local cluster whose database dies", () => {
  it("says so, and at the end what could not be written, and keeps the logs", async () => {
    const messages: string[] = [];
    const note = (_: object, message: string) => messages.push(message);
    const logger = { debug: () => {}, info: () => {}, warn: note, error: note };
    await using cluster = await LocalCluster.start({ nodes: 1, partitions: 16, logger });
    await applyLate(cluster);
    process.kill(await postmasterPid(cluster.databaseUrl), "SIGKILL");
    await eventually("its end is told", () => messages.length > 0);
    expect(messages[0]).toBe(
      "postgres ended by itself (exit code 1); the cluster needs it, and it is not started again",
    );
    const client = await connect({ seeds: cluster.seeds });
    await client.cache("late").set("k", "acknowledged");
    await client.close();
    expect(await cluster.stopNodes()).toEqual([
      expect.stringMatching(
        /^node-1 did not drain \(exit code 1\): holdfast-node: stopping was incomplete: 1 dirty entries remain/,
      ),
    ]);
    await cluster.stop();
    await access(join(cluster.dataDir, "logs", "node-1.log"));
    await rm(cluster.dataDir, { recursive: true });
  }, 90_000);
});

describe("the launcher of a local cluster", () => {
  it("loses nothing when it is killed: its children drain, and the next start finds all", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-launcher-"));
    const caches = join(import.meta.dirname, "support", "slow-write-behind.yaml");
    try {
      const first = await holdfastUp("--nodes", "2", "--data-dir", folder, "--caches", caches);
      const [seed = ""] = first.line.seeds;
      for (const key of ["a", "b", "c"]) {
        const { code } = await holdfast("set", "notes", key, `"${key}"`, "--seed", seed);
        expect(code).toBe(0);
      }
      first.command.kill("SIGKILL");
      const pids = first.line.nodes.map(({ pid }) => pid);
      await eventually("the nodes have drained", () => !pids.some(isAlive), 30_000);
      await eventually("the database has stopped", () => isClosed(first.line.databaseUrl), 30_000);

      const second = await holdfastUp("--nodes", "2", "--data-dir", folder, "--caches", caches);
      const [newSeed = ""] = second.line.seeds;
      for (const key of ["a", "b", "c"]) {
        const { stdout } = await holdfast("get", "notes", key, "--seed", newSeed);
        expect(stdout).toBe(`${key}\n`);
      }
      second.command.kill("SIGTERM");
      const stderr = expect.stringMatching(/Draining …\nStopped\.\n$/);
      expect(await second.command.outcome).toMatchObject({ code: 0, signal: null, stderr });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 120_000);

  it("leaves nothing behind: no process and no temporary folder", async () => {
    const { command, line } = await holdfastUp("--nodes", "1");
    await access(line.dataDir);
    command.kill("SIGKILL");
    const pids = line.nodes.map(({ pid }) => pid);
    await eventually("the node has ended", () => !pids.some(isAlive), 30_000);
    await eventually("the folder is gone", () =>
      access(line.dataDir).then(
        () => false,
        () => true,
      ),
    );
    expect(await isClosed(line.databaseUrl)).toBe(true);
  });

  it("ends its children when a process cannot start, and says which", async () => {
    const { code, stderr } = await holdfast(
      "up",
      "--nodes",
      "1",
      "--memory",
      "lots",
      "--port",
      "0",
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^holdfast: node-1 ended while it started/);
    expect(stderr).toContain("memory");
  });
});

/** Process id of a coordinator, which says it in each line of its log. */
async function pidInLog({ dataDir }: LocalCluster, name: string): Promise<number> {
  const log = await readFile(join(dataDir, "logs", `${name}.log`), "utf8");
  const [line = ""] = log.split("\n");
  return JSON.parse(line).pid;
}

/** Defines a cache that is in no hurry to write. */
async function applyLate({ coordinatorAddress }: LocalCluster): Promise<void> {
  const config = {
    pattern: "write-behind",
    source: { kind: "entries" },
    writeBehind: { maxDelay: "10m" },
  };
  const admin = new Admin(coordinatorAddress, credentials.createInsecure());
  const caches = [{ name: "late", configJson: JSON.stringify(config) }];
  await new Promise<void>((resolve, reject) => {
    admin.ApplyCaches({ caches }, (error) => (error === null ? resolve() : reject(error)));
  });
  admin.close();
}

/** Process id of the server itself, not of the keeper that started it. */
async function postmasterPid(databaseUrl: string): Promise<number> {
  const client = new pg.Client(databaseUrl);
  client.on("error", () => {});
  await client.connect();
  const { rows } = await client.query("SELECT pg_read_file('postmaster.pid') AS text");
  await client.end();
  return Number.parseInt(rows[0].text, 10);
}

/** Whether nobody listens at the port of this URL. */
function isClosed(databaseUrl: string): Promise<boolean> {
  const { hostname, port } = new URL(databaseUrl);
  return new Promise((resolve) => {
    const socket = createConnection(Number(port), hostname);
    socket.on("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.on("error", () => resolve(true));
  });
}
