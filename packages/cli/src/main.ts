/** The process behind the `holdfast` command: hands its streams, signals and environment over. */
import { systemClock, systemRandom } from "@holdfast/core";
import { runProgram } from "./program.js";

/**
 * Runs one command line, without the program's own name, and sets the process' exit code.
 *
 * @param programName - How a person would call this program again.
 */
export async function main(args: readonly string[], programName = "holdfast"): Promise<void> {
  process.exitCode = await runProgram(args, {
    programName,
    stdout: process.stdout,
    stderr: process.stderr,
    signals: process,
    clock: systemClock,
    random: systemRandom,
    environment: process.env,
    exit: (code) => process.exit(code),
  });
}
