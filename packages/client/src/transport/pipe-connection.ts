/**
 * The connection of a pipe: one gRPC stream, alone on an HTTP/2 connection of node:http2. On the wire it is what grpc-js
 * would make of it. But grpc-js is made for many calls through balancers, retries and interceptors; what those do for a
 * message costs more than what is in it, and a pipe needs none of them.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
} from "node:http2";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { CacheError, type CancelTimer, type Clock } from "@holdfast/core";
import { Cache, fromServiceError, MessageReader, writeMessage } from "@holdfast/proto";
import type { BatchStream, StreamHandlers } from "./wire.js";

export interface PipeConnectionOptions {
  /** Of a message that is received. */
  readonly maxBytes: number;
  /** What may have been received before it is read. */
  readonly windowBytes: number;
  /** A paused process still acknowledges packets; only an unanswered ping finds it out. */
  readonly pingEveryMs: number;
  readonly pingTimeoutMs: number;
  readonly clock: Clock;
}

const HEADERS = {
  ":method": "POST",
  ":path": Cache.service.Pipe.path,
  "content-type": "application/grpc",
  te: "trailers",
};

const HTTP_OK = 200;

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
    const session = connect(`http://${address}`, {
      settings: { initialWindowSize: windowBytes, enablePush: false },
      // What is in memory is bounded by those who write and by the window.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    const stream = session.request(HEADERS, { endStream: false });
    const reader = new MessageReader(maxBytes, (message) => {
      if (!this.#isOver) handlers.message(message);
    });
    session.on("connect", () => this.#onConnect());
    session.on("error", (error) => this.#end(broken(error)));
    session.on("close", () => this.#finish());
    stream.on("response", (headers) => this.#onResponse(headers));
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
    this.#session.setLocalWindowSize(this.#options.windowBytes);
    this.#pingLater();
  }

  #pingLater(): void {
    const { clock, pingEveryMs } = this.#options;
    if (!this.#isOver) this.#cancelPing = clock.after(pingEveryMs, () => this.#ping());
  }

  #ping(): void {
    const { clock, pingTimeoutMs } = this.#options;
    const silent = new CacheError("UNAVAILABLE", "the connection was lost: no answer to a ping");
    this.#cancelPing = clock.after(pingTimeoutMs, () => this.#end(silent));
    this.#session.ping((error) => {
      this.#cancelPing();
      // The end of the connection, which is told by itself.
      if (error === null) this.#pingLater();
    });
  }

  #read(reader: MessageReader, piece: Buffer): void {
    if (this.#isOver) return;
    try {
      reader.read(piece);
    } catch (error) {
      this.#end(new CacheError("INTERNAL", `what the node sent is no message: ${error}`));
    }
  }

  #onResponse(headers: IncomingHttpHeaders): void {
    const { ":status": code } = headers;
    if (headers["grpc-status"] !== undefined) this.#onStatus(headers);
    else if (Number(code) !== HTTP_OK) {
      this.#end(new CacheError("UNAVAILABLE", `no node answered, but HTTP status ${code}`));
    }
  }

  #onStatus(headers: IncomingHttpHeaders): void {
    const code = Number(headers["grpc-status"] ?? status.UNKNOWN);
    if (code === status.OK) {
      this.#status = "ok";
      return;
    }
    const details = decoded(String(headers["grpc-message"] ?? ""));
    const metadata = Metadata.fromHttp2Headers(headers);
    this.#status = Object.assign(new Error(details), { code, details, metadata });
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

function broken(cause: Error): CacheError {
  return new CacheError("UNAVAILABLE", `the connection failed: ${cause.message}`, { cause });
}

/** The text of a status travels percent-encoded. */
function decoded(text: string): string {
  try {
    return decodeURI(text);
  } catch {
    return text;
  }
}
