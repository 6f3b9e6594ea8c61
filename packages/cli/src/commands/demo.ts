/** `holdfast demo`: the main job, see main-job/main-job.ts. */
import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { Command } from "commander";
import {
  DEFAULT_LOOKUPS,
  DEFAULT_NODES,
  DEFAULT_PRODUCTS,
  type MainJobOptions,
} from "../main-job/options.js";
import { seededRandom } from "../main-job/seeded-random.js";
import { summaryLine } from "../main-job/summary.js";
import { Interrupts } from "../terminal/interrupts.js";
import { type CliContext, reporterOf, wholeNumber } from "./context.js";

interface DemoOptions {
  readonly products: number;
  readonly trace?: string;
  readonly lookups: number;
  readonly nodes: number;
  readonly seedRandom?: number;
  readonly dataDir?: string;
  readonly once: boolean;
  readonly json: boolean;
}

const SEEDS = 2 ** 31;

export function demoCommand(context: CliContext): Command {
  return new Command("demo")
    .description("show on a real cluster what Holdfast does: a shop's product catalogue")
    .option(
      "--products <n>",
      "rows of the catalogue; more when the trace names more",
      wholeNumber(1_000, 5_000_000),
      DEFAULT_PRODUCTS,
    )
    .option("--trace <file>", "lookups from this trace (default: drawn by Zipf's law with drift)")
    .option("--lookups <n>", "most lookups", wholeNumber(1_000, 50_000_000), DEFAULT_LOOKUPS)
    .option("--nodes <n>", "nodes at the start", wholeNumber(2, 9), DEFAULT_NODES)
    .option(
      "--seed-random <n>",
      "seed of all random choices (default: a new one)",
      wholeNumber(0, SEEDS),
    )
    .option("--data-dir <folder>", "a new folder that keeps database and logs (default: temporary)")
    .option("--once", "end after the summary", false)
    .option("--json", "print the summary as one JSON object on standard output", false)
    .action((options: DemoOptions) => demo(context, options));
}

async function demo(context: CliContext, options: DemoOptions): Promise<void> {
  using interrupts = new Interrupts({
    source: context.signals,
    clock: context.clock,
    onSecond: () => context.exit(130),
  });
  const { dataDir, lookups, nodes, once, products, trace } = options;
  const seed = options.seedRandom ?? randomInt(SEEDS);
  const job: MainJobOptions = { dataDir, lookups, nodes, once, products, seed, trace };
  let hasSummary = false;
  const { runMainJob } = await import("../main-job/main-job.js");
  const isKept = await runMainJob(job, {
    reporter: reporterOf(context, options),
    clock: context.clock,
    random: seededRandom(seed),
    processors: availableParallelism(),
    signal: interrupts.signal,
    programName: context.programName,
    postgresBinDir: context.environment.HOLDFAST_POSTGRES_BIN ?? "",
    onSummary: (summary) => {
      hasSummary = true;
      if (options.json) context.stdout.write(`${summaryLine(summary)}\n`);
    },
  });
  if (!isKept) context.setExitCode(1);
  else if (!hasSummary) context.setExitCode(130);
}
