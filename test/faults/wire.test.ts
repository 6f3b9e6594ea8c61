/**
 * The rows of the fault matrix (README.md) that are about what comes in at a node's ports: too much, too
 * fast, too slow, out of date, or nothing that makes sense. Others must not notice.
 */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
} from "node:http2";
import { connect as connectSocket, type Socket } from "node:net";
import { type ClientDuplexStream, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { Cluster } from "@holdfast/client";
import { seededRandom, testSeed } from "@holdfast/core/testing";
import {
  type Batch,
  Cache,
  type CacheClient,
  pipeCodec,
  type Reply__Output,
} from "@holdfast/proto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../support/cluster.js";
import { breather, eventually } from "../support/eventually.js";

const CACHES = { aside: { pattern: "cache-aside" } };
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const MEBIBYTE = 2 ** 20;
/** Time in which others are served, on a machine that has other things to do: a call has no more. */
const UNDISTURBED_MS = 5_000;

const seed = testSeed();
const random = seededRandom(seed);

let cluster: TestCluster;
let client: Cluster;
let raw: CacheClient;
const closing: (() => void)[] = [];

beforeAll(async () => {
  cluster = await startCluster(CACHES);
  client = await cluster.connect();
  raw = new Cache(target().addresses.data, credentials.createInsecure(), {
    "grpc.max_send_message_length": -1,
  });
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await expectUnharmed();
});
afterAll(async () => {
  raw?.close();
  await cluster?.[Symbol.asyncDispose]();
});

function target() {
  const node = cluster.local.nodes.find(({ nodeId }) => nodeId === "node-1");
  if (node === undefined) throw new Error("node-1 does not run");
  return node;
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

function openSocket(port = portOf(target().addresses.data)): Socket {
  const socket = connectSocket(port, "127.0.0.1");
  socket.on("error", () => {});
  return socket;
}

function openSession(): ClientHttp2Session {
  const session = connectHttp2(`http://${target().addresses.data}`);
  session.on("error", () => {});
  closing.push(() => session.destroy());
  return session;
}

/** A call as gRPC makes it, by hand. */
function request(session: ClientHttp2Session, path: string, headers = {}): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  stream.on("error", () => {});
  return stream;
}

/** The status of a call to which this is all that is sent; -1: the stream ended without one. */
function statusOf(path: string, body: Buffer, headers = {}): Promise<number> {
  const stream = request(openSession(), path, headers);
  return new Promise((resolve) => {
    let status = -1;
    const note = (given: Record<string, unknown>) => {
      if (given["grpc-status"] !== undefined) status = Number(given["grpc-status"]);
    };
    stream.on("response", note);
    stream.on("trailers", note);
    stream.on("close", () => resolve(status));
    stream.resume();
    stream.end(body);
  });
}

function framed(message: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function randomBytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random.next() * 256)));
}

