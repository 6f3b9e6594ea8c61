/** What people and programs get wrong, and the exact words in which they are told. */
import { connect as connectSocket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { type Cluster, connect } from "@holdfast/client";
import { ConfigError, parseCachesFile } from "@holdfast/process";
import { Cache, type CacheClient } from "@holdfast/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.js";
import { eventually } from "./support/eventually.js";
import { freePort } from "./support/free-port.js";
import { nodeSettings, spawnServer } from "./support/server-process.js";

let cluster: TestCluster;
let client: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    aside: { pattern: "cache-aside", valueMaxBytes: "1KiB" },
    rows: { pattern: "read-through", source: { kind: "table", table: "things", key: "id" } },
  });
  await cluster.database.query("CREATE TABLE things (id int PRIMARY KEY)");
  client = await cluster.connect();
});

afterAll(() => cluster?.[Symbol.asyncDispose]());

async function failureOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: { code?: string; message?: string }) => reason,
  );
  return `${error?.code}: ${error?.message}`;
}

/** What gRPC says of an address where nobody listens. */
function refusedBy(address: string): string {
  return `No connection established. Last error: Error: connect ECONNREFUSED ${address}.`;
}

/** The name of the user, of the database and of the host, but no password. */
function wrongPassword({ host, username }: URL): string {
  return `database "holdfast" at ${host}: password authentication failed for user "${username}"`;
}

/** The same through plain gRPC, which checks nothing before it sends. */
function unary(send: (raw: CacheClient, done: (error: ServiceError | null) => void) => void) {
  const raw = new Cache(cluster.local.seeds[0] as string, credentials.createInsecure());
  return new Promise<string>((resolve) => {
    send(raw, (error) => {
      raw.close();
      resolve(`${error?.metadata.get("holdfast-code")[0]}: ${error?.details}`);
    });
  });
}

function unaryGet(key: Buffer): Promise<string> {
  return unary((raw, done) => raw.Get({ cache: "aside", key }, done));
}

describe("a bad request", () => {
  it("is told about its key", async () => {
    const cache = client.cache("aside");
    const empty = "INVALID_ARGUMENT: key is empty; it needs 1 to 512 bytes";
    const long = "INVALID_ARGUMENT: key has 513 bytes of UTF-8; at most 512 are allowed";
    expect(await failureOf(cache.get(""))).toBe(empty);
    expect(await unaryGet(Buffer.alloc(0))).toBe(empty);
    expect(await failureOf(cache.get("x".repeat(513)))).toBe(long);
    expect(await unaryGet(Buffer.alloc(513, "x"))).toBe(long);
    expect(await failureOf(cache.get("a\ud800"))).toBe(
      "INVALID_ARGUMENT: key holds a lone surrogate, so it is not valid Unicode",
    );
    expect(await unaryGet(Buffer.from([0x61, 0xed, 0xa0, 0x80]))).toBe(
      "INVALID_ARGUMENT: key is not well-formed UTF-8",
    );
    expect(await failureOf(client.cache("rows").get("seven"))).toBe(
      'INVALID_ARGUMENT: key column "id" is an integer; the key is not',
    );
  });

  it("is told about its value, its lifetime and its cache", async () => {
    const cache = client.cache("aside");
    expect(await failureOf(cache.set("k", "x".repeat(1_025)))).toBe(
      "VALUE_TOO_LARGE: the value has 1027 bytes; this cache takes at most 1024",
    );
    expect(await failureOf(cache.set("k", "v", { ttl: -1 }))).toBe(
      "INVALID_ARGUMENT: ttl is -1 ms; it must not be negative",
    );
    const set = { cache: "aside", key: Buffer.from("k"), value: Buffer.from("v"), ttlMs: -1 };
    expect(await unary((raw, done) => raw.Set(set, done))).toBe(
      "INVALID_ARGUMENT: the TTL of -1 ms is negative",
    );
    expect(await failureOf(client.cache("nowhere").get("k"))).toBe(
      'UNKNOWN_CACHE: no cache named "nowhere" is configured; apply its definition first',
    );
    expect(await failureOf(client.cache("rows").set("1", {}))).toBe(
      "READ_ONLY: this cache is read-through: write to its database instead",
    );
  });

  it("did not keep anything it was refused", async () => {
    expect(await client.cache("aside").get("k")).toBeUndefined();
  });
});

