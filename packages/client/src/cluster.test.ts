import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { connect } from "./connect.js";
import { FakeCluster } from "./testing/fake-cluster.js";

/** A port of this machine where nobody listens: it was free a moment ago. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return `127.0.0.1:${address.port}`;
}

/** Sockets that are open in this process. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

describe("Connecting", () => {
  it("fails within its timeout when nobody is there, naming every seed and why", async () => {
    const [first, second] = [await deadAddress(), await deadAddress()];
    const startedAt = performance.now();
    const failed = connect({ seeds: [first, second], timeout: 300 });
    await expect(failed).rejects.toThrowError(
      expect.objectContaining({
        code: "UNAVAILABLE",
        message: expect.stringMatching(
          new RegExp(
            `^no cluster within 300 ms at ${first} \\(.*ECONNREFUSED.*\\), ${second} \\(.*\\)$`,
          ),
        ),
      }),
    );
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it("finds the cluster through any seed that lives", async () => {
    await using fake = await FakeCluster.start({ nodes: 2 });
    const seeds = [await deadAddress(), fake.node(1).address];
    await using client = await connect({ seeds });
    expect(client.topology()).toMatchObject({
      clusterId: "fake",
      partitions: 16,
      members: [
        { nodeId: "node-0", address: fake.node(0).address, ownedPartitions: 8 },
        { nodeId: "node-1", address: fake.node(1).address, ownedPartitions: 8 },
      ],
    });
  });

  it("waits for a seed that starts later", async () => {
    await using fake = await FakeCluster.start();
    fake.node(0).servesTopology = false;
    const connecting = connect({ seeds: fake.seeds, timeout: "10s" });
    await expect.poll(() => fake.node(0).watchers).toBe(1);
    fake.node(0).servesTopology = true;
    fake.node(0).dropWatches();
    await using client = await connecting;
    expect(client.topology().clusterId).toBe("fake");
  });

  it("refuses another cluster at once", async () => {
    await using fake = await FakeCluster.start({ clusterId: "yours" });
    await expect(connect({ seeds: fake.seeds, clusterId: "mine" })).rejects.toThrowError(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: `${fake.node(0).address}: this is cluster "yours", not "mine"`,
      }),
    );
  });

  it("stops when aborted", async () => {
    const controller = new AbortController();
    const connecting = connect({ seeds: [await deadAddress()], signal: controller.signal });
    controller.abort(new Error("not needed"));
    await expect(connecting).rejects.toThrowError("not needed");
    await expect(
      connect({ seeds: ["localhost:1"], signal: AbortSignal.abort(new Error("never")) }),
    ).rejects.toThrowError("never");
  });

  it("refuses bad options before it opens anything", async () => {
    await expect(connect({ seeds: [] })).rejects.toThrowError(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });
});

describe("Closing", () => {
  it("leaves no timer, socket or stream behind", async () => {
    await using fake = await FakeCluster.start({ nodes: 3 });
    const clock = new FakeClock();
    const socketsBefore = openSockets();
    const client = await connect({ seeds: fake.seeds, clock });
    const cache = client.cache("products");
    await Promise.all(fake.nodes.map((node) => cache.get(fake.keyOf(node))));
    await cache.stats();
    expect(fake.nodes.reduce((sum, node) => sum + node.openStreams, 0)).toBe(4);
    await client.close();
    expect(clock.pendingTimers).toBe(0);
    await expect.poll(() => fake.nodes.map((node) => node.openStreams)).toEqual([0, 0, 0]);
    // Fewer, when one of an earlier test was still closing at the start.
    await expect.poll(openSockets).toBeLessThanOrEqual(socketsBefore);
  });

  it("leaves nothing behind after a connection that failed", async () => {
    const clock = new FakeClock();
    const connecting = connect({ seeds: [await deadAddress()], clock, timeout: 100 });
    clock.advance(100);
    await expect(connecting).rejects.toThrowError();
    expect(clock.pendingTimers).toBe(0);
  });

  it("refuses operations from then on, typed", async () => {
    await using fake = await FakeCluster.start();
    const client = await connect({ seeds: fake.seeds });
    const cache = client.cache("products");
    await client.close();
    await client.close();
    const closed = expect.objectContaining({ code: "CLOSED" });
    await expect(cache.get("a")).rejects.toThrowError(closed);
    await expect(cache.set("a", 1)).rejects.toThrowError(closed);
    await expect(cache.clear()).rejects.toThrowError(closed);
    await expect(cache.stats()).rejects.toThrowError(closed);
    await expect(cache.warm(["a"])).rejects.toThrowError(closed);
    await expect(client.stats()).rejects.toThrowError(closed);
  });

  it("lets operations in flight finish", async () => {
    await using fake = await FakeCluster.start();
    const client = await connect({ seeds: fake.seeds });
    const node = fake.node(0);
    node.intercept = () => "silence";
    const read = client.cache("products").get("a");
    await expect.poll(() => node.operations.length).toBe(1);
    const closing = client.close();
    node.send([{ id: node.operations[0]?.id ?? 0, code: "OK", term: 1 }]);
    expect(await read).toBeUndefined();
    await closing;
  });

  it("fails what does not finish in time: reads as closed, sent writes as unknown", async () => {
    await using fake = await FakeCluster.start();
    const client = await connect({ seeds: fake.seeds });
    const node = fake.node(0);
    node.intercept = () => "silence";
    const cache = client.cache("products");
    const results = Promise.allSettled([cache.get("a"), cache.set("a", 1), cache.set("b", 2)]);
    await expect.poll(() => node.operations.length).toBe(3);
    await client.close({ drainTimeout: 20 });
    expect(await results).toMatchObject([
      { reason: { code: "CLOSED" } },
      { reason: { code: "OUTCOME_UNKNOWN", cause: { code: "CLOSED" } } },
      { reason: { code: "OUTCOME_UNKNOWN", cause: { code: "CLOSED" } } },
    ]);
  });

  it("happens at the end of an `await using` block", async () => {
    await using fake = await FakeCluster.start();
    const cache = await (async () => {
      await using client = await connect({ seeds: fake.seeds });
      return client.cache("products");
    })();
    await expect(cache.get("a")).rejects.toThrowError("the client is closed");
  });
});

describe("The package", () => {
  const run = promisify(execFile);

  it("can be required from CommonJS, and lets the process end after close()", async () => {
    await using fake = await FakeCluster.start();
    const script = `
      const { connect, string } = require("@holdfast/client");
      connect({ seeds: ["${fake.node(0).address}"] }).then(async (cluster) => {
        const cache = cluster.cache("products", { codec: string() });
        await cache.set("a", "from CommonJS");
        process.stdout.write(await cache.get("a"));
        await cluster.close();
      });`;
    const cwd = new URL("..", import.meta.url);
    const { stdout } = await run(process.execPath, ["-e", script], { cwd, timeout: 15_000 });
    expect(stdout).toBe("from CommonJS");
  });
});
