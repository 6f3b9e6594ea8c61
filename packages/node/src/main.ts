/** The node's process: reads the environment, runs one CacheNode until it is told to stop. */
import { systemClock, systemRandom } from "@holdfast/core";
import { createLogger, loadConfig, runProcess } from "@holdfast/process";
import { CacheNode } from "./cache-node.js";
import { nodeOptions } from "./options.js";
import { applyV8Options } from "./v8-options.js";

applyV8Options();

runProcess({
  name: "holdfast-node",
  async start({ signal, parent }) {
    const options = loadConfig(nodeOptions, {
      file: process.env.HOLDFAST_CONFIG,
      env: process.env,
    });
    const logger = createLogger({ name: "holdfast-node", level: options.log.level }).child({
      nodeId: options.nodeId,
    });
    let fail: (reason: unknown) => void = () => {};
    let finish: (reason: string) => void = () => {};
    const node = await CacheNode.start(options, {
      clock: systemClock,
      random: systemRandom,
      logger,
      parent,
      signal,
      onFatal: (reason) => fail(reason),
      onDrained: () => finish("an operator had it drained"),
    });
    return {
      logger,
      readyInfo: node.readyInfo,
      onFatal: (callback) => {
        fail = callback;
      },
      onDone: (callback) => {
        finish = callback;
      },
      [Symbol.asyncDispose]: () => node.stop(),
    };
  },
});
