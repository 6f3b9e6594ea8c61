/** Has the client of this process open its pipes over a bare transport, to a node that has loaded bare-server.mjs. */
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { GrpcConnections } from "../../packages/client/dist/transport/connections.js";
import { CacheError } from "../../packages/core/dist/index.js";
import { readFrames, writeFrame } from "./bare-frames.mjs";

const WINDOW_BYTES = 2 ** 20;

export function overTcp({ tcpPort }) {
  openBy(() => {
    const socket = connect(tcpPort, "127.0.0.1");
    socket.setNoDelay(true);
    return socket;
  });
}

export function overHttp2({ http2Port }) {
  openBy(() => {
    const settings = { initialWindowSize: WINDOW_BYTES };
    const session = connectHttp2(`http://127.0.0.1:${http2Port}`, { settings });
    session.on("connect", () => session.setLocalWindowSize(WINDOW_BYTES));
    const stream = session.request({ ":method": "POST" }, { endStream: false });
    stream.on("close", () => session.destroy());
    return stream;
  });
}

function openBy(openStream) {
  const { openPipe } = GrpcConnections.prototype;
  GrpcConnections.prototype.openPipe = function (address, handlers) {
    // The node knows its pipes when one has come to it over gRPC.
    const first = openPipe.call(this, address, { message: () => begin(), ended: () => {} });
    let stream;
    let waiting = [];
    const begin = () => {
      first.close();
      stream = openStream();
      stream.on("error", () => {});
      stream.on("close", () => handlers.ended(new CacheError("UNAVAILABLE", "closed")));
      readFrames(stream, (message) => handlers.message(message));
      const early = waiting;
      waiting = undefined;
      for (const [batch, taken] of early) write(batch, taken);
    };
    const write = (batch, taken) => {
      if (waiting !== undefined) {
        if (waiting.length === 0) first.write(batch, () => {});
        waiting.push([batch, taken]);
      } else writeFrame(stream, batch, taken);
    };
    return { write, close: () => (stream === undefined ? first.close() : stream.destroy()) };
  };
}
