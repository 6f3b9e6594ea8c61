/**
 * The coordinator as a process: settings from the file that HOLDFAST_CONFIG names and from the
 * environment. The only file of this package that reads the environment.
 */
import { systemClock, systemRandom } from "@holdfast/core";
import { createLogger, runProcess } from "@holdfast/process";
import { Coordinator } from "./coordinator.js";
import { loadCoordinatorOptions } from "./options.js";

const NAME = "holdfast-coordinator";

runProcess({
  name: NAME,
  async start({ signal }) {
    const options = loadCoordinatorOptions({
      file: process.env.HOLDFAST_CONFIG,
      env: process.env,
    });
    const logger = createLogger({ name: NAME, level: options.log.level });
    const environment = { clock: systemClock, random: systemRandom, logger };
    const coordinator = new Coordinator(options, environment);
    signal.addEventListener("abort", () => {
      // The start that it interrupts reports what happened.
      coordinator.stop().catch(() => {});
    });
    await coordinator.start();
    return coordinator;
  },
});
