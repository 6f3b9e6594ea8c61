import { once } from "node:events";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { credentials, loadPackageDefinition, type ServiceError, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { type Clock, type Logger, silentLogger, systemClock } from "@holdfast/core";
import { FakeClock, settle } from "@holdfast/core/testing";
import { Admin, type AdminHandlers, type StatusResponse__Output, Topology } from "@holdfast/proto";
import { protoPath } from "grpc-health-check";
import { afterEach, describe, expect, it } from "vitest";
import { serverChannelOptions } from "./channel-options.js";
import { GrpcServer, type GrpcService } from "./grpc-server.js";
import { createTopologyService } from "./topology-service.js";
import { unary } from "./unary.js";

const open: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

interface Given {
  readonly services?: readonly GrpcService[];
  readonly port?: number;
  readonly host?: string;
  readonly maxMessageBytes?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

function createServer(given: Given = {}): GrpcServer {
  const server = new GrpcServer({
    name: "test server",
    host: given.host ?? "127.0.0.1",
    port: given.port ?? 0,
    logger: given.logger ?? silentLogger,
    clock: given.clock ?? systemClock,
    services: given.services ?? [adminService(async () => ({}))],
    reflection: false,
    maxMessageBytes: given.maxMessageBytes ?? 1_048_576,
  });
  open.push({ close: () => server.stop() });
  return server;
}

function adminService(answer: (configJson: string) => Promise<object>): GrpcService {
  const refuse = unary(silentLogger, async () => ({}));
  const handlers: AdminHandlers = {
    ApplyCaches: unary(silentLogger, async ({ caches }) => {
      await answer(caches[0]?.configJson ?? "");
      return {};
    }),
    ListCaches: refuse,
    Status: unary(silentLogger, async () => ({ leading: true })),
  };
  return { definition: Admin.service, handlers };
}

function adminOf(server: GrpcServer): InstanceType<typeof Admin> {
  const options = serverChannelOptions({ maxMessageBytes: 1_048_576 });
  const client = new Admin(server.address, credentials.createInsecure(), options);
  open.push(client);
  return client;
}

function statusOf(client: InstanceType<typeof Admin>): Promise<StatusResponse__Output> {
  return new Promise((resolve, reject) => {
    client.Status({}, { deadline: Date.now() + 5_000 }, (error, response) => {
      if (error !== null) reject(error);
      else resolve(response as StatusResponse__Output);
    });
  });
}

function applyOf(client: InstanceType<typeof Admin>, configJson: string): Promise<void> {
  const request = { caches: [{ name: "c", configJson }] };
  return new Promise((resolve, reject) => {
    client.ApplyCaches(request, { deadline: Date.now() + 5_000 }, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

function createGate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

type HealthStream = { on(event: string, listener: (value: never) => void): void; cancel(): void };
type HealthClient = {
  check(request: object, callback: (error: ServiceError | null, value?: object) => void): void;
  watch(request: object): HealthStream;
  close(): void;
};

function healthOf(server: GrpcServer): HealthClient {
  const includeDirs = [join(dirname(dirname(dirname(protoPath))))];
  const loaded = loadPackageDefinition(
    loadSync(protoPath, { enums: String, includeDirs }),
  ) as unknown as {
    grpc: { health: { v1: { Health: new (...args: unknown[]) => HealthClient } } };
  };
  const client = new loaded.grpc.health.v1.Health(server.address, credentials.createInsecure());
  open.push(client);
  return client;
}

function healthStatus(client: HealthClient, service = ""): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.check({ service }, (error, value) => (error ? reject(error) : resolve(value)));
  });
}

describe("GrpcServer", () => {
  it("serves on a port of the system's choice", async () => {
    const server = createServer();
    await server.start();
    expect(server.port).toBeGreaterThan(0);
    expect(server.address).toBe(`127.0.0.1:${server.port}`);
    expect((await statusOf(adminOf(server))).leading).toBe(true);
  });

  it("says in one line that a port is in use, and by which name it is known", async () => {
    const first = createServer();
    await first.start();
    const second = createServer({ port: first.port });
    await expect(second.start()).rejects.toThrow(
      new Error(`test server cannot listen on 127.0.0.1:${first.port}: the port is in use`),
    );
  });

  it("says that an address is not this machine's", async () => {
    const server = createServer({ host: "192.0.2.1" });
    await expect(server.start()).rejects.toThrow(
      "test server cannot listen on 192.0.2.1:0: this machine does not have that address",
    );
  });

  it("refuses a message above the limit without failing the connection", async () => {
    const server = createServer({ maxMessageBytes: 4_096 });
    await server.start();
    const client = adminOf(server);
    await expect(applyOf(client, "x".repeat(5_000))).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    await expect(applyOf(client, "x".repeat(3_000))).resolves.toBeUndefined();
  });

  it("answers health checks as it is told", async () => {
    const server = createServer();
    await server.start();
    const client = healthOf(server);
    expect(await healthStatus(client)).toMatchObject({ status: "NOT_SERVING" });
    server.setServing(true);
    expect(await healthStatus(client)).toMatchObject({ status: "SERVING" });
    server.setServing(false);
    expect(await healthStatus(client)).toMatchObject({ status: "NOT_SERVING" });
    await expect(healthStatus(client, "unknown")).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});

describe("a stopping GrpcServer", () => {
  it("lets a call in progress finish", async () => {
    const gate = createGate();
    const entered = createGate();
    const service = adminService(async () => {
      entered.open();
      await gate.opened;
      return {};
    });
    const server = createServer({ services: [service] });
    await server.start();
    const call = applyOf(adminOf(server), "{}");
    await entered.opened;
    const stopped = server.stop();
    gate.open();
    await expect(call).resolves.toBeUndefined();
    await stopped;
  });

  it("ends with UNAVAILABLE what does not finish within the drain time", async () => {
    const warnings: string[] = [];
    const logger = {
      ...silentLogger,
      warn: (_: object, message: string) => warnings.push(message),
    };
    const clock = new FakeClock();
    const entered = createGate();
    const service = adminService(() => {
      entered.open();
      return new Promise(() => {});
    });
    const server = createServer({ services: [service], clock, logger });
    await server.start();
    const call = applyOf(adminOf(server), "{}");
    const failure = call.catch((error: ServiceError) => error.code);
    await entered.opened;
    const stopped = server.stop();
    await settle();
    clock.advance(4_999);
    await settle();
    expect(warnings).toEqual([]);
    clock.advance(1);
    await stopped;
    expect(warnings).toEqual(["calls did not finish in time"]);
    expect(await failure).toBe(status.UNAVAILABLE);
  });

  it("ends endless streams with UNAVAILABLE instead of waiting for them", async () => {
    const views = { current: () => undefined, onChange: () => () => {} };
    const clock = new FakeClock();
    const server = createServer({
      clock,
      services: [{ definition: Topology.service, handlers: createTopologyService(views) }],
    });
    await server.start();
    const client = new Topology(server.address, credentials.createInsecure());
    open.push(client);
    const stream = client.Watch({});
    const health = healthOf(server).watch({ service: "" });
    health.on("error", () => {});
    const first = new Promise((resolve) => health.on("data", resolve));
    expect(await first).toMatchObject({ status: "NOT_SERVING" });
    const ended = once(stream, "error");
    await server.stop();
    const [error] = (await ended) as [ServiceError];
    expect(error).toMatchObject({ code: status.UNAVAILABLE, details: "the server is stopping" });
    expect(clock.pendingTimers).toBe(0);
  });

  it("tells its services first, once", async () => {
    let told = 0;
    const service = { ...adminService(async () => ({})), onStopping: () => told++ };
    const server = createServer({ services: [service] });
    await server.start();
    await server.stop();
    await server.stop();
    expect(told).toBe(1);
    await expect(statusOf(adminOf(server))).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  it("may stop without having started", async () => {
    await expect(createServer().stop()).resolves.toBeUndefined();
  });
});

describe("garbage on the port of a GrpcServer", () => {
  const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const headersOfNonsense = Buffer.from([0, 0, 4, 1, 4, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]);
  const hugeFrame = Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]);

  it.each([
    ["random bytes", Buffer.from("\u0000\u0001garbage\r\n\r\n")],
    ["an HTTP/1.1 request", Buffer.from("GET / HTTP/1.1\r\nhost: x\r\n\r\n")],
    ["a TLS greeting", Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])],
    ["half a preface", preface.subarray(0, 10)],
    ["headers that do not decode", Buffer.concat([preface, settings, headersOfNonsense])],
    ["a frame beyond the limit", Buffer.concat([preface, settings, hugeFrame])],
  ])("that is %s harms nobody else", async (_name, bytes) => {
    const server = createServer();
    await server.start();
    const client = adminOf(server);
    await statusOf(client);
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    await once(socket, "connect");
    socket.write(bytes);
    await statusOf(client);
    socket.resetAndDestroy();
    await once(socket, "close");
    expect((await statusOf(client)).leading).toBe(true);
  });

  it("within a well-formed call fails that call only", async () => {
    const server = createServer();
    await server.start();
    const client = adminOf(server);
    const broken = new Promise((_resolve, reject) => {
      client.makeUnaryRequest(
        "/holdfast.v1.Admin/ApplyCaches",
        () => Buffer.from([0x0a, 0xff, 0xff, 0xff]),
        (bytes) => bytes,
        {},
        (error) => reject(error),
      );
    });
    await expect(broken).rejects.toMatchObject({ code: status.INTERNAL });
    expect((await statusOf(client)).leading).toBe(true);
  });
});
