/**
 * `holdfast dead-letters`: the writes that the database refused. Listing, trying them again, and giving
 * them up; each letter is told by itself, and the exit code says whether all went well.
 */
import type { RetriedDeadLetter__Output } from "@holdfast/proto";
import { Command } from "commander";
import { CliError } from "../cli-error.js";
import {
  dropDeadLetters,
  type LetterName,
  listDeadLetters,
  nameOf,
  retryDeadLetters,
} from "../rpc/operator.js";
import type { CallTarget } from "../rpc/unary.js";
import {
  type CliContext,
  type ClusterOptions,
  clusterCommand,
  nodesOf,
  viewOf,
  writeJson,
} from "./context.js";
import { describeLetter, describeName, describeProblem, toLetterJson } from "./letters-text.js";

interface FilterOptions extends ClusterOptions {
  readonly cache?: string;
  readonly key?: string;
}

/** A letter may wait for a lock in the database, and a page has a hundred of them. */
const ACT_TIMEOUT_MS = 60_000;

/** What was done about one letter. */
interface Act extends Pick<RetriedDeadLetter__Output, "sqlstate" | "message" | "laterVersion"> {
  /** `written`, `superseded`, `refused`, `failed`, `gone` or `dropped`. */
  readonly outcome: string;
}

/** Whatever is not there any more needs nobody's attention. */
const SETTLED: ReadonlySet<string> = new Set(["written", "dropped", "gone"]);

export function deadLettersCommand(context: CliContext): Command {
  return new Command("dead-letters")
    .description("writes that the database refused: list them, retry them, drop them")
    .addCommand(listCommand(context))
    .addCommand(retryCommand(context))
    .addCommand(dropCommand(context));
}

function listCommand(context: CliContext): Command {
  return filtered(clusterCommand("list", "print the letters, and why the database refused them"))
    .option("--values", "print their values as well", false)
    .action(async (options: FilterOptions & { readonly values: boolean }) => {
      const { values } = options;
      const targets = await targetsOf(context, options);
      const listed = [];
      for await (const page of listDeadLetters(targets, { ...filterOf(options), values })) {
        const letters = page.map(toLetterJson);
        if (options.json) listed.push(...letters);
        for (const letter of options.json ? [] : letters) {
          context.stdout.write(`${describeLetter(letter)}\n`);
          listed.push(undefined);
        }
      }
      if (options.json) writeJson(context, { letters: listed });
      else if (listed.length === 0) context.stdout.write("there are no dead letters\n");
    });
}

function retryCommand(context: CliContext): Command {
  const what = "send the letters to the database once more; a later write of a key stands";
  return filtered(clusterCommand("retry", what)).action(async (options: FilterOptions) => {
    await act(context, options, async (targets, names) => {
      const retried = await retryDeadLetters(targets, names);
      return retried.map(({ outcome, ...rest }) => ({ outcome: outcome.toLowerCase(), ...rest }));
    });
  });
}

function dropCommand(context: CliContext): Command {
  return filtered(
    clusterCommand("drop", "forget the letters: what they would have written is lost"),
  )
    .option("--all", "those of every cache", false)
    .action(async (options: FilterOptions & { readonly all: boolean }) => {
      if (!options.all && options.cache === undefined) {
        throw new CliError("name the cache whose letters to drop, with --cache, or say --all");
      }
      if (options.all && (options.cache !== undefined || options.key !== undefined)) {
        throw new CliError("say either --all or which letters, not both");
      }
      await act(context, options, async (targets, names) => {
        const { dropped, problems } = await dropDeadLetters(targets, names);
        return dropped.map((isDropped, index) => dropAct(isDropped, problems[index] ?? ""));
      });
    });
}

function dropAct(isDropped: boolean, problem: string): Act {
  const none = { sqlstate: "", message: "", laterVersion: 0 };
  if (isDropped) return { ...none, outcome: "dropped" };
  if (problem !== "") return { ...none, outcome: "failed", message: problem };
  return { ...none, outcome: "gone", message: "there is no such letter" };
}

function filtered(command: Command): Command {
  return command
    .option("--cache <name>", "only letters of this cache")
    .option("--key <key>", "only letters of this key");
}

/** Does something with the letters there are, page by page, and tells of each what came of it. */
async function act(
  context: CliContext,
  options: FilterOptions,
  work: (targets: readonly CallTarget[], names: readonly LetterName[]) => Promise<readonly Act[]>,
): Promise<void> {
  const targets = await targetsOf(context, options);
  const results: object[] = [];
  const counts = new Map<string, number>();
  for await (const page of listDeadLetters(targets, { ...filterOf(options), values: false })) {
    const names = page.map(nameOf);
    const acts = await work(targets, names);
    for (const [index, { cache, key: bytes, version }] of names.entries()) {
      const { outcome, sqlstate, message, laterVersion } = acts[index] ?? UNTOLD;
      const name = { cache, key: bytes.toString("utf8"), version };
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      const later = laterVersion === 0 ? {} : { laterVersion };
      if (options.json) results.push({ ...name, outcome, ...later, sqlstate, message });
      else {
        const why = message === "" ? "" : `, ${describeProblem({ sqlstate, message })}`;
        context.stdout.write(`${describeName(name)}: ${outcome}${why}\n`);
      }
    }
  }
  if (options.json) writeJson(context, { letters: results, ...Object.fromEntries(counts) });
  else context.stdout.write(`${summaryOf(counts)}\n`);
  if ([...counts.keys()].some((outcome) => !SETTLED.has(outcome))) context.setExitCode(1);
}

const UNTOLD: Act = {
  outcome: "failed",
  sqlstate: "",
  message: "the node did not say what became of it",
  laterVersion: 0,
};

function summaryOf(counts: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return "there are no such letters";
  return [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", ");
}

function filterOf({ cache, key }: FilterOptions) {
  return { cache, key };
}

async function targetsOf(context: CliContext, options: ClusterOptions) {
  return nodesOf(context, await viewOf(context, options), ACT_TIMEOUT_MS);
}