async function rssBytes(): Promise<number> {
  const status = await readFile(`/proc/${target().pid}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0) * 1_024;
}

async function metric(name: string): Promise<number> {
  const response = await fetch(`http://${target().addresses.http}/metrics`);
  return Number(new RegExp(`^${name} (.*)$`, "m").exec(await response.text())?.[1]);
}

/**
 * The same process serves every client. Where it stood still for longer than its lease, as on a machine that has other
 * things to do, what was cached goes with its partitions, and is there when it has been written again.
 */
async function expectUnharmed(): Promise<void> {
  const pids = cluster.local.nodes.map(({ pid }) => pid);
  expect(pids).toContain(startedAs);
  const keys = Array.from({ length: 30 }, (_, index) => `unharmed-${index}`);
  const aside = client.cache<string>("aside");
  await eventually("all that is written can be read", async () => {
    await Promise.all(keys.map((key) => aside.set(key, key)));
    const found = await Promise.all(keys.map((key) => aside.get(key)));
    return found.every((value, index) => value === keys[index]);
  });
}

let startedAs = 0;
beforeAll(() => {
  startedAs = target().pid;
});

/** The longest of reads that go on until `work` is done. */
async function longestReadDuring(work: Promise<unknown>): Promise<number> {
  let isOver = false;
  let longestMs = 0;
  const reading = (async () => {
    while (!isOver) {
      const fromMs = performance.now();
      await client.cache("aside").get("unharmed-1");
      longestMs = Math.max(longestMs, performance.now() - fromMs);
      await breather();
    }
  })();
  await work;
  isOver = true;
  await reading;
  return longestMs;
}

describe("what is too large", () => {
  it("is refused: a message, and headers without end", async () => {
    const value = Buffer.alloc(9 * MEBIBYTE);
    const set = await new Promise<ServiceError | null>((resolve) => {
      raw.Set({ cache: "aside", key: Buffer.from("k"), value }, (error) => resolve(error));
    });
    expect(set?.code).toBe(8);
    const metadata = new Metadata();
    metadata.set("endless", "x".repeat(MEBIBYTE));
    const get = await new Promise<ServiceError | null>((resolve) => {
      raw.Get({ cache: "aside", key: Buffer.from("k") }, metadata, (error) => resolve(error));
    });
    expect(get).not.toBeNull();
  });
});

describe(`what makes no sense (seed ${seed})`, () => {
  it("gets a status of its own, or none", async () => {
    const get = "/holdfast.v1.Cache/Get";
    expect(await statusOf("/holdfast.v1.Cache/Nothing", framed(Buffer.alloc(0)))).toBe(12);
    expect(await statusOf("/", framed(Buffer.alloc(0)))).toBe(12);
    // A key that is longer than its message; a message that is said to be compressed.
    expect([3, 13]).toContain(await statusOf(get, framed(Buffer.from([0x12, 0x7f, 0x01]))));
    expect([12, 13]).toContain(await statusOf(get, framed(Buffer.from("x"), 1)));
    // Four gigabytes are announced, and fewer bytes than the head of a message sent.
    expect(await statusOf(get, Buffer.from([0, 0xff, 0xff, 0xff, 0xff, 1]))).not.toBe(0);
    expect(await statusOf(get, Buffer.from([0, 0, 0]))).not.toBe(0);
    expect(await statusOf(get, framed(randomBytes(300)))).not.toBe(0);
  });

  it("leaves memory as it was, whichever port it comes to", async () => {
    const before = await rssBytes();
    const { data, peer, http } = target().addresses;
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    const sockets: Socket[] = [];
    for (let round = 0; round < 150; round++) {
      const socket = openSocket(portOf([data, peer, http][round % 3] ?? data));
      const noise = randomBytes(20 + Math.floor(random.next() * 400));
      const isFramed = round % 2 === 0;
      socket.write(isFramed ? Buffer.concat([PREFACE, settings, noise]) : noise);
      sockets.push(socket);
    }
    const longestMs = await longestReadDuring(
      eventually("all have been written", () => sockets.every((each) => each.bytesWritten > 0)),
    );
    for (const socket of sockets) socket.destroy();
    expect(longestMs).toBeLessThan(UNDISTURBED_MS);
    expect((await rssBytes()) - before).toBeLessThan(100 * MEBIBYTE);
  });
});

describe("a client that misbehaves", () => {
  it("resets its calls by the thousand and is alone in its trouble", async () => {
    const session = openSession();
    const flood = async () => {
      for (let round = 0; round < 50 && !session.destroyed; round++) {
        for (let call = 0; call < 100 && !session.destroyed; call++) {
          request(session, "/holdfast.v1.Cache/Get").close(constants.NGHTTP2_CANCEL);
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    expect(await longestReadDuring(flood())).toBeLessThan(UNDISTURBED_MS);
  });

  it("opens connections and says nothing, or a byte at a time", async () => {
    const sockets = Array.from({ length: 300 }, () => openSocket());
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
    });
    const drip = async () => {
      for (const byte of PREFACE) {
        for (const socket of sockets.slice(0, 100)) socket.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    expect(await longestReadDuring(drip())).toBeLessThan(UNDISTURBED_MS);
  });

  it("asks for more than it reads, and is not read from any more", async () => {
    const key = Buffer.from(keysOf("node-1", "large")[0] ?? "");
    const value = "x".repeat(900_000);
    await client.cache("aside", { compression: false }).set(key.toString(), value);
    const before = await rssBytes();
    const pipe = openPipe(raw);
    pipe.on("error", () => {});
    closing.push(() => pipe.cancel());
    pipe.write(batchOf({ hello: helloOf("glutton") }));
    const operations = Array.from({ length: 20 }, (_, id) => ({
      id,
      kind: "GET" as const,
      cache: "aside",
      key,
    }));
    pipe.pause();
    const ask = async () => {
      for (let batch = 0; batch < 50; batch++) {
        pipe.write(batchOf({ budgetMs: 10_000, operations }));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    // Of 900 MB at most the bound of one pipe is held for it.
    expect(await longestReadDuring(ask())).toBeLessThan(UNDISTURBED_MS);
    expect((await rssBytes()) - before).toBeLessThan(300 * MEBIBYTE);
  });

  it("is killed in the middle of its writes, which are whole or not there", async () => {
    const pipesBefore = await metric("holdfast_open_pipes");
    const program = `
      import { connect } from ${JSON.stringify(import.meta.resolve("@holdfast/client"))};
      const cluster = await connect({ seeds: ${JSON.stringify(cluster.local.seeds)} });
      const cache = cluster.cache("aside", { compression: false });
      for (let turn = 0; ; turn++) {
        const keys = Array.from({ length: 200 }, (_, index) => "killed-" + index);
        await Promise.all(keys.map((key) => cache.set(key, { turn, text: String(turn).repeat(2000) })));
        console.log("going");
      }`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    closing.push(() => child.kill("SIGKILL"));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await eventually(
      "it is connected",
      async () => (await metric("holdfast_open_pipes")) > pipesBefore,
    );
    child.kill("SIGKILL");
    const cache = client.cache<{ turn: number; text: string }>("aside");
    const keys = Array.from({ length: 200 }, (_, index) => `killed-${index}`);
    for (const value of await Promise.all(keys.map((key) => cache.get(key)))) {
      expect(value?.text).toBe(String(value?.turn).repeat(2000));
    }
    await eventually(
      "its connection is forgotten",
      async () => (await metric("holdfast_open_pipes")) === pipesBefore,
    );
  });
});

describe("a client with another topology", () => {
  it.each([
    ["an older one", 0],
    ["one that does not exist yet", 2 ** 40],
  ])("is told who owns the key, and never served by anybody else: %s", async (_name, epoch) => {
    const key = keysOf("node-2", "elsewhere")[0] ?? "";
    await client.cache("aside").set(key, "there");
    const reply = await askPipe(raw, epoch, key);
    expect(reply.code).toBe("NOT_OWNER");
    const owner = client.locate(key).owner;
    expect(reply.notOwner).toMatchObject({
      nodeId: "node-2",
      incarnation: owner?.incarnation,
      address: owner?.address,
    });
    const own = keysOf("node-1", "here")[0] ?? "";
    await client.cache("aside").set(own, "here");
    expect((await askPipe(raw, epoch, own)).code).toBe("OK");
  });

  it("or another protocol, or another cluster, is refused", async () => {
    const refusals = await Promise.all(
      [
        { ...helloOf("x"), protocol: 999 },
        { ...helloOf("x"), clusterId: "another" },
        undefined,
      ].map(
        (hello) =>
          new Promise<string>((resolve) => {
            const pipe = openPipe(raw);
            pipe.on("error", ({ details }: ServiceError) => resolve(details));
            pipe.on("data", () => resolve("it answered"));
            pipe.write(batchOf({ ...(hello && { hello }) }));
          }),
      ),
    );
    expect(refusals).toEqual([
      expect.stringMatching(/^this node speaks protocol \d+, not 999$/),
      expect.stringMatching(/^this node belongs to cluster .*, not another$/),
      "the first message of a pipe must introduce the client",
    ]);
  });
});

function keysOf(nodeId: string, prefix: string): string[] {
  return Array.from({ length: 100 }, (_, index) => `${prefix}-${index}`).filter(
    (key) => client.locate(key).owner?.nodeId === nodeId,
  );
}

function helloOf(clientId: string) {
  const { clusterId } = client.topology();
  return { clusterId, protocol: 1, clientId, expectedNodeId: "", expectedIncarnation: "" };
}

/** The contract leaves the messages of pipes as they are on the wire. */
function openPipe(cache: CacheClient): ClientDuplexStream<Buffer, Buffer> {
  return cache.Pipe() as unknown as ClientDuplexStream<Buffer, Buffer>;
}

function batchOf(batch: Batch): Buffer {
  return pipeCodec.writeBatchGenerally(batch);
}

/** What a node answers on a pipe, without the SDK's second look. */
function askPipe(cache: CacheClient, epoch: number, key: string): Promise<Reply__Output> {
  const pipe = openPipe(cache);
  const operation = { id: 1, kind: "GET" as const, cache: "aside", key: Buffer.from(key) };
  return new Promise((resolve, reject) => {
    pipe.on("error", reject);
    pipe.on("data", (message: Buffer) => {
      const [reply] = pipeCodec.readRepliesGenerally(message).replies;
      if (reply === undefined) return;
      pipe.end();
      resolve(reply);
    });
    const hello = helloOf("raw");
    pipe.write(batchOf({ hello, epoch, budgetMs: 5_000, operations: [operation] }));
  });
}
