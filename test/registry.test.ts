import { createServer, type Server } from "node:net";
import { Server as GrpcServer, type Metadata, ServerCredentials } from "@grpc/grpc-js";
import { silentLogger, systemClock } from "@holdfast/core";
import { RegistryUnavailableError } from "@holdfast/process";
import { type EmbeddedRegistry, startEmbeddedRegistry } from "@holdfast/process/embedded";
import { MemoryRegistry } from "@holdfast/process/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { itKeepsTheRegistryContract } from "./registry.contract.js";
import { itSurvivesFaults } from "./registry-faults.contract.js";
import { type Etcd, startEtcd } from "./support/etcd.js";
import { freePort } from "./support/free-port.js";
import { connectRegistry, WatchRecord } from "./support/registry-probe.js";

function startEmbedded(port: number): Promise<EmbeddedRegistry> {
  return startEmbeddedRegistry({ port, clock: systemClock, logger: silentLogger });
}

describe("etcd", () => {
  let etcd: Etcd;

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.stop());

  itKeepsTheRegistryContract((cluster) => connectRegistry([etcd.endpoint], cluster));

  it("that was wiped shows in a watch, though its revisions began anew", async () => {
    const first = await startEtcd();
    const registry = connectRegistry([first.endpoint], "wiped");
    const record = new WatchRecord(registry, "");
    for (const value of ["1", "2", "3"]) await registry.transact([], [{ key: "a", put: value }]);
    await record.shows({ a: "3" });
    await first.stop();
    const second = await startEtcd({ port: first.port });
    await record.shows({});
    await registry.transact([], [{ key: "b", put: "1" }]);
    await record.shows({ b: "1" });
    await registry.close();
    await second.stop();
  });
});

describe("etcd under faults", () => {
  itSurvivesFaults(async () => {
    const first = await startEtcd();
    const { endpoint, port, dataDir } = first;
    let current: Etcd = first;
    return {
      endpoint,
      port,
      isDurable: true,
      kill: () => current.kill(),
      async start() {
        current = await startEtcd({ dataDir, port });
      },
      async stop() {
        await current.stop();
        // Only the first one made the folder, and removes it.
        await first.stop();
      },
    };
  });
});

describe("memory registry", () => {
  itKeepsTheRegistryContract(() => new MemoryRegistry(systemClock));
});

describe("embedded registry under faults", () => {
  itSurvivesFaults(async () => {
    let current = await startEmbedded(0);
    const { endpoint, port } = current;
    return {
      endpoint,
      port,
      isDurable: false,
      kill: () => current.stop(),
      async start() {
        current = await startEmbedded(port);
      },
      stop: () => current.stop(),
    };
  });
});

describe("embedded registry", () => {
  let server: EmbeddedRegistry;

  beforeAll(async () => {
    server = await startEmbedded(0);
  });
  afterAll(() => server.stop());

  itKeepsTheRegistryContract((cluster) => connectRegistry([server.endpoint], cluster));

  it.each(["0.0.0.0", "::", "192.168.1.1", "localhost.example.com"])(
    "refuses to listen on %s",
    async (host) => {
      const start = startEmbeddedRegistry({
        port: 0,
        host,
        clock: systemClock,
        logger: silentLogger,
      });
      await expect(start).rejects.toThrow(
        `the embedded registry has no authentication and listens on loopback only, not on ${host}`,
      );
    },
  );

  it("names the address when the port is in use", async () => {
    await expect(startEmbedded(server.port)).rejects.toThrow(
      `the embedded registry cannot listen on 127.0.0.1:${server.port}`,
    );
  });
});