describe("a bad configuration", () => {
  it("is told where its YAML is malformed", () => {
    const yaml = "caches:\n  products:\n    pattern: [read-through\n";
    expect(() => parseCachesFile(yaml, "caches.yaml")).toThrow(ConfigError);
    expect(() => parseCachesFile(yaml, "caches.yaml")).toThrow(
      /^the configuration has 1 problem:\n {2}caches\.yaml: malformed YAML at line 4, column 1: Flow sequence/,
    );
  });

  it("is told all its problems at once, with a suggestion for an unknown name", () => {
    const yaml = "caches:\n  products:\n    patern: read-through\n    ttl: soon\n";
    expect(() => parseCachesFile(yaml, "caches.yaml")).toThrow(
      [
        "the configuration has 3 problems:",
        'caches.products.pattern: is required: one of "cache-aside", "read-through", "write-through", "write-behind" (caches.yaml)',
        'caches.products.ttl: must be a duration such as "250ms", "5s", "5m", "2h" or "7d", not "soon" (caches.yaml:4)',
        'caches.products.patern: unknown setting; did you mean "pattern"? (caches.yaml:3)',
      ].join("\n  "),
    );
  });
});

describe("a node that cannot start", () => {
  const settings = (changes: Record<string, string>) =>
    nodeSettings(cluster.etcd.endpoint, cluster.local.databaseUrl, changes);

  it("names the etcd that it cannot reach", { timeout: 30_000 }, async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const { exit } = spawnServer("node", settings({ ETCD__ENDPOINTS: `["${endpoint}"]` }));
    const { code, stderr } = await exit;
    expect(code).toBe(1);
    expect(stderr).toBe(
      `holdfast-node: cannot start: the registry at ${endpoint} did not answer ` +
        `(${endpoint}: 14 UNAVAILABLE: ${refusedBy(endpoint.slice("http://".length))})\n`,
    );
  });

  it("says that its password is wrong, and does not say which", async () => {
    const url = new URL(cluster.local.databaseUrl);
    url.password = "guessed-wrong";
    const { code, stderr } = await spawnServer("node", settings({ DATABASE__URL: url.href })).exit;
    expect(code).toBe(1);
    expect(stderr).toBe(`holdfast-node: cannot start: ${wrongPassword(url)}\n`);
  });

  it("names the port that is taken", async () => {
    const [, port = ""] = (cluster.local.seeds[0] as string).split(":");
    const { code, stderr } = await spawnServer("node", settings({ LISTEN__DATA_PORT: port })).exit;
    expect(code).toBe(1);
    expect(stderr).toBe(
      `holdfast-node: cannot start: data port cannot listen on 127.0.0.1:${port}: the port is in use\n`,
    );
  });

  it("says that its node id is in use", { timeout: 60_000 }, async () => {
    const { code, stderr } = await spawnServer("node", settings({ NODE_ID: "node-1" })).exit;
    expect(code).toBe(1);
    expect(stderr).toBe(
      `holdfast-node: cannot start: node id in use: a live process at ${cluster.local.seeds[0]} is ` +
        'registered as "node-1"; give each node an id of its own\n',
    );
  });

  it("names a setting that does not exist", async () => {
    const { code, stderr } = await spawnServer("node", settings({ MEMROY: "1GiB" })).exit;
    expect(code).toBe(1);
    expect(stderr).toMatch(/HOLDFAST_MEMROY.*did you mean/);
  });
});

describe("a coordinator that cannot start", () => {
  it("says that its password is wrong, and does not say which", async () => {
    const url = new URL(cluster.local.databaseUrl);
    url.password = "guessed-wrong";
    const { code, stderr } = await spawnServer("coordinator", {
      CLUSTER: "another",
      LISTEN__PORT: "0",
      LISTEN__HTTP_PORT: "0",
      ETCD__ENDPOINTS: `["${cluster.etcd.endpoint}"]`,
      DATABASE__URL: url.href,
      LOG__LEVEL: "silent",
    }).exit;
    expect(code).toBe(1);
    expect(stderr).toBe(`holdfast-coordinator: cannot start: ${wrongPassword(url)}\n`);
  });
});

describe("a client", () => {
  it("of a dead address is told so within its timeout", async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const failure = await failureOf(connect({ seeds: [address], timeout: "1s" }));
    expect(failure).toBe(
      `UNAVAILABLE: no cluster within 1000 ms at ${address} (${refusedBy(address)})`,
    );
  });
});

describe("garbage on a port", () => {
  it.each(["data", "peer", "http"] as const)("does not disturb the %s port", async (name) => {
    const node = cluster.local.nodes[0];
    if (node === undefined) throw new Error("no node runs");
    const [host = "", port = ""] = node.addresses[name].split(":");
    const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    const chunks = [
      Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
      Buffer.alloc(4_096, 0xff),
      Buffer.concat([preface, Buffer.from([0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01])]),
    ];
    for (const chunk of chunks) {
      const socket = connectSocket(Number(port), host);
      socket.on("error", () => {});
      socket.end(chunk);
      await Promise.race([new Promise((done) => socket.once("close", done)), pause(1_000)]);
      socket.destroy();
    }
    await client.cache("aside").set("after", name);
    expect(await client.cache("aside").get("after")).toBe(name);
    await eventually("the node is healthy", async () => {
      const response = await fetch(`http://${node.addresses.http}/healthz`);
      return response.status === 200;
    });
    expect(cluster.local.nodes[0]?.pid).toBe(node.pid);
  });
});
