/**
 * The main job: a shop's product catalogue in a database, a cluster in front of it, and everything
 * that the cluster promises, done once on real processes and measured.
 *
 * The order: start, catalogue, the phases one after the other, the comparison of every row with the
 * last value acknowledged. When the person ends it early, what is under way finishes, the nodes
 * drain, and the comparison is made over what had been acknowledged by then.
 */
import { type Cluster, connect } from "@holdfast/client";
import { type Clock, type Random, silentLogger } from "@holdfast/core";
import { type Database, openDatabase } from "@holdfast/process";
import { LocalCluster } from "../local/local-cluster.js";
import { applyCaches } from "../rpc/operations.js";
import { formatCount, type Reporter } from "../terminal/reporter.js";
import { reporterLogger } from "../terminal/reporter-logger.js";
import { CACHE, cacheDefinitions, cachedProducts } from "./caches.js";
import { createCatalogue } from "./catalogue.js";
import { CALL_TIMEOUT, createLedgers, type JobContext, shopCaches } from "./context.js";
import { addUp, type Comparison, compareEntries, compareTable } from "./differences.js";
import type { MainJobOptions } from "./options.js";
import { runPhases } from "./phases/run-phases.js";
import { untilClean, untilKnown } from "./stats.js";
import { comparisonStory, ms } from "./story.js";
import { failuresOf, makeSummary, type Summary } from "./summary.js";
import { PRICES, PRODUCTS, STOCK } from "./tables.js";
import { LookupCursor, makeWorkload, type Workload } from "./workload.js";

export interface MainJobSurroundings {
  readonly reporter: Reporter;
  readonly clock: Clock;
  /** Seeded with `options.seed`. */
  readonly random: Random;
  /** How many processors the machine has. */
  readonly processors: number;
  /** Aborts when the person wants the job to end. */
  readonly signal: AbortSignal;
  /** Folder of PostgreSQL's programs; empty: those of the npm package. */
  readonly postgresBinDir: string;
  /** How a person would call this program, for the examples at the end. */
  readonly programName: string;
  /** Called with the outcome while the cluster still runs. */
  readonly onSummary: (summary: Summary) => void;
}

const PARTITIONS = 256;
const APPLY_TIMEOUT_MS = 10_000;
const FLUSH_TIMEOUT_MS = 60_000;
/** A catalogue of millions is filled and compared in large statements. */
const STATEMENT_TIMEOUT_MS = 120_000;

/** @returns whether every promise was kept. */
export async function runMainJob(
  options: MainJobOptions,
  surroundings: MainJobSurroundings,
): Promise<boolean> {
  const { clock, postgresBinDir, random, reporter, signal } = surroundings;
  const startedAtMs = clock.monotonic();
  const workload = await makeWorkload({ ...options, random });
  reporter.line(`Lookups: ${workload.description}.`);
  reporter.line(`Seed: ${options.seed} (the same choices again: --seed-random ${options.seed})`);
  reporter.heading(`Starting ${options.nodes} nodes, a coordinator, a registry and PostgreSQL`);
  const cluster = await LocalCluster.start({
    nodes: options.nodes,
    partitions: PARTITIONS,
    logger: reporterLogger(reporter),
    postgresBinDir,
    clock,
    // PostgreSQL counts every read of the stampede's table, and so does the job.
    environment: (name) => (name.startsWith("node-") ? { HOLDFAST_CHECKS_PER_SECOND: "0" } : {}),
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
  });
  const startupMs = clock.monotonic() - startedAtMs;
  reporter.line(`  serving after ${ms(startupMs)}; logs in ${cluster.dataDir}/logs`);
  const job = new Job(cluster, workload, options, surroundings);
  let summary: Summary;
  try {
    signal.throwIfAborted();
    summary = await job.run({ startedAtMs, startupMs });
    surroundings.onSummary(summary);
    if (!options.once) await stayUp(cluster, surroundings);
  } catch (error) {
    const isKept = await job.end({ isOver: false, failures: [] });
    if (signal.aborted) return isKept;
    throw error;
  }
  return job.end({ isOver: true, failures: failuresOf(summary) });
}

/** One run, and the connections that it holds. */
class Job {
  readonly #cluster: LocalCluster;
  readonly #workload: Workload;
  readonly #options: MainJobOptions;
  readonly #surroundings: MainJobSurroundings;
  readonly #database: Database;
  readonly #ledgers = createLedgers();
  #client: Cluster | undefined;
  #hasCatalogue = false;

