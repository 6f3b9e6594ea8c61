import { createServer } from "node:net";

/**
 * A loopback port that is free now, for servers that cannot be told to take any. Another process
 * may take it before they do, so their start has to notice.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new Error("the probe listens on no port"));
      });
    });
  });
}
