/** `holdfast up`: a local cluster that runs until Ctrl-C. */
import { Command } from "commander";
import type { LocalCluster, LocalClusterOptions } from "../local/local-cluster.js";
import { applyCaches } from "../rpc/operations.js";
import { Interrupts } from "../terminal/interrupts.js";
import type { Reporter } from "../terminal/reporter.js";
import { reporterLogger } from "../terminal/reporter-logger.js";
import { readCachesFile } from "./caches.js";
import { CALL_TIMEOUT_MS, type CliContext, reporterOf, wholeNumber, writeJson } from "./context.js";

interface UpOptions {
  readonly nodes: number;
  readonly coordinators: number;
  readonly port: number;
  readonly memory: string;
  readonly etcd?: readonly string[];
  readonly postgres?: string;
  readonly caches?: string;
  readonly dataDir?: string;
  readonly json: boolean;
}

export function upCommand(context: CliContext): Command {
  return new Command("up")
    .description("run a cluster on this machine until Ctrl-C")
    .option("--nodes <n>", "how many nodes", wholeNumber(1, 32), 3)
    .option("--coordinators <n>", "how many coordinators", wholeNumber(1, 5), 1)
    .option("--port <port>", "port of the first node; 0: any", wholeNumber(0, 65_535), 7_400)
    .option("--memory <size>", "budget of each node for entries", "256MiB")
    .option("--etcd <url...>", "an existing etcd, instead of an embedded registry")
    .option("--postgres <url>", "an existing database, instead of an embedded one")
    .option("--caches <file>", "caches to create, in YAML")
    .option("--data-dir <folder>", "keep data and logs there (default: a temporary folder)")
    .option("--json", "print one JSON object when the cluster serves", false)
    .action((options: UpOptions) => up(context, options));
}

async function up(context: CliContext, options: UpOptions): Promise<void> {
  // Read before anything is started: most mistakes are made there.
  const caches = options.caches === undefined ? [] : await readCachesFile(options.caches);
  const reporter = reporterOf(context, options);
  using interrupts = new Interrupts({
    source: context.signals,
    clock: context.clock,
    onSecond: () => context.exit(130),
  });
  reporter.line(`Starting ${options.nodes} nodes …`);
  const { LocalCluster } = await import("../local/local-cluster.js");
  const cluster = await LocalCluster.start(clusterOptions(context, options, reporter));
  try {
    if (caches.length > 0) {
      await applyCaches(
        { address: cluster.coordinatorAddress, timeoutMs: CALL_TIMEOUT_MS, clock: context.clock },
        caches,
      );
    }
    if (!interrupts.signal.aborted) {
      if (options.json) writeJson(context, machineView(cluster));
      const names = caches.map(({ name }) => name);
      tellHowToUse(cluster, names, reporter, context.programName);
      await aborted(interrupts.signal);
    }
    reporter.line("Draining …");
    const problems = await cluster.stopNodes();
    for (const problem of problems) context.stderr.write(`${problem}\n`);
    if (problems.length > 0) {
      context.stderr.write(`Logs and data are kept in ${cluster.dataDir}\n`);
      context.setExitCode(1);
    }
  } finally {
    await cluster.stop();
  }
  reporter.line("Stopped.");
}

function clusterOptions(
  context: CliContext,
  options: UpOptions,
  reporter: Reporter,
): LocalClusterOptions {
  const { nodes, coordinators, port, memory, etcd, postgres, dataDir } = options;
  return {
    nodes,
    coordinators,
    port,
    memory,
    clock: context.clock,
    random: context.random,
    logger: reporterLogger(reporter),
    postgresBinDir: context.environment.HOLDFAST_POSTGRES_BIN ?? "",
    ...(etcd === undefined ? {} : { etcdEndpoints: etcd }),
    ...(postgres === undefined ? {} : { postgresUrl: postgres }),
    ...(dataDir === undefined ? {} : { dataDir }),
  };
}

function machineView(cluster: LocalCluster): object {
  return {
    seeds: cluster.seeds,
    coordinators: cluster.coordinatorAddresses,
    databaseUrl: cluster.databaseUrl,
    etcd: cluster.etcdEndpoints,
    dataDir: cluster.dataDir,
    nodes: cluster.nodes,
  };
}

function tellHowToUse(
  cluster: LocalCluster,
  caches: readonly string[],
  reporter: Reporter,
  program: string,
): void {
  const [first = "", ...others] = cluster.seeds;
  reporter.line(`  nodes for clients  ${[first, ...others].join(", ")}`);
  reporter.line(`  coordinators       ${cluster.coordinatorAddresses.join(", ")}`);
  reporter.line(`  database           ${withoutPassword(cluster.databaseUrl)}`);
  reporter.line(`  logs               ${cluster.dataDir}/logs`);
  if (caches.length > 0) reporter.line(`  caches             ${caches.join(", ")}`);
  reporter.line("");
  reporter.line(`  ${program} caches apply caches.yaml --seed ${first}`);
  reporter.line(`  ${program} set <cache> <key> '{"any": "JSON"}' --seed ${first}`);
  reporter.line(`  ${program} status --seed ${first}`);
  reporter.line("");
  reporter.line("Running until Ctrl-C.");
}

function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  if (url.password !== "") url.password = "…";
  return decodeURI(url.href);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