  constructor(
    cluster: LocalCluster,
    workload: Workload,
    options: MainJobOptions,
    surroundings: MainJobSurroundings,
  ) {
    this.#cluster = cluster;
    this.#workload = workload;
    this.#options = options;
    this.#surroundings = surroundings;
    this.#database = openDatabase(
      {
        url: cluster.databaseUrl,
        maxConnections: 8,
        connectTimeoutMs: 10_000,
        statementTimeoutMs: STATEMENT_TIMEOUT_MS,
        lockTimeoutMs: 10_000,
        applicationName: "holdfast-shop",
        schema: "public",
      },
      silentLogger,
    );
  }

  async run(times: { readonly startedAtMs: number; readonly startupMs: number }): Promise<Summary> {
    const { clock, reporter } = this.#surroundings;
    const { products } = this.#workload;
    await this.#prepare();
    const client = await connect({ seeds: this.#cluster.seeds, timeout: CALL_TIMEOUT });
    this.#client = client;
    const context = this.#context(client);
    const phases = await runPhases(context);

    reporter.heading("Comparing every row with the last value acknowledged");
    await untilClean(context, { timeoutMs: FLUSH_TIMEOUT_MS, signal: context.signal });
    const comparison = await this.#compare();
    const summary = makeSummary({
      phases,
      comparison,
      products,
      workload: this.#workload.description,
      seed: this.#options.seed,
      startupMs: times.startupMs,
      durationMs: clock.monotonic() - times.startedAtMs,
    });
    reporter.line(`  ${comparisonStory(summary)}`);
    for (const example of comparison.examples) reporter.line(`    ${example}`);
    for (const failure of failuresOf(summary)) reporter.line(`  FAILED: ${failure}`);
    reporter.line(`  done in ${ms(summary.durationMs)}`);
    return summary;
  }

  /**
   * Closes everything, the database last. After a run that was broken off, the database is compared
   * once the nodes have drained.
   *
   * @returns whether every promise was kept.
   */
  async end({
    isOver,
    failures,
  }: {
    readonly isOver: boolean;
    readonly failures: readonly string[];
  }): Promise<boolean> {
    const { reporter, signal } = this.#surroundings;
    try {
      await this.#client?.close();
      reporter.heading("Draining the nodes");
      const problems = [...failures, ...(await this.#cluster.stopNodes())];
      if (!isOver && this.#hasCatalogue && signal.aborted) {
        const { rows, differences, examples } = await this.#compare();
        reporter.line(`  ${formatCount(rows)} rows compared: ${differences} differences`);
        for (const example of examples) reporter.line(`    ${example}`);
        if (differences > 0) problems.push("acknowledged writes are missing");
      }
      reporter.line("  stopped");
      return problems.length === 0;
    } finally {
      await this.#database.close();
      await this.#cluster.stop();
    }
  }

  async #prepare(): Promise<void> {
    const { clock, reporter, signal } = this.#surroundings;
    const { products } = this.#workload;
    reporter.heading(`Filling the catalogue: ${formatCount(products)} products`);
    await createCatalogue(this.#database, products, { reporter, signal });
    this.#hasCatalogue = true;
    const definitions = cacheDefinitions({ products, nodes: this.#options.nodes });
    await applyCaches(
      { address: this.#cluster.coordinatorAddress, timeoutMs: APPLY_TIMEOUT_MS, clock },
      definitions,
    );
    const names = definitions.map(({ name }) => name);
    const source = { cluster: this.#cluster, clock };
    await untilKnown(source, names, { timeoutMs: APPLY_TIMEOUT_MS, signal });
    reporter.line(
      `  the product cache holds ${formatCount(cachedProducts(products))} of them, a tenth`,
    );
  }

  #context(client: Cluster): JobContext {
    const { clock, processors, random, reporter, signal } = this.#surroundings;
    return {
      cluster: this.#cluster,
      client,
      caches: shopCaches(client),
      database: this.#database,
      workload: this.#workload,
      cursor: new LookupCursor(this.#workload.requests),
      ledgers: this.#ledgers,
      reporter,
      clock,
      random,
      processors,
      signal,
    };
  }

  async #compare(): Promise<Comparison> {
    const { products } = this.#workload;
    const ledgers = this.#ledgers;
    const database = this.#database;
    return addUp([
      await compareTable(database, PRODUCTS, { products, ledger: ledgers.products }),
      await compareTable(database, PRICES, { products, ledger: ledgers.prices }),
      await compareTable(database, STOCK, { products, ledger: ledgers.stock }),
      await compareEntries(database, CACHE.views, ledgers.views),
    ]);
  }
}

/** Resolves when the person wants the cluster to end. */
async function stayUp(
  cluster: LocalCluster,
  { programName, reporter, signal }: MainJobSurroundings,
): Promise<void> {
  const seed = cluster.seeds[0] ?? "";
  reporter.heading("The cluster keeps running until Ctrl-C. Try, from another terminal:");
  reporter.line(`  ${programName} status --seed ${seed}`);
  reporter.line(`  ${programName} get ${CACHE.products} 42 --seed ${seed}`);
  reporter.line(`  ${programName} stats ${CACHE.products} --seed ${seed}`);
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
