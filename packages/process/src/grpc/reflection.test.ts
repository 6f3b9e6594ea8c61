import { createRequire } from "node:module";
import { credentials, loadPackageDefinition, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { silentLogger, systemClock } from "@holdfast/core";
import type { Admin } from "@holdfast/proto";
import { afterEach, describe, expect, it } from "vitest";
import { GrpcServer } from "./grpc-server.js";

const open: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function createServer({ reflection }: { readonly reflection: boolean }): GrpcServer {
  const server = new GrpcServer({
    name: "test server",
    host: "127.0.0.1",
    port: 0,
    logger: silentLogger,
    clock: systemClock,
    services: [],
    reflection,
    maxMessageBytes: 1_048_576,
  });
  open.push({ close: () => server.stop() });
  return server;
}

describe("reflection", () => {
  const require = createRequire(createRequire(import.meta.url).resolve("@grpc/reflection"));
  const proto = require.resolve("../proto/grpc/reflection/v1/reflection.proto");

  async function ask(server: GrpcServer, request: object): Promise<Record<string, unknown>> {
    const loaded = loadPackageDefinition(loadSync(proto, { oneofs: true })) as unknown as {
      grpc: { reflection: { v1: { ServerReflection: typeof Admin } } };
    };
    const { ServerReflection } = loaded.grpc.reflection.v1;
    const client = new ServerReflection(server.address, credentials.createInsecure());
    open.push(client);
    // The generated types know nothing of this service.
    const { serverReflectionInfo } = client as unknown as {
      serverReflectionInfo(): NodeJS.ReadWriteStream;
    };
    const stream = serverReflectionInfo.call(client);
    const answer = new Promise<Record<string, unknown>>((resolve, reject) => {
      stream.on("data", resolve);
      stream.on("error", reject);
    });
    (stream as unknown as { write(message: object): void }).write(request);
    return answer.finally(() => stream.end());
  }

  it("lists the services and describes them", async () => {
    const server = createServer({ reflection: true });
    await server.start();
    const list = await ask(server, { listServices: "" });
    const { service } = list.listServicesResponse as { service: { name: string }[] };
    expect(service.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["holdfast.v1.Cache", "holdfast.v1.Topology", "holdfast.v1.Admin"]),
    );
    const file = await ask(server, { fileContainingSymbol: "holdfast.v1.Cache" });
    expect(file).toHaveProperty("fileDescriptorResponse");
  });

  it("is absent unless asked for", async () => {
    const server = createServer({ reflection: false });
    await server.start();
    await expect(ask(server, { listServices: "" })).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  });
});
