/**
 * The HTTP/2 servers below a server of grpc-js. They are in a private field of it: should that go, there are none, so
 * whoever uses them must do without; the tests of those who do tell.
 */
import type { Http2Server } from "node:http2";
import type { Server } from "@grpc/grpc-js";

interface Listening {
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>;
}

/** To be asked for once the server listens. */
export function http2ServersOf(server: Server): Iterable<Http2Server> {
  return (server as unknown as Listening).http2Servers?.keys() ?? [];
}
