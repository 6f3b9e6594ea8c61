/**
 * Loaded into a cache node before everything else: opens its pipes over bare sockets as well, and over bare streams
 * of node:http2, at the ports that the environment names. Everything but the transport is the node's own. It
 * learns of the node's pipes from the first that comes over gRPC.
 */
import { EventEmitter } from "node:events";
import { createServer as createHttp2Server } from "node:http2";
import { createServer } from "node:net";
import { Pipes } from "../../packages/node/dist/rpc/pipe.js";
import { readFrames, writeFrame } from "./bare-frames.mjs";

const { BENCH_TCP_PORT: tcpPort, BENCH_HTTP2_PORT: http2Port } = process.env;
/** As large as those of the client. */
const WINDOW_BYTES = 2 ** 20;

const { accept } = Pipes.prototype;
let pipes;
Pipes.prototype.accept = function (call) {
  pipes = this;
  return accept.call(this, call);
};

createServer((socket) => {
  socket.setNoDelay(true);
  take(socket);
}).listen(Number(tcpPort), "127.0.0.1");

const http2Server = createHttp2Server({ settings: { initialWindowSize: WINDOW_BYTES } });
http2Server.on("session", (session) => session.setLocalWindowSize(WINDOW_BYTES));
http2Server.on("stream", (stream) => {
  stream.respond({ ":status": 200 });
  take(stream);
});
http2Server.listen(Number(http2Port), "127.0.0.1");

function take(stream) {
  stream.on("error", () => {});
  accept.call(pipes, new BareCall(stream));
}

/** What a pipe uses of a call of gRPC. */
class BareCall extends EventEmitter {
  #stream;

  constructor(stream) {
    super();
    this.#stream = stream;
    readFrames(stream, (message) => this.emit("data", message));
    stream.on("drain", () => this.emit("drain"));
    stream.on("close", () => this.emit("cancelled"));
    this.on("error", () => stream.destroy());
  }

  write(message, sent) {
    return writeFrame(this.#stream, message, sent);
  }

  isPaused() {
    return this.#stream.isPaused();
  }

  pause() {
    this.#stream.pause();
  }

  resume() {
    this.#stream.resume();
  }

  end() {
    this.#stream.end();
  }
}
