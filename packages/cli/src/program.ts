/**
 * The `holdfast` command: its subcommands, and how it fails. Whatever a person can do something
 * about is one clear line on standard error and exit code 1; a defect shows its stack.
 *
 * What servers are made of takes longer to load than most commands to run: it is imported where it is needed, by
 * `up`, `demo` and `caches apply`.
 */
import { CacheError } from "@holdfast/core";
import { ConfigError, DatabaseError } from "@holdfast/process/errors";
import { Command, CommanderError } from "commander";
import { CliError } from "./cli-error.js";
import { cachesCommand } from "./commands/caches.js";
import type { CliContext } from "./commands/context.js";
import { deadLettersCommand } from "./commands/dead-letters.js";
import { demoCommand } from "./commands/demo.js";
import { drainCommand } from "./commands/drain.js";
import { deleteCommand, getCommand, setCommand } from "./commands/entries.js";
import { explainCommand } from "./commands/explain.js";
import { flushCommand } from "./commands/flush.js";
import { statsCommand } from "./commands/stats.js";
import { statusCommand } from "./commands/status.js";
import { upCommand } from "./commands/up.js";
import { warmCommand } from "./commands/warm.js";

/** What the process gives; the exit code is what `runProgram` returns. */
export type ProgramContext = Omit<CliContext, "setExitCode">;

/** Runs one command line, without the program's own name. @returns the exit code. */
export async function runProgram(args: readonly string[], given: ProgramContext): Promise<number> {
  let exitCode = 0;
  const context: CliContext = {
    ...given,
    setExitCode: (code) => {
      exitCode = code;
    },
  };
  try {
    await createProgram(context).parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander has written its own line by then.
    if (error instanceof CommanderError) return error.exitCode;
    context.stderr.write(`holdfast: ${describeFailure(error)}\n`);
    return 1;
  }
}

function createProgram(context: CliContext): Command {
  const program = new Command("holdfast")
    .description("A distributed cache cluster in front of PostgreSQL.")
    .version("0.1.0");
  const commands = [
    upCommand(context),
    demoCommand(context),
    statusCommand(context),
    getCommand(context),
    setCommand(context),
    deleteCommand(context),
    explainCommand(context),
    statsCommand(context),
    cachesCommand(context),
    warmCommand(context),
    drainCommand(context),
    deadLettersCommand(context),
    flushCommand(context),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands, ...commands.flatMap((one) => one.commands)]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    });
  }
  return program;
}

function describeFailure(error: unknown): string {
  if (error instanceof CacheError && error.code !== "INTERNAL") {
    return `${error.code}: ${error.message}`;
  }
  if (error instanceof ConfigError || error instanceof CliError || error instanceof DatabaseError) {
    return error.message;
  }
  if (!(error instanceof Error)) return String(error);
  return error.stack ?? error.message;
}
