/**
 * How much callers may have sent to a server before it has read it. HTTP/2 begins with 64 KiB for a connection, which is
 * less than a batch with large values: the rest waits for one acknowledgement after the other. grpc-js has an option for
 * what its clients receive, and none for its servers.
 */
import type { ServerHttp2Session } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import { http2ServersOf } from "./http2-servers.js";

/** A connection may make a server buffer as much. */
export const WINDOW_BYTES: number = 512 * 1024;

/** Widens the windows of all connections to come. To be called once the server listens. */
export function widenWindows(server: Server): void {
  for (const http2Server of http2ServersOf(server)) http2Server.on("session", widen);
}

function widen(session: ServerHttp2Session): void {
  session.settings({ initialWindowSize: WINDOW_BYTES });
  session.setLocalWindowSize(WINDOW_BYTES);
}
