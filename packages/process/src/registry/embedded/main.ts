/**
 * The embedded registry as a process of the local cluster. `HOLDFAST_REGISTRY_PORT` names the port,
 * 0 or nothing any free one. The launcher learns the endpoint over the parent link; the log goes
 * to standard error.
 */
import { systemClock } from "@holdfast/core";
import { createLogger } from "../../ops/logging.js";
import { runProcess } from "../../ops/run-process.js";
import { startEmbeddedRegistry } from "./server.js";

const NAME = "holdfast-registry";

runProcess({
  name: NAME,
  async start() {
    const port = parsePort(process.env.HOLDFAST_REGISTRY_PORT ?? "0");
    const logger = createLogger({ name: NAME, level: "info", destination: "stderr" });
    const registry = await startEmbeddedRegistry({ port, clock: systemClock, logger });
    return {
      readyInfo: { address: registry.address, endpoint: registry.endpoint },
      logger,
      [Symbol.asyncDispose]: () => registry.stop(),
    };
  },
});

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Error(`HOLDFAST_REGISTRY_PORT: ${text} is not a port number (0 to 65535)`);
}
