/**
 * What every command gets from the process it runs in, and the options that all of them share.
 * Commands neither read `process` nor write to the console.
 */
import type { Clock, Random } from "@holdfast/core";
import { Command, InvalidArgumentError, Option } from "commander";
import { CliError } from "../cli-error.js";
import { readView, type View } from "../rpc/topology.js";
import type { CallTarget } from "../rpc/unary.js";
import type { SignalSource } from "../terminal/interrupts.js";
import { Reporter, type TextStream } from "../terminal/reporter.js";

export interface CliContext {
  /** How this program is called, for examples in messages. */
  readonly programName: string;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly signals: SignalSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
  /** The exit code that a command which did not throw asks for. */
  setExitCode(code: number): void;
}

/** Options of the commands that talk to a cluster. */
export interface ClusterOptions {
  readonly seed: readonly string[];
  readonly json: boolean;
}

const DEFAULT_SEED = "localhost:7400";
export const CALL_TIMEOUT_MS = 5_000;

/** A command that talks to a running cluster. */
export function clusterCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addOption(
      new Option("--seed <host:port>", "a node or coordinator to start from; may be repeated")
        .argParser(collectAddress)
        .default([], DEFAULT_SEED),
    )
    .option("--json", "print one JSON object on standard output", false);
}

export function seedsOf({ seed }: ClusterOptions): readonly string[] {
  return seed.length === 0 ? [DEFAULT_SEED] : seed;
}

/** Where people read: standard output, unless that is for the JSON object. */
export function reporterOf(context: CliContext, { json }: { readonly json: boolean }): Reporter {
  return new Reporter(json ? context.stderr : context.stdout, context.clock);
}

export function writeJson({ stdout }: CliContext, value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`);
}

/** The present view of the cluster behind the seeds. */
export function viewOf(context: CliContext, options: ClusterOptions): Promise<View> {
  return readView(seedsOf(options), { timeoutMs: CALL_TIMEOUT_MS, clock: context.clock });
}

/** @throws {CliError} when the cluster knows of no coordinator now. */
export function coordinatorOf(context: CliContext, { coordinatorAddress }: View): CallTarget {
  if (coordinatorAddress === undefined) {
    throw new CliError("the cluster has no leading coordinator now; try again in a few seconds");
  }
  return { address: coordinatorAddress, timeoutMs: CALL_TIMEOUT_MS, clock: context.clock };
}

/** The nodes of the cluster, as calls reach them. */
export function nodesOf(
  { clock }: CliContext,
  { topology }: View,
  timeoutMs: number,
): readonly CallTarget[] {
  const members = (topology?.members ?? []).filter(({ state }) => state !== "dead");
  return members.map(({ addresses }) => ({ address: addresses.data, timeoutMs, clock }));
}

/** A parser of whole numbers within a range, for commander. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < min || number > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return number;
  };
}

function collectAddress(address: string, known: readonly string[]): readonly string[] {
  if (!/^[^\s/,]+:\d{1,5}$/.test(address)) {
    throw new InvalidArgumentError("It must have the form host:port.");
  }
  return [...known, address];
}
