/**
 * Streams of messages that a server takes from HTTP/2 itself, past grpc-js, of which they use the port, the connections
 * and the form on the wire: for methods where it matters what a message costs. Callers see no difference, but that their
 * deadlines are theirs to keep, and that compressed messages are refused. Where grpc-js lets nobody at its streams any
 * more, it serves these methods like all others (http2-servers.ts).
 */
import { EventEmitter } from "node:events";
import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { type Server, type StatusObject, status } from "@grpc/grpc-js";
import { MessageReader, toStatusObject, writeMessage } from "@holdfast/proto";
import { http2ServersOf } from "./http2-servers.js";

/** HTTP/2 takes 64 KiB of headers at most, of which a character may take nine bytes. */
const MAX_DETAILS = 2_000;

type Failure = Pick<StatusObject, "code" | "details"> & Partial<Pick<StatusObject, "metadata">>;

/** What is to be had of a stream in both directions, whether grpc-js serves it or not. */
export interface MessageStream {
  on(event: "data", listener: (message: Buffer) => void): unknown;
  /** `end`: the caller has said all. `cancelled`: the stream is over, whoever ended it. */
  on(event: "end" | "cancelled" | "error", listener: () => void): unknown;
  once(event: "drain", listener: () => void): unknown;
  /** Ends it with a status. */
  emit(event: "error", failure: Failure): boolean;
  /**
   * Returns whether there is room for more; otherwise `drain` tells. `sent` is called when nothing needs the message's
   * memory any more, and not at all if the stream ends before.
   */
  write(message: Buffer, sent?: () => void): boolean;
  pause(): unknown;
  resume(): unknown;
  /** Ends it in good order. */
  end(): unknown;
}

/** From the path of a method to what takes its streams. */
export type DirectStreams = ReadonlyMap<string, (stream: MessageStream) => void>;

/** To be called once the server listens. @param maxBytes - of a message that is received. */
export function serveDirectly(server: Server, streams: DirectStreams, maxBytes: number): void {
  for (const http2Server of http2ServersOf(server)) {
    const others = http2Server.listeners("stream");
    http2Server.removeAllListeners("stream");
    http2Server.on("stream", (stream, headers, ...more) => {
      const accept = isGrpc(headers) ? streams.get(headers[":path"] ?? "") : undefined;
      // Its caller has gone already.
      if (stream.destroyed || stream.closed) return;
      if (accept !== undefined) accept(new Http2MessageStream(stream, maxBytes));
      else for (const other of others) other.call(http2Server, stream, headers, ...more);
    });
  }
}

function isGrpc({ ":method": method, "content-type": type }: IncomingHttpHeaders): boolean {
  return method === "POST" && type?.startsWith("application/grpc") === true;
}

class Http2MessageStream extends EventEmitter implements MessageStream {
  readonly #stream: ServerHttp2Stream;
  #end: Failure = { code: status.OK, details: "" };

  constructor(stream: ServerHttp2Stream, maxBytes: number) {
    super();
    this.#stream = stream;
    const reader = new MessageReader(maxBytes);
    // What went wrong is told by the end that follows it.
    stream.on("error", () => {});
    stream.on("data", (piece: Buffer) => this.#read(reader, piece));
    stream.on("end", () => this.emit("end"));
    stream.on("drain", () => this.emit("drain"));
    stream.on("close", () => this.emit("cancelled"));
    stream.on("wantTrailers", () => stream.sendTrailers(trailersOf(this.#end)));
    this.on("error", (failure: Failure) => this.#fail(failure));
    stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
  }

  write(message: Buffer, sent?: () => void): boolean {
    const stream = this.#stream;
    return writeMessage(stream, message, (error) => {
      // What is called back by the end of a stream may be on its way still.
      if (!error && !stream.destroyed) sent?.();
    });
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  end(): void {
    this.#stream.end();
    // What is not read would keep it open.
    this.#stream.resume();
    this.emit("finish");
  }

  #read(reader: MessageReader, piece: Buffer): void {
    for (const message of reader.read(piece)) this.emit("data", message);
    const { problem } = reader;
    if (problem !== undefined) this.emit("error", toStatusObject(problem));
  }

  #fail(failure: Failure): void {
    const stream = this.#stream;
    // Behind what the caller does not read no status would ever reach it.
    if (failure.code === status.RESOURCE_EXHAUSTED) {
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      stream.resume();
    } else if (!stream.writableEnded) {
      this.#end = failure;
      this.end();
    }
  }
}

function trailersOf({ code, details, metadata }: Failure): OutgoingHttpHeaders {
  // As UTF-8 and back: half a character, as cutting may leave one, cannot be encoded.
  const reason = String(Buffer.from(details.slice(0, MAX_DETAILS)));
  return {
    ...metadata?.toHttp2Headers(),
    "grpc-status": String(code),
    "grpc-message": encodeURI(reason),
  };
}
