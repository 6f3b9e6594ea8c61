import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { silentLogger } from "@holdfast/core";
import { Counter, Registry } from "prom-client";
import { afterEach, describe, expect, it } from "vitest";
import { OpsServer, type Readiness } from "./ops-server.js";

const started: OpsServer[] = [];

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
});

async function createServer(
  readiness: () => Readiness = () => ({ ready: true }),
  metrics = new Registry(),
): Promise<OpsServer> {
  const server = new OpsServer({
    host: "127.0.0.1",
    port: 0,
    logger: silentLogger,
    metrics,
    readiness,
  });
  await server.start();
  started.push(server);
  return server;
}

const get = (server: OpsServer, path: string, method = "GET") =>
  fetch(`http://${server.address}${path}`, { method });

describe("OpsServer", () => {
  it("says that the process lives, whether it is ready or not", async () => {
    const server = await createServer(() => ({ ready: false, reason: "no topology yet" }));
    const response = await get(server, "/healthz");
    expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
  });

  it("says whether the process is ready, and why not", async () => {
    let readiness: Readiness = { ready: false, reason: "no topology yet" };
    const server = await createServer(() => readiness);
    const before = await get(server, "/readyz");
    expect([before.status, await before.json()]).toEqual([
      503,
      { ready: false, reason: "no topology yet" },
    ]);
    readiness = { ready: true };
    const after = await get(server, "/readyz?verbose");
    expect([after.status, await after.json()]).toEqual([200, { ready: true }]);
  });

  it("gives the metrics of its registry", async () => {
    const metrics = new Registry();
    new Counter({ name: "holdfast_hits_total", help: "Hits.", registers: [metrics] }).inc(3);
    const response = await get(await createServer(undefined, metrics), "/metrics");
    expect(response.headers.get("content-type")).toContain("text/plain");
    expect(await response.text()).toContain("holdfast_hits_total 3");
  });

  it("answers 500 when a metric cannot be collected, and goes on", async () => {
    const metrics = new Registry();
    const collect = () => {
      throw new Error("defect");
    };
    new Counter({ name: "broken_total", help: "Broken.", registers: [metrics], collect });
    const server = await createServer(undefined, metrics);
    expect((await get(server, "/metrics")).status).toBe(500);
    expect((await get(server, "/healthz")).status).toBe(200);
  });

  it("has no other path and no other method", async () => {
    const server = await createServer();
    const absent = await get(server, "/");
    expect([absent.status, await absent.json()]).toEqual([
      404,
      { error: "not found", paths: ["/healthz", "/readyz", "/metrics"] },
    ]);
    const post = await get(server, "/healthz", "POST");
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    const head = await get(server, "/healthz", "HEAD");
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it("refuses headers without end", async () => {
    const server = await createServer();
    const outgoing = request({
      port: server.port,
      path: "/healthz",
      headers: { "x-long": "x".repeat(10_000) },
    });
    outgoing.end();
    const [response] = await once(outgoing, "response");
    expect(response.statusCode).toBe(431);
    response.resume();
    expect((await get(server, "/healthz")).status).toBe(200);
  });

  it("survives garbage", async () => {
    const server = await createServer();
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("\u0000\u0001 garbage\r\n\r\n");
    socket.resume();
    await once(socket, "close");
    expect((await get(server, "/healthz")).status).toBe(200);
  });

  it("says in one line that its port is in use", async () => {
    const first = await createServer();
    const second = new OpsServer({
      host: "127.0.0.1",
      port: first.port,
      logger: silentLogger,
      metrics: new Registry(),
      readiness: () => ({ ready: true }),
    });
    await expect(second.start()).rejects.toThrow(
      `ops server cannot listen on 127.0.0.1:${first.port}: the port is in use`,
    );
    await expect(second.stop()).resolves.toBeUndefined();
  });

  it("stops although a connection is kept open", async () => {
    const server = await createServer();
    const socket = connect(server.port, "127.0.0.1");
    await once(socket, "connect");
    socket.on("error", () => {});
    const closed = once(socket, "close");
    await server.stop();
    await closed;
    await expect(get(server, "/healthz")).rejects.toThrow("fetch failed");
  });
});
