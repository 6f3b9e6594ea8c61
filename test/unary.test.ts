/**
 * What any language and tool can do: plain gRPC with nothing but the .proto files, at any node,
 * whether it owns the key or not.
 */
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.js";
import { eventually } from "./support/eventually.js";

const PROTO = fileURLToPath(new URL("../proto", import.meta.url));

// biome-ignore lint/suspicious/noExplicitAny: a plain client has no types; that is the point.
type Untyped = any;

let cluster: TestCluster;
let clients: { readonly cache: Untyped; readonly topology: Untyped }[];

beforeAll(async () => {
  cluster = await startCluster({
    aside: { pattern: "cache-aside" },
    soft: { pattern: "cache-aside", ttl: "1h", softTtl: "50ms" },
    behind: { pattern: "write-behind", source: { kind: "entries" } },
    // Longer than the tests: what reaches the database is flushed.
    late: {
      pattern: "write-behind",
      source: { kind: "entries" },
      writeBehind: { maxDelay: "60s" },
    },
    rows: {
      pattern: "read-through",
      source: { kind: "table", table: "plain", key: "id" },
      warm: { queries: { all: "SELECT id FROM plain ORDER BY id" } },
    },
  });
  await cluster.database.query("CREATE TABLE plain (id text PRIMARY KEY, n int)");
  await cluster.database.query(
    "INSERT INTO plain SELECT 'k' || g, g FROM generate_series(1, 300) g",
  );
  const definition = loadSync(["holdfast/v1/cache.proto", "holdfast/v1/topology.proto"], {
    includeDirs: [PROTO],
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const { v1 } = (grpc.loadPackageDefinition(definition) as Untyped).holdfast;
  clients = cluster.local.seeds.map((address) => ({
    cache: new v1.Cache(address, grpc.credentials.createInsecure()),
    topology: new v1.Topology(address, grpc.credentials.createInsecure()),
  }));
});

afterAll(async () => {
  for (const { cache, topology } of clients ?? []) {
    cache.close();
    topology.close();
  }
  await cluster?.[Symbol.asyncDispose]();
});

function call(
  client: Untyped,
  method: string,
  request: object,
  timeoutMs = 5_000,
): Promise<Untyped> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + timeoutMs;
    client[method](request, { deadline }, (error: Error | null, response: Untyped) =>
      error === null ? resolve(response) : reject(error),
    );
  });
}

/** Keys enough for every node to own some and not to own others. */
const KEYS = Array.from({ length: 12 }, (_, index) => `k${index + 1}`);