describe("registry client", () => {
  const servers: Server[] = [];

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  /** A server that is no registry. */
  function listen(onConnection: Parameters<typeof createServer>[1]): Promise<string> {
    const server = createServer(onConnection);
    servers.push(server);
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        const port = address !== null && typeof address === "object" ? address.port : 0;
        resolve(`http://127.0.0.1:${port}`);
      });
    });
  }

  async function failureOf(endpoints: readonly string[]): Promise<unknown> {
    const registry = connectRegistry(endpoints, "wrong");
    const record = registry.watch("", () => {});
    try {
      return await registry.get("a").catch((error: unknown) => error);
    } finally {
      await record.close();
      await registry.close();
    }
  }

  it("names every endpoint when none answers", async () => {
    const endpoints = [
      `http://127.0.0.1:${await freePort()}`,
      `http://127.0.0.1:${await freePort()}`,
    ];
    const error = await failureOf(endpoints);
    expect(error).toBeInstanceOf(RegistryUnavailableError);
    expect(String(error)).toContain(`the registry at ${endpoints.join(", ")} did not answer`);
    expect(String(error)).toContain("ECONNREFUSED");
  });

  it("names an endpoint whose host does not exist", async () => {
    const error = await failureOf(["http://no-such-host.invalid:2379"]);
    expect(error).toBeInstanceOf(RegistryUnavailableError);
    expect(String(error)).toContain("no-such-host.invalid:2379");
  });

  it("takes a server that answers garbage for an unavailable registry", async () => {
    const endpoint = await listen((socket) => {
      socket.on("error", () => {});
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    const error = await failureOf([endpoint]);
    expect(error).toBeInstanceOf(RegistryUnavailableError);
    expect(String(error)).toContain(endpoint);
  });

  it("gives up on a server that never answers", async () => {
    const endpoint = await listen((socket) => socket.on("error", () => {}));
    const startedAtMs = performance.now();
    expect(await failureOf([endpoint])).toBeInstanceOf(RegistryUnavailableError);
    expect(performance.now() - startedAtMs).toBeLessThan(20_000);
  });

  it("needs only one of its endpoints", async () => {
    const server = await startEmbedded(0);
    const dead = `http://127.0.0.1:${await freePort()}`;
    const registry = connectRegistry([dead, server.endpoint], "endpoints");
    const outcomes: string[] = [];
    for (let round = 0; round < 20; round++) {
      const write = registry.transact([], [{ key: "a", put: String(round) }]);
      outcomes.push(
        await write.then(
          () => "made",
          () => "failed",
        ),
      );
    }
    // A transaction is never sent twice, so the first may fail; it tells the others where to go.
    expect(outcomes.slice(1)).toEqual(Array.from({ length: 19 }, () => "made"));
    expect((await registry.get("a"))?.value.toString()).toBe("19");
    await registry.close();
    await server.stop();
  });

  it("asks etcd to end a watch on a member that has lost its leader", async () => {
    const server = new GrpcServer();
    const metadata = new Promise<Metadata>((resolve) => {
      const method = { serialize: () => Buffer.alloc(0), deserialize: () => ({}) };
      server.register(
        "/etcdserverpb.KV/Range",
        (_call: unknown, callback: (error: null, answer: object) => void) => callback(null, {}),
        // A header with revision 7: an empty list.
        () => Buffer.from([0x0a, 0x02, 0x18, 0x07]),
        method.deserialize,
        "unary",
      );
      server.register(
        "/etcdserverpb.Watch/Watch",
        (call: { metadata: Metadata }) => resolve(call.metadata),
        method.serialize,
        method.deserialize,
        "bidi",
      );
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const registry = connectRegistry([`http://127.0.0.1:${port}`], "leaderless");
    registry.watch("", () => {});
    expect((await metadata).get("hasleader")).toEqual(["true"]);
    await registry.close();
    server.forceShutdown();
  });

  it("refuses a transaction that no registry would take, before sending it", async () => {
    const registry = connectRegistry(["http://127.0.0.1:1"], "large");
    const write = { key: "a", put: Buffer.alloc(1_600_000) };
    await expect(registry.transact([], [write])).rejects.toThrow(RangeError);
    await registry.close();
  });

  it.each([
    [[], "no registry endpoint is configured"],
    [["127.0.0.1:2379"], "registry endpoint 127.0.0.1:2379: expected http(s)://host:port"],
    [["http://127.0.0.1"], "registry endpoint http://127.0.0.1: expected http(s)://host:port"],
  ])("refuses the endpoints %j", (endpoints, message) => {
    expect(() => connectRegistry(endpoints, "a")).toThrow(message);
  });

  it.each(["", "a/b", "a b"])("refuses the cluster name %j", (cluster) => {
    expect(() => connectRegistry(["http://127.0.0.1:2379"], cluster)).toThrow(TypeError);
  });
});
