/** `holdfast drain`: a node leaves in order while clients go on, and says what remained. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startCluster } from "./support/cluster.js";
import { eventually } from "./support/eventually.js";
import { holdfast } from "./support/holdfast.js";
import { leaderOf } from "./support/operators.js";

const CACHES = {
  aside: { pattern: "cache-aside" },
  // Longer than the test: whatever reaches the database does so because a node was drained.
  behind: {
    pattern: "write-behind",
    source: { kind: "entries" },
    writeBehind: { maxDelay: "10m" },
  },
};
const KEYS = Array.from({ length: 1_000 }, (_, index) => `key-${index}`);

describe("holdfast drain", () => {
  it("hands over and flushes everything, tells so, and ends the node in order", {
    timeout: 120_000,
  }, async () => {
    await using cluster = await startCluster(CACHES);
    const { local } = cluster;
    await local.settled();
    const client = await cluster.connect();
    const aside = client.cache<string>("aside");
    const behind = client.cache<string>("behind");
    await Promise.all(KEYS.map((key) => aside.set(key, "in memory")));
    await Promise.all(KEYS.map((key) => behind.set(key, "not written yet")));
    const [seed = ""] = local.seeds;

    const unknown = await holdfast("drain", "node-9", "--seed", seed);
    expect(unknown).toMatchObject({ code: 1, stdout: "" });
    expect(unknown.stderr).toBe(
      'holdfast: the cluster has no node "node-9" now; its nodes: node-1, node-2, node-3\n',
    );

    // Asked twice at once: it happens once, and both are told.
    const [first, second] = await Promise.all([
      holdfast("drain", "node-2", "--seed", seed),
      holdfast("drain", "node-2", "--seed", seed, "--json"),
    ]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toMatch(/^node-2 leaves; 0 dirty entries remain$/m);
    const result = JSON.parse(second.stdout) as unknown;
    expect(result).toEqual({ nodeId: "node-2", remaining: 0, partitionsNotHandedOver: 0 });

    await eventually("its process has ended, and is not started again", () =>
      local.nodes.every(({ nodeId }) => nodeId !== "node-2"),
    );
    await local.settled();
    const kept = await Promise.all(KEYS.map((key) => aside.get(key)));
    expect(new Set(kept)).toEqual(new Set(["in memory"]));
    const dirty = await Promise.all(KEYS.map((key) => behind.get(key)));
    expect(new Set(dirty)).toEqual(new Set(["not written yet"]));
  });

  it("flushes at the last node, where nobody is left to hand over to", {
    timeout: 60_000,
  }, async () => {
    await using cluster = await startCluster(CACHES, { nodes: 1 });
    const behind = (await cluster.connect()).cache<string>("behind");
    await Promise.all(KEYS.map((key) => behind.set(key, "not written yet", { ack: "journal" })));
    const { code, stdout } = await holdfast(
      "drain",
      "node-1",
      "--seed",
      cluster.local.seeds[0] ?? "",
    );
    expect(stdout).toContain("node-1 leaves; 0 dirty entries remain");
    expect(code).toBe(0);
    const { rows } = await cluster.database.query("SELECT count(*) FROM holdfast_entries");
    expect(rows).toEqual([{ count: String(KEYS.length) }]);
  });
});

describe("A node that leaves", () => {
  it("tells whoever leads next that it has ended, when nobody leads at that moment", {
    timeout: 60_000,
  }, async () => {
    await using cluster = await startCluster({}, { nodes: 1, coordinators: 2 });
    const { local } = cluster;
    await local.settled();
    const [incarnation] = local.nodes.map((node) => node.incarnation);
    const { pid } = await leaderOf(local);
    process.kill(pid, "SIGKILL");
    expect(await local.stopNode("node-1")).toMatchObject({ code: 0 });
    // Else others would have to take it for one that may still serve.
    const logs = await Promise.all(
      ["coordinator-1", "coordinator-2"].map((name) =>
        readFile(join(local.dataDir, "logs", `${name}.log`), "utf8"),
      ),
    );
    const news = logs.join("").match(/.*its exit was reported/g) ?? [];
    expect(news.filter((line) => line.includes(incarnation ?? "?"))).toHaveLength(1);
  });
});
