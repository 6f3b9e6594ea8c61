/** The commands against a running local cluster, each a process of its own, as people use them. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@holdfast/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Holdfast, holdfast, holdfastUp } from "./support/holdfast.js";

const CACHES = `
caches:
  notes: {pattern: cache-aside, ttl: 5m}
  things:
    pattern: write-through
    source: {kind: entries}
  shelf:
    pattern: read-through
    source: {kind: table, table: books, key: id}
`;

interface Curve {
  readonly reads: number;
  readonly observedHitRatio: number;
  readonly points: readonly { readonly multiple: number; readonly hitRatio: number }[];
}

describe("the holdfast command", () => {
  let folder: string;
  let up: Holdfast;
  let seed: string;
  let databaseUrl: string;

  /** Runs a command against the cluster. */
  const run = (...args: readonly string[]) => holdfast(...args, "--seed", seed);

  /** The same, for the object that it prints. */
  async function json(...args: readonly string[]) {
    const { code, stdout, stderr } = await run(...args, "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-cli-"));
    const { command, line } = await holdfastUp("--nodes", "2");
    up = command;
    seed = line.seeds[0] ?? "";
    databaseUrl = line.databaseUrl;
    expect(line.seeds).toHaveLength(2);
  });

  afterAll(async () => {
    up?.kill("SIGINT");
    const outcome = await up?.outcome;
    await rm(folder, { recursive: true });
    expect(outcome).toMatchObject({ code: 0, signal: null });
  });

  it("applies caches from a file, tells what changed, and lists them", async () => {
    const file = join(folder, "caches.yaml");
    await writeFile(file, CACHES);
    const { code, stdout } = await run("caches", "apply", file);
    expect(code).toBe(0);
    expect(stdout.trim().split("\n").sort()).toEqual([
      "notes: created",
      "shelf: created",
      "things: created",
    ]);
    await writeFile(file, CACHES.replace("5m", "10m"));
    const { applied } = (await json("caches", "apply", file)) as {
      applied: { name: string; change: string }[];
    };
    const changes = Object.fromEntries(applied.map(({ name, change }) => [name, change]));
    expect(changes).toEqual({ notes: "updated", shelf: "unchanged", things: "unchanged" });
    const listed = await run("caches", "list");
    expect(listed.stdout).toContain("  notes:\n    pattern: cache-aside\n    ttl: 10m\n");
  });

  it("writes, reads and deletes entries", async () => {
    expect((await run("set", "things", "lamp", '{"price": 12}')).stdout).toMatch(
      /^written, version \d+\n$/,
    );
    expect((await run("get", "things", "lamp")).stdout).toBe('{"price":12}\n');
    expect(await json("get", "things", "lamp")).toMatchObject({
      found: true,
      value: { price: 12 },
      source: "memory",
    });
    expect((await run("delete", "things", "lamp")).stdout).toMatch(/^deleted, version \d+\n$/);
    const absent = await run("get", "things", "lamp");
    expect(absent).toMatchObject({ code: 0, stdout: "", stderr: "there is no such key\n" });
    expect(await json("get", "things", "lamp")).toMatchObject({ found: false });
  });

  it("writes text as it is, with a lifetime", async () => {
    await run("set", "notes", "greeting", "hello {there", "--string", "--ttl", "2m");
    expect((await run("get", "notes", "greeting", "--string")).stdout).toBe("hello {there\n");
    const { ttlLeftMs } = await json("get", "notes", "greeting", "--string");
    expect(ttlLeftMs).toBeGreaterThan(60_000);
    expect(ttlLeftMs).toBeLessThanOrEqual(120_000);
  });

  it("shows who owns how much", async () => {
    const status = await json("status");
    expect(status).toMatchObject({ partitions: 256, partitionsWithoutOwner: 0, moves: 0 });
    expect(status.members).toMatchObject([
      { nodeId: "node-1", state: "active", live: true, partitions: 128 },
      { nodeId: "node-2", state: "active", live: true, partitions: 128 },
    ]);
    expect((await run("status")).stdout).toMatch(/^node-2 +127\.0\.0\.1:\d+ +active +128 /m);
  });

  it("adds up the counters of all nodes", async () => {
    for (const key of ["a", "b", "c", "d"]) await run("set", "notes", key, "1");
    const { caches, nodes } = (await json("stats", "notes")) as {
      nodes: number;
      caches: Record<string, { sets: number; entries: number }>;
    };
    expect(nodes).toBe(2);
    expect(Object.keys(caches)).toEqual(["notes"]);
    expect(caches.notes?.sets).toBeGreaterThanOrEqual(4);
    expect((await run("stats")).stdout).toMatch(
      /^cache +hits +misses +hit ratio +negative +stale .* evictions +for capacity +for memory +/,
    );
  });

  it("shows what other amounts of memory would do, once enough was read", async () => {
    const client = await connect({ seeds: [seed] });
    try {
      const notes = client.cache("notes");
      for (let index = 0; index < 200; index++) await notes.set(`memory-${index}`, index);
      for (let round = 0; round < 5; round++) {
        for (let index = 0; index < 200; index++) await notes.get(`memory-${index}`);
      }
    } finally {
      await client.close();
    }
    const stats = (await json("stats")) as {
      curve: Curve;
      caches: Record<string, { curve: Curve }>;
    };
    for (const curve of [stats.caches.notes?.curve, stats.curve]) {
      expect(curve?.reads).toBeGreaterThan(900);
      expect(curve?.observedHitRatio).toBeGreaterThan(0.95);
      expect(curve?.points.map(({ multiple }) => multiple)).toEqual([0.25, 0.5, 1, 2, 4]);
      // Everything fits.
      for (const { hitRatio } of curve?.points ?? []) expect(hitRatio).toBeGreaterThan(0.95);
    }
    const { stdout } = await run("stats");
    expect(stdout).toMatch(/^cache +hit ratio lately +LRU ×0\.25 +LRU ×0\.5 +LRU ×1 +LRU ×2/m);
    expect(stdout).toMatch(/^notes +\d+\.\d % +\d+\.\d %/m);
    expect(stdout).toMatch(/^\(all\) +\d+\.\d % +\d+\.\d %/m);
  });

  it("warms keys and tells how many there were", async () => {
    await run("set", "things", "cup", "3");
    expect(await json("warm", "things", "cup", "saucer")).toMatchObject({ loaded: 1, absent: 1 });
    expect((await run("warm", "things", "cup")).stdout).toBe(
      "1 in memory, 0 without a row, 0 left out for lack of room, 0 failed\n",
    );
  });

  it.each([
    [["get", "nothing", "k"], 'UNKNOWN_CACHE: no cache named "nothing"'],
    [["get", "things", ""], "INVALID_ARGUMENT: key is empty; it needs 1 to 512 bytes"],
    [["get", "things", "k".repeat(513)], "INVALID_ARGUMENT: key has 513 bytes of UTF-8"],
    [["set", "shelf", "1", "{}"], "READ_ONLY: "],
    [["set", "things", "k", "1", "--ttl", "-5s"], "INVALID_ARGUMENT: "],
    [["set", "things", "k", "1", "--ttl", "soon"], 'ttl is "soon"; write "250ms", "90s" or "5m"'],
    [["set", "things", "k", "1", "--ttl", "10"], 'ttl is "10"; it needs a unit, as in "250ms"'],
    [["stats", "nothing"], 'UNKNOWN_CACHE: no cache named "nothing" is configured'],
    [["warm", "things", "--query", "missing"], "INVALID_ARGUMENT: "],
  ])("fails with one clear line and exit code 1: %j", async (args, message) => {
    const { code, stderr, stdout } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^holdfast: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });

  it.each(["http://localhost:7400", "a:1,b:2", "localhost"])(
    "refuses %s as a seed, at once",
    async (wrong) => {
      const { code, stderr } = await holdfast("status", "--seed", wrong);
      expect(code).toBe(1);
      expect(stderr).toContain("It must have the form host:port.");
    },
  );

  it("says why a folder cannot hold its data", async () => {
    const { code, stderr } = await holdfast("up", "--data-dir", import.meta.filename);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `holdfast: cannot keep data in ${import.meta.filename}: there is a file of that name\n`,
    });
  });

  it("refuses another start on a port in use, and says which", async () => {
    const port = seed.split(":")[1] ?? "";
    const { code, stderr } = await holdfast("up", "--nodes", "1", "--port", port);
    expect(code).toBe(1);
    expect(stderr).toContain("node-1");
    expect(stderr).toContain(`:${port}`);
    expect(stderr).not.toContain("    at ");
  });

  it("says at once that an existing database cannot be used, without its password", async () => {
    const url = new URL(databaseUrl);
    url.password = "mistyped";
    const wrong = await holdfast("up", "--nodes", "1", "--postgres", url.href);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/^holdfast: [^\n]*password[^\n]*\n$/);
    expect(wrong.stderr).not.toContain("mistyped");
    url.port = "1";
    const dead = await holdfast("up", "--nodes", "1", "--postgres", url.href);
    expect(dead.code).toBe(1);
    expect(dead.stderr).toMatch(/^holdfast: [^\n]*127\.0\.0\.1:1[^\n]*\n$/);
  });

  it("says that an existing etcd does not answer, and where", async () => {
    const etcd = "http://127.0.0.1:1";
    const { code, stderr } = await holdfast("up", "--nodes", "1", "--etcd", etcd);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^holdfast: (node|coordinator)-1 ended while it started [^\n]*\n$/);
    expect(stderr).toContain(etcd);
  });
});
