/**
 * The coordinator as a process: settings from the file that HOLDFAST_CONFIG names and from the
 * environment. The only file of this package that reads the environment.
 */
import { createLogger, runProcess } from "@holdfast/process";
import { Coordinator } from "./coordinator.js";
import { loadCoordinatorOptions } from "./options.js";

runProcess({
  name: "coordinator",
  async start({ signal }) {
    const options = loadCoordinatorOptions({
      file: process.env.HOLDFAST_CONFIG,
      env: process.env,
      // Variables that a launcher sets for all processes.
      ignoredEnv: ["HOLDFAST_LOG_DESTINATION"],
    });
    const destination = process.env.HOLDFAST_LOG_DESTINATION === "stderr" ? "stderr" : "stdout";
    const logger = createLogger({ name: "coordinator", level: options.log.level, destination });
    const coordinator = new Coordinator(options, logger);
    signal.addEventListener("abort", () => {
      // The start that it interrupts reports what happened.
      coordinator.stop().catch(() => {});
    });
    await coordinator.start();
    return coordinator;
  },
});