describe("plain gRPC at any node", () => {
  it("writes at one node and reads at every other", async () => {
    for (const [index, key] of KEYS.entries()) {
      const writer = clients[index % clients.length];
      const value = Buffer.from(`value of ${key}`);
      const { version } = await call(writer?.cache, "Set", {
        cache: "aside",
        key: Buffer.from(key),
        value,
      });
      expect(Number(version)).toBeGreaterThan(2 ** 32);
      for (const { cache } of clients) {
        const read = await call(cache, "Get", { cache: "aside", key: Buffer.from(key) });
        expect(read).toMatchObject({ found: true, version });
        expect(read.value.toString()).toBe(`value of ${key}`);
      }
    }
  });

  it("reads what is stale, unless that is too stale for the reader", async () => {
    const key = Buffer.from("k1");
    await call(clients[0]?.cache, "Set", { cache: "soft", key, value: key });
    for (const { cache } of clients) {
      const read = (limit: object) => call(cache, "Get", { cache: "soft", key, ...limit });
      await eventually("it is stale", async () => (await read({})).stale);
      expect(await read({ max_stale_ms: 0 })).toMatchObject({ found: false });
      expect(await read({ max_stale_ms: 3_600_000 })).toMatchObject({ found: true, stale: true });
    }
  });

  it("says which node answered", async () => {
    const answerers = await Promise.all(
      clients.map(({ cache }) => call(cache, "Get", { cache: "aside", key: Buffer.from("k1") })),
    );
    expect(answerers.map(({ node_id }) => node_id)).toEqual(["node-1", "node-2", "node-3"]);
  });

  it("counts, touches and deletes", async () => {
    const [one, two, three] = clients.map(({ cache }) => cache);
    const key = Buffer.from("counter");
    await call(one, "Increment", { cache: "behind", key, delta: 5 });
    expect(await call(two, "Increment", { cache: "behind", key, delta: -2 })).toMatchObject({
      value: "3",
    });
    expect(await call(three, "Touch", { cache: "behind", key, ttl_ms: 60_000 })).toMatchObject({
      found: true,
    });
    const read = await call(one, "Get", { cache: "behind", key });
    expect(Number(read.ttl_left_ms)).toBeGreaterThan(50_000);
    await call(two, "Delete", { cache: "behind", key });
    expect(await call(three, "Get", { cache: "behind", key })).toMatchObject({ found: false });
  });

  it("flushes a key, and tells when the database has a write", async () => {
    const [one, two, three] = clients.map(({ cache }) => cache);
    for (const name of KEYS.slice(0, 4)) {
      const key = Buffer.from(`late ${name}`);
      const { version } = await call(one, "Set", { cache: "late", key, value: key });
      const write = { cache: "late", key, version };
      // A busy machine may be late for so short a call.
      const early = eventually("an answer", () => call(two, "Persisted", write, 500));
      expect(await early).toMatchObject({ persisted: false });
      const waiting = call(two, "Persisted", write);
      const { flushed } = await call(three, "Flush", { cache: "late", key });
      expect(flushed).toMatchObject({ persisted: "1", refused: "0", dirty: "0" });
      expect(await waiting).toMatchObject({ persisted: true, node_id: "node-2" });
      expect(await call(one, "Persisted", write)).toMatchObject({ persisted: true });
      const again = await call(one, "Flush", { cache: "late", key });
      expect(again.flushed).toMatchObject({ persisted: "0", dirty: "0" });
    }
    const rows = "SELECT count(*)::int AS rows FROM holdfast_entries WHERE cache = 'late'";
    expect((await cluster.database.query(rows)).rows).toEqual([{ rows: 4 }]);
  });

  it("flushes no whole cache, and asks for no write without its version", async () => {
    const cache = clients[0]?.cache;
    await expect(call(cache, "Flush", { cache: "late" })).rejects.toMatchObject({
      code: grpc.status.INVALID_ARGUMENT,
      details: "Flush needs a key; whole caches are flushed by the SDK or by `holdfast flush`",
    });
    const write = { cache: "late", key: Buffer.from("k") };
    await expect(call(cache, "Persisted", write)).rejects.toMatchObject({
      code: grpc.status.INVALID_ARGUMENT,
      details: "PERSISTED needs the version of a write",
    });
  });

  it("handles many keys in one call, wherever they belong, each with its own outcome", async () => {
    const [one, two] = clients.map(({ cache }) => cache);
    const keys = KEYS.map((key) => Buffer.from(`many ${key}`));
    const items = keys.map((key) => ({ key, value: key }));
    const { replies: set } = await call(one, "SetMany", { cache: "aside", items });
    expect(set.map(({ code }: Untyped) => code)).toEqual(keys.map(() => "OK"));
    const asked = [...keys, Buffer.from("absent"), Buffer.alloc(0)];
    const { replies } = await call(two, "GetMany", { cache: "aside", keys: asked });
    expect(replies.slice(0, keys.length).map(({ value }: Untyped) => value)).toEqual(keys);
    expect(replies.at(-2)).toMatchObject({ code: "OK", version: "0" });
    expect(replies.at(-1)).toMatchObject({ code: "INVALID_ARGUMENT" });
    await call(one, "DeleteMany", { cache: "aside", keys });
    const { replies: after } = await call(two, "GetMany", { cache: "aside", keys });
    expect(after.every(({ value }: Untyped) => value === undefined)).toBe(true);
  });

  it("clears a cache on every node", async () => {
    for (const key of KEYS) {
      const request = { cache: "aside", key: Buffer.from(key), value: Buffer.from("v") };
      await call(clients[0]?.cache, "Set", request);
    }
    await call(clients[1]?.cache, "Clear", { cache: "aside" });
    for (const key of KEYS) {
      const read = await call(clients[2]?.cache, "Get", { cache: "aside", key: Buffer.from(key) });
      expect(read.found).toBe(false);
    }
  });

  it("warms by a named query with progress, and each node then holds its share", async () => {
    const progress: Untyped[] = [];
    await new Promise<void>((resolve, reject) => {
      const stream = clients[0]?.cache.Warm({ cache: "rows", query: "all" });
      stream.on("data", (message: Untyped) => progress.push(message));
      stream.on("end", resolve);
      stream.on("error", reject);
    });
    expect(progress.length).toBeGreaterThan(0);
    expect(progress.at(-1)).toMatchObject({ total: "300", loaded: "300", failed: "0" });
    const stats = await Promise.all(
      clients.map(({ cache }) => call(cache, "Stats", { cache: "rows" })),
    );
    const entries = stats.map((node) => Number(node.caches[0].entries));
    expect(entries.every((count) => count > 0)).toBe(true);
    expect(entries.reduce((a, b) => a + b)).toBe(300);
  });

  it("shows the topology", async () => {
    const view: Untyped = await new Promise((resolve, reject) => {
      const stream = clients[2]?.topology.Watch({});
      stream.once("data", (message: Untyped) => {
        resolve(message);
        stream.cancel();
      });
      stream.on("error", reject);
    });
    expect(view.config).toMatchObject({ partitions: 64, hash_algorithm: "murmur3-x86-32" });
    expect(view.topology.members).toHaveLength(3);
    expect(view.topology.partitions).toHaveLength(64);
  });

  it("reports health by the standard protocol", async () => {
    const { service } = await import("grpc-health-check");
    const Health = grpc.makeGenericClientConstructor(service as Untyped, "Health");
    const client: Untyped = new Health(
      cluster.local.seeds[0] as string,
      grpc.credentials.createInsecure(),
    );
    expect(await call(client, "check", { service: "" })).toMatchObject({ status: "SERVING" });
    client.close();
  });
});
