import { once } from "node:events";
import { connect } from "node:http2";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { WINDOW_BYTES, widenWindows } from "./windows.js";

it("Callers may have 512 KiB under way, on a stream and on a connection", async () => {
  const server = new Server();
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  widenWindows(server);
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    await once(session, "connect");
    await expect.poll(() => session.remoteSettings?.initialWindowSize).toBe(WINDOW_BYTES);
    await expect.poll(() => session.state.remoteWindowSize).toBe(WINDOW_BYTES);
  } finally {
    session.destroy();
    server.forceShutdown();
  }
});
