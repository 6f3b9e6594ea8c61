import { type ClientDuplexStream, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { type Clock, silentLogger, systemClock } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { Cache, fromServiceError } from "@holdfast/proto";
import { afterEach, describe, expect, it } from "vitest";
import type { MessageStream } from "./direct-streams.js";
import { GrpcServer } from "./grpc-server.js";
import { unary } from "./unary.js";

const open: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

/** Calls the method `Pipe` of a server as any caller of gRPC would. */
async function call(accept: (stream: MessageStream) => void, clock: Clock = systemClock) {
  const streams: MessageStream[] = [];
  const refuse = unary(silentLogger, async () => ({}));
  const methods = Object.keys(Cache.service).map((name) => [name, refuse]);
  const handlers = {
    ...Object.fromEntries(methods),
    Pipe: (stream: MessageStream) => {
      streams.push(stream);
      accept(stream);
    },
  };
  const server = new GrpcServer({
    name: "test server",
    host: "127.0.0.1",
    port: 0,
    logger: silentLogger,
    clock,
    services: [{ definition: Cache.service, handlers, direct: ["Pipe"] }],
    reflection: false,
    maxMessageBytes: 1_000_000,
  });
  await server.start();
  const client = new Cache(server.address, credentials.createInsecure());
  open.push({ close: () => server.stop() }, { close: () => client.close() });
  // The messages of pipes are bytes, whatever the generated types say.
  const stream = client.Pipe() as unknown as ClientDuplexStream<Buffer, Buffer>;
  open.push({ close: () => stream.cancel() });
  const messages: string[] = [];
  stream.on("data", (message: Buffer) => messages.push(String(message)));
  const ended = new Promise<ServiceError | undefined>((resolve) => {
    stream.on("error", resolve);
    stream.on("end", () => resolve(undefined));
  });
  return { server, client, stream, streams, messages, ended };
}

function echo(stream: MessageStream): void {
  stream.on("data", (message) => stream.write(message));
  stream.on("end", () => stream.end());
}

describe("A stream that is served directly", () => {
  it("is none of grpc-js's calls", async () => {
    const { stream, streams, ended } = await call(echo);
    stream.end();
    await ended;
    expect(streams).toHaveLength(1);
    expect(streams[0]).not.toHaveProperty("metadata");
  });

  it("carries messages both ways and ends in good order", async () => {
    const { stream, messages, ended } = await call(echo);
    const long = "x".repeat(300_000);
    for (const message of ["one", "", long]) stream.write(Buffer.from(message));
    stream.end();
    expect(await ended).toBeUndefined();
    expect(messages).toEqual(["one", "", long]);
  });

  it("ends with the status that it is given, behind what was written", async () => {
    const { messages, ended } = await call((stream) => {
      stream.write(Buffer.from("so far"));
      stream.emit("error", { code: status.NOT_FOUND, details: "nicht da: ü 100 %" });
    });
    expect(await ended).toMatchObject({ code: status.NOT_FOUND, details: "nicht da: ü 100 %" });
    expect(messages).toEqual(["so far"]);
  });

  it("tells as much of a long reason as fits", async () => {
    // Of what is cut in two, the rest is no character.
    const details = `x${"\u{1f600}".repeat(100_000)}`;
    const { ended } = await call((stream) => {
      stream.emit("error", { code: status.NOT_FOUND, details });
    });
    const error = await ended;
    expect(error).toMatchObject({ code: status.NOT_FOUND });
    expect(error?.details.slice(0, 1_999)).toBe(details.slice(0, 1_999));
  });

  it("refuses messages that are too large, and takes nothing after them", async () => {
    const received: number[] = [];
    const { stream, ended } = await call((taken) => {
      taken.on("data", ({ length }) => received.push(length));
    });
    for (const bytes of [1_000_000, 1_000_001, 3]) stream.write(Buffer.alloc(bytes));
    const error = fromServiceError((await ended) as ServiceError);
    expect(error).toMatchObject({
      code: "VALUE_TOO_LARGE",
      message: "a message has 1000001 bytes; at most 1000000 are taken",
    });
    expect(received).toEqual([1_000_000]);
  });

  it("is cut off when its caller does not read, and can be told nothing", async () => {
    const { stream, ended } = await call((accepted) => {
      let hasRoom = true;
      while (hasRoom) hasRoom = accepted.write(Buffer.alloc(500_000));
      accepted.emit("error", { code: status.RESOURCE_EXHAUSTED, details: "read" });
    });
    stream.pause();
    expect(await ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });

  it("keeps its hands off what was on its way when it was cut off", async () => {
    let calledBack = 0;
    let isOver = false;
    const { stream, ended } = await call((accepted) => {
      accepted.on("cancelled", () => {
        isOver = true;
      });
      let written = 0;
      const sent = () => {
        calledBack += 1;
      };
      while (accepted.write(Buffer.alloc(500_000), sent) || written < 4) written += 1;
      accepted.emit("error", { code: status.RESOURCE_EXHAUSTED, details: "read" });
    });
    stream.pause();
    await ended;
    await expect.poll(() => isOver).toBe(true);
    expect(calledBack).toBe(0);
  });

  it("tells that its caller has gone", async () => {
    let isOver = false;
    const { stream, streams, ended } = await call((accepted) => {
      accepted.on("cancelled", () => {
        isOver = true;
      });
    });
    await expect.poll(() => streams.length).toBe(1);
    stream.cancel();
    await ended;
    await expect.poll(() => isOver).toBe(true);
  });

  it("ends as unavailable when the server has waited long enough for it", async () => {
    const clock = new FakeClock();
    const { server, streams, ended } = await call(() => {}, clock);
    await expect.poll(() => streams.length).toBe(1);
    const stopped = server.stop();
    await clock.advanceAsync(5_000);
    expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
    await clock.advanceAsync(1_000);
    await stopped;
  });

  it("leaves other methods as they are", async () => {
    const { client } = await call(echo);
    const answered = new Promise((resolve) => {
      client.Stats({}, (error, response) => resolve(error ?? response));
    });
    expect(await answered).toMatchObject({ nodeId: "" });
  });
});
