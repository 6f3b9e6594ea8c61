/**
 * How long partitions are out of reach when their owner dies under load: `node bench/takeover.mjs
 * [--json]`, after `npm run build`. Three nodes hold dirty entries; one of them is killed. "Proven": its
 * launcher sees it exit. "Silent": nobody is told (it is stopped with SIGSTOP), so its lease has to end.
 * The time runs until one key in each of the victim's partitions has been read and written again.
 *
 * Beside it, where `redis-server` and `redis-cli` are installed, a Redis Cluster of three masters and
 * three replicas at its defaults, of which a master is killed.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LocalCluster } from "@holdfast/cli";
import { connect } from "@holdfast/client";

const ROUNDS = 3;
const LEASE_MS = 5_000;
const BAR_MS = { proven: 1_000, silent: LEASE_MS + 1_500 };
const REDIS_PORT = 17_000;
const POLL_MS = 5;
/** The time of the cluster is measured, not how patient a single call is. */
const ATTEMPT = { timeout: "200ms" };

const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
const holdfast = fileURLToPath(new URL("../packages/cli/bin/holdfast.js", import.meta.url));

try {
  const results = [];
  for (const how of ["proven", "silent"]) {
    const runs = [];
    for (let round = 0; round < ROUNDS; round++) runs.push(await takeover(how));
    results.push({
      name: `takeover ${how}`,
      alone: median(runs),
      bar: BAR_MS[how],
      unit: "ms",
      runs,
    });
  }
  const redis = await redisTakeover();
  if (redis !== undefined)
    results.push({ name: "Redis Cluster 3 + 3", alone: redis, unit: "ms", runs: [redis] });
  report(results);
} finally {
  rmSync(folder, { recursive: true });
}

async function takeover(how) {
  const cluster = await LocalCluster.start({ nodes: 3, leaseTtl: `${LEASE_MS}ms` });
  const client = await connect({ seeds: cluster.seeds });
  try {
    const file = join(folder, "caches.yaml");
    writeFileSync(
      file,
      "caches:\n  behind: {pattern: write-behind, source: {kind: entries}, writeBehind: {maxDelay: 1m}}\n",
    );
    const [seed] = cluster.seeds;
    execFileSync(process.execPath, [holdfast, "caches", "apply", file, "--seed", seed]);
    await cluster.settled();
    const cache = client.cache("behind");
    const keys = Array.from({ length: 2_000 }, (_, index) => `key-${index}`);
    await Promise.all(keys.map((key) => cache.set(key, key)));
    const [victim] = cluster.nodes;
    const probes = new Map();
    for (const key of keys) {
      const { partition, owner } = client.locate(key);
      if (owner?.nodeId === victim.nodeId) probes.set(partition, key);
    }
    const startedAt = performance.now();
    if (how === "proven") void cluster.killNode(victim.nodeId);
    else process.kill(victim.pid, "SIGSTOP");
    await Promise.all(
      [...probes.values()].map(async (key) => {
        const value = await persist(() => cache.get(key, ATTEMPT));
        if (value !== key) throw new Error(`${key} is ${value}: an acknowledged write is lost`);
        await persist(() => cache.set(key, "again", ATTEMPT));
      }),
    );
    const tookMs = performance.now() - startedAt;
    if (how === "silent") process.kill(victim.pid, "SIGCONT");
    return Math.round(tookMs);
  } finally {
    await client.close();
    await cluster.stop();
  }
}

/** Tries until it succeeds. */
async function persist(attempt) {
  for (;;) {
    try {
      return await attempt();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

async function redisTakeover() {
  if (spawnSync("redis-server", ["--version"]).status !== 0) return undefined;
  const ports = Array.from({ length: 6 }, (_, index) => REDIS_PORT + index);
  const servers = ports.map((port) =>
    spawn(
      "redis-server",
      [
        "--port",
        port,
        "--bind",
        "127.0.0.1",
        "--cluster-enabled",
        "yes",
        "--save",
        "",
        "--cluster-config-file",
        `nodes-${port}.conf`,
      ].map(String),
      { cwd: folder, stdio: "ignore" },
    ),
  );
  try {
    for (const port of ports)
      await until(() => redis(port, "PING").then((reply) => reply === "PONG"));
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    execFileSync("redis-cli", [
      "--cluster",
      "create",
      ...addresses,
      "--cluster-replicas",
      "1",
      "--cluster-yes",
    ]);
    for (const port of ports) {
      await until(async () => (await redis(port, "CLUSTER INFO")).includes("cluster_state:ok"));
    }
    for (const port of ports) {
      // A replica that has not synchronised cannot take over.
      await until(async () =>
        /role:master[\s\S]*connected_slaves:1|master_link_status:up/.test(
          await redis(port, "INFO replication"),
        ),
      );
    }
    // A key of the first master's slots: whoever has it afterwards answers OK.
    const key = await keyOf(REDIS_PORT);
    const startedAt = performance.now();
    servers[0].kill("SIGKILL");
    await until(async () => {
      const replies = await Promise.all(
        ports.slice(1).map((port) => redis(port, `SET ${key} again`)),
      );
      return replies.includes("OK");
    }, 120_000);
    return Math.round(performance.now() - startedAt);
  } finally {
    for (const server of servers) server.kill("SIGKILL");
  }
}

async function keyOf(port) {
  for (let index = 0; ; index++) {
    if ((await redis(port, `SET key-${index} first`)) === "OK") return `key-${index}`;
  }
}

/** The reply to one inline command; an empty one when there is no answer. */
function redis(port, command) {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    let text = "";
    const done = () => {
      socket.destroy();
      resolve(text.replace(/^\+/, "").trimEnd());
    };
    socket.setTimeout(1_000, done);
    socket.on("error", done);
    socket.on("close", done);
    socket.on("connect", () => socket.write(`${command}\r\n`));
    socket.on("data", (data) => {
      text += data;
      if (text.endsWith("\r\n")) done();
    });
  });
}

async function until(condition, timeoutMs = 30_000) {
  const endsAt = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > endsAt) throw new Error(`not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function median(list) {
  return list.toSorted((a, b) => a - b)[list.length >> 1];
}

function report(results) {
  if (process.argv.includes("--json")) {
    const machine = { cores: cpus().length, node: process.version };
    console.log(JSON.stringify({ bench: "takeover", machine, results }));
    return;
  }
  for (const { name, alone, bar, runs } of results) {
    console.log(
      `${name}: ${alone} ms${bar === undefined ? "" : ` (bar ${bar} ms)`}; runs ${runs.join(", ")}`,
    );
  }
}
