/**
 * The connection of a pipe: one gRPC stream, alone on an HTTP/2 connection of node:http2. On the wire it is what grpc-js
 * would make of it. But grpc-js is made for many calls through balancers, retries and interceptors; what those do for a
 * message costs more than what is in it, and a pipe needs none of them.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";
import { connect as connectTcp } from "node:net";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { CacheError, type CancelTimer, type Clock } from "@holdfast/core";
import { Cache, fromServiceError, MessageReader, writeMessage } from "@holdfast/proto";
import type { BatchStream, StreamHandlers } from "./wire.js";

export interface PipeConnectionOptions {
  /** Of a message that is received. */
  readonly maxBytes: number;
  /** What may have been received before it is read. */
  readonly windowBytes: number;
  readonly pingEveryMs: number;
  readonly pingTimeoutMs: number;
  /** How long a node may take to end the stream when it ends the connection, which leaves pings unanswered. */
  readonly farewellMs: number;
  readonly clock: Clock;
}

const HEADERS = {
  ":method": "POST",
  ":path": Cache.service.Pipe.path,
  "content-type": "application/grpc",
  te: "trailers",
};

/** node:http2 wants a URL. Where the connection goes is told apart from it, and so is the node's name. */
const ANY_URL = "http://node";

const HTTP_OK = 200;

/** The status of a call that ended well. */
const GRPC_OK = String(status.OK);

export class PipeConnection implements BatchStream {
  readonly #options: PipeConnectionOptions;
  readonly #handlers: StreamHandlers<Buffer>;
  readonly #session: ClientHttp2Session;
  readonly #stream: ClientHttp2Stream;
  /** How the call ended, as far as the node has said so. */
  #status: ServiceError | "ok" | undefined;
  #isOver = false;
  #cancelPing: CancelTimer = () => {};

  /** @param address - `host:port`. */
  constructor(address: string, handlers: StreamHandlers<Buffer>, options: PipeConnectionOptions) {
    this.#options = options;
    this.#handlers = handlers;
    const { windowBytes, maxBytes } = options;
    const session = connect(ANY_URL, {
      createConnection: () => connectTcp(placeOf(address)),
      settings: { initialWindowSize: windowBytes, enablePush: false },
      // What is in memory is bounded by those who write and by the window.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    const stream = session.request({ ...HEADERS, ":authority": address }, { endStream: false });
    const reader = new MessageReader(maxBytes);
    session.on("connect", () => this.#onConnect());
    session.on("error", (error) => this.#end(broken(error)));
    session.on("close", () => this.#finish());
    stream.on("response", (headers, flags) => this.#onResponse(headers, flags));
    stream.on("trailers", (headers) => this.#onStatus(headers));
    stream.on("data", (piece: Buffer) => this.#read(reader, piece));
    stream.on("error", (error) => this.#end(broken(error)));
    stream.on("end", () => this.#finish());
    stream.on("close", () => this.#finish());
    this.#session = session;
    this.#stream = stream;
  }

  write(batch: Buffer, taken: () => void): void {
    writeMessage(this.#stream, batch, (error) => {
      // A failed write is told by the stream's own end; it must not send anything further.
      if (!error) taken();
    });
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelPing();
    this.#session.destroy();
  }

  #onConnect(): void {
    if (this.#isOver) return;
    this.#session.setLocalWindowSize(this.#options.windowBytes);
    this.#pingLater();
  }

  #pingLater(): void {
    const { clock, pingEveryMs } = this.#options;
    if (!this.#isOver) this.#cancelPing = clock.after(pingEveryMs, () => this.#ping());
  }

  #ping(): void {
    const { pingTimeoutMs, farewellMs } = this.#options;
    this.#endAfter(pingTimeoutMs, "the connection was lost: no answer to a ping");
    this.#session.ping((error) => {
      this.#cancelPing();
      if (error === null) this.#pingLater();
      else this.#endAfter(farewellMs, "the node has not ended what it was about to end");
    });
  }

  #endAfter(ms: number, why: string): void {
    if (this.#isOver) return;
    const { clock } = this.#options;
    this.#cancelPing = clock.after(ms, () => this.#end(new CacheError("UNAVAILABLE", why)));
  }

  #read(reader: MessageReader, piece: Buffer): void {
    for (const message of reader.read(piece)) if (!this.#isOver) this.#handlers.message(message);
    const { problem } = reader;
    if (problem === undefined) return;
    const why = `what the node sent cannot be read: ${problem.message}`;
    this.#end(new CacheError("INTERNAL", why, { cause: problem }));
  }

  #onResponse(headers: IncomingHttpHeaders, flags: number): void {
    const { ":status": code } = headers;
    // A status in place of an answer ends the stream; any other is not the call's.
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) this.#onStatus(headers);
    else if (Number(code) !== HTTP_OK) {
      this.#end(new CacheError("UNAVAILABLE", `no node answered, but HTTP status ${code}`));
    }
  }

  #onStatus(headers: IncomingHttpHeaders): void {
    const code = headers["grpc-status"];
    if (code === GRPC_OK) this.#status = "ok";
    if (code === undefined || code === GRPC_OK) return;
    const details = decoded(String(headers["grpc-message"] ?? ""));
    const metadata = Metadata.fromHttp2Headers(headers);
    this.#status = Object.assign(new Error(details), { code: Number(code), details, metadata });
  }

  /** Nothing more comes. */
  #finish(): void {
    if (this.#status === "ok") this.#end(undefined);
    else if (this.#status !== undefined) this.#end(fromServiceError(this.#status));
    else this.#end(new CacheError("UNAVAILABLE", "the connection was closed"));
  }

  #end(error: CacheError | undefined): void {
    if (this.#isOver) return;
    this.close();
    this.#handlers.ended(error);
  }
}

/** @param address - `host:port`, an IPv6 host in brackets. */
function placeOf(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[|\]$/g, "");
  return { host, port: Number(address.slice(at + 1)) };
}

function broken(error: NodeJS.ErrnoException): CacheError {
  // Streams that end with their connection say only that, and have its failure as their cause.
  const cause = error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException) : error;
  // Of several failures at once the message is empty.
  const what = cause.message || cause.code;
  return new CacheError("UNAVAILABLE", `the connection failed: ${what}`, { cause });
}

/** The text of a status travels percent-encoded. */
function decoded(text: string): string {
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}
