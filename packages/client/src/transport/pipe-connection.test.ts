import { constants, createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer, type Server } from "node:net";
import { credentials } from "@grpc/grpc-js";
import { type CacheError, type Clock, systemClock } from "@holdfast/core";
import { FakeClock, settle } from "@holdfast/core/testing";
import { writeMessage } from "@holdfast/proto";
import { afterEach, describe, expect, it } from "vitest";
import { startConnected } from "../testing/fake-client.js";
import { PipeConnection } from "./pipe-connection.js";

const open: { close(): void }[] = [];

afterEach(() => {
  for (const thing of open.splice(0).reverse()) thing.close();
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(server);
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server of HTTP/2 that does with the stream of a pipe as told. */
function http2Server(accept: (stream: ServerHttp2Stream) => void): Promise<string> {
  const server = createHttp2Server();
  server.on("stream", (stream) => {
    stream.on("error", () => {});
    accept(stream);
  });
  return listening(server);
}

/** @param clock - whose time pings are sent by. */
function connectTo(address: string, clock: Clock = new FakeClock(), pingEveryMs = 5_000) {
  const messages: string[] = [];
  const ends: (CacheError | undefined)[] = [];
  const connection = new PipeConnection(
    address,
    { message: (message) => messages.push(String(message)), ended: (error) => ends.push(error) },
    {
      maxBytes: 1_000,
      windowBytes: 65_536,
      pingEveryMs,
      pingTimeoutMs: 3_000,
      farewellMs: 10_000,
      clock,
    },
  );
  open.push(connection);
  const ended = async () => {
    await expect.poll(() => ends.length).toBe(1);
    return ends[0];
  };
  return { connection, messages, ends, ended };
}

/** Answers with these trailers behind these messages. */
function answering(messages: readonly string[], trailers: Record<string, string>) {
  return (stream: ServerHttp2Stream) => {
    stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers));
    for (const message of messages) writeMessage(stream, Buffer.from(message));
    stream.end();
  };
}

describe("The connection of a pipe", () => {
  it("ends without an error when the node says so", async () => {
    const { messages, ended } = connectTo(
      await http2Server(answering(["one", "two"], { "grpc-status": "0" })),
    );
    expect(await ended()).toBeUndefined();
    expect(messages).toEqual(["one", "two"]);
  });

  it("ends with the status that the node gives, and its code where it has one of ours", async () => {
    const trailers = { "grpc-status": "3", "grpc-message": "nicht%20so%20%C3%BC" };
    const plain = connectTo(await http2Server(answering([], trailers)));
    expect(await plain.ended()).toMatchObject({ code: "INTERNAL", message: "nicht so ü" });
    const typed = { ...trailers, "holdfast-code": "VALUE_TOO_LARGE" };
    const ours = connectTo(await http2Server(answering([], typed)));
    expect(await ours.ended()).toMatchObject({ code: "VALUE_TOO_LARGE" });
  });

  it("ends with a status that comes in place of an answer", async () => {
    const address = await http2Server((stream) => {
      const headers = { "content-type": "application/grpc", "grpc-status": "14" };
      stream.respond({ ...headers, "grpc-message": "later" }, { endStream: true });
    });
    expect(await connectTo(address).ended()).toMatchObject({
      code: "UNAVAILABLE",
      message: "later",
    });
  });

  it("takes nothing but the node's word for a good end", async () => {
    const silent = await http2Server((stream) => {
      stream.respond({ "content-type": "application/grpc" });
      stream.end();
    });
    const early = await http2Server((stream) => {
      stream.respond({ "content-type": "application/grpc", "grpc-status": "0" });
      stream.close(constants.NGHTTP2_NO_ERROR);
    });
    const empty = await http2Server(answering([], { "grpc-status": "" }));
    for (const address of [silent, early, empty]) {
      expect(await connectTo(address).ended()).toBeDefined();
    }
  });

  it("is unavailable where something else than a node answers", async () => {
    const page = await http2Server((stream) => {
      stream.respond({ ":status": 502 });
      stream.end("bad gateway");
    });
    expect(await connectTo(page).ended()).toMatchObject({
      code: "UNAVAILABLE",
      message: "no node answered, but HTTP status 502",
    });
    const other = await listening(createServer((socket) => socket.end("220 mail\r\n")));
    expect(await connectTo(other).ended()).toMatchObject({ code: "UNAVAILABLE" });
  });

  it("is unavailable where nobody listens, and when the node is gone", async () => {
    const server = createServer();
    const nobody = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(await connectTo(nobody).ended()).toMatchObject({
      code: "UNAVAILABLE",
      message: `the connection failed: connect ECONNREFUSED ${nobody}`,
    });
    const gone = await http2Server((stream) => stream.session?.destroy());
    expect(await connectTo(gone).ended()).toMatchObject({ code: "UNAVAILABLE" });
  });

  it("ends when what comes is no message, or too large", async () => {
    const address = await http2Server(answering(["x".repeat(1_001)], { "grpc-status": "0" }));
    expect(await connectTo(address).ended()).toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("1001 bytes"),
    });
  });

  it("ends when a ping is not answered in time", async () => {
    const address = await listening(
      createServer((socket) => {
        socket.on("error", () => {});
        open.push({ close: () => socket.destroy() });
        // It takes in all that comes, and says nothing.
        socket.resume();
      }),
    );
    const clock = new FakeClock();
    const { ends, ended } = connectTo(address, clock);
    await expect.poll(() => clock.pendingTimers).toBe(1);
    await clock.advanceAsync(7_999);
    expect(ends).toEqual([]);
    await clock.advanceAsync(1);
    expect(await ended()).toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("no answer to a ping"),
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it("goes on when pings are answered", async () => {
    let pings = 0;
    const server = createHttp2Server();
    server.on("session", (session) => session.on("ping", () => pings++));
    const { ends } = connectTo(await listening(server), systemClock, 1);
    await expect.poll(() => pings).toBeGreaterThan(3);
    expect(ends).toEqual([]);
  });

  it("waits no longer than a farewell takes when the node ends the connection", async () => {
    const clock = new FakeClock();
    const address = await http2Server((stream) => {
      stream.respond({ "content-type": "application/grpc" });
      stream.session?.goaway();
      writeMessage(stream, Buffer.from("behind it"));
    });
    const { ends, ended, messages } = connectTo(address, clock);
    await expect.poll(() => messages).toEqual(["behind it"]);
    clock.advance(5_000);
    await settle();
    await clock.advanceAsync(9_999);
    expect(ends).toEqual([]);
    await clock.advanceAsync(1);
    expect(await ended()).toMatchObject({ message: expect.stringContaining("has not ended") });
  });

  it("leaves no timer, and tells nothing, when it is closed", async () => {
    const clock = new FakeClock();
    const { connection, ends } = connectTo(await listening(createHttp2Server()), clock);
    await expect.poll(() => clock.pendingTimers).toBe(1);
    connection.close();
    expect(clock.pendingTimers).toBe(0);
    await settle();
    expect(ends).toEqual([]);
  });
});

describe("A client with credentials of its own", () => {
  it("writes and reads as any other", async () => {
    const channelCredentials = credentials.createInsecure();
    await using test = await startConnected({ nodes: 2 }, { channelCredentials });
    const keys = test.fake.nodes.map((node) => test.fake.keyOf(node));
    for (const key of keys) await test.cache.set(key, "v");
    expect(await test.cache.getMany(keys)).toEqual(new Map(keys.map((key) => [key, "v"])));
  });
});
