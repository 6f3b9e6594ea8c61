/** `holdfast stats`: the counters and miss-ratio curves of every node, as one of each for every cache. */
import { CacheError } from "@holdfast/core";
import type { CacheStats__Output } from "@holdfast/proto";
import type { Command } from "commander";
import { CliError } from "../cli-error.js";
import { readStats } from "../rpc/operations.js";
import {
  CALL_TIMEOUT_MS,
  type CliContext,
  type ClusterOptions,
  clusterCommand,
  viewOf,
  writeJson,
} from "./context.js";
import { type ClusterCurve, curvesTable, mergeCurves, percent } from "./curves.js";
import { formatTable } from "./table.js";

/** The counters that can be added up over nodes. */
type Totals = Omit<CacheStats__Output, "cache">;

export function statsCommand(context: CliContext): Command {
  return clusterCommand(
    "stats",
    "show the counters of a cache, or of all, over all nodes, and what other amounts of memory would do",
  )
    .argument("[cache]", "name of a cache (default: all)")
    .action(async (cache: string | undefined, options: ClusterOptions) => {
      const { topology } = await viewOf(context, options);
      const members = (topology?.members ?? []).filter(({ state }) => state !== "dead");
      if (members.length === 0) throw new CliError("the cluster has no nodes now");
      const answers = await Promise.all(
        members.map(({ nodeId, addresses }) =>
          readStats(
            { address: addresses.data, timeoutMs: CALL_TIMEOUT_MS, clock: context.clock },
            cache ?? "",
          ).catch((error: unknown) => {
            const { code, message } = CacheError.from(error);
            throw new CliError(`${nodeId} does not tell its counters: ${code}: ${message}`);
          }),
        ),
      );
      const totals = addUp(answers.flatMap(({ caches }) => caches));
      if (cache !== undefined && totals.size === 0) {
        throw new CliError(`UNKNOWN_CACHE: no cache named ${JSON.stringify(cache)} is configured`);
      }
      const curves = mergeCurves(answers.flatMap((answer) => answer.curves));
      if (options.json) {
        const caches = withRatios(totals, curves);
        writeJson(context, { nodes: members.length, caches, curve: curves.get("") });
      } else {
        const table = curvesTable(curves);
        context.stdout.write(`${describe(totals)}${table === undefined ? "" : `\n\n${table}`}\n`);
      }
    });
}

function addUp(all: readonly CacheStats__Output[]): ReadonlyMap<string, Totals> {
  const totals = new Map<string, Totals>();
  for (const { cache, ...counters } of all) {
    const known = totals.get(cache);
    totals.set(cache, known === undefined ? counters : sum(known, counters));
  }
  return totals;
}

/** Figures that are not added up. */
const HIGHEST: ReadonlySet<keyof Totals> = new Set(["oldestDirtyAgeMs", "batchRows"]);

function sum(a: Totals, b: Totals): Totals {
  const fields = Object.keys(a) as (keyof Totals)[];
  // Everything else is counted.
  return Object.fromEntries(
    fields.map((field) => [
      field,
      HIGHEST.has(field) ? Math.max(a[field], b[field]) : a[field] + b[field],
    ]),
    // Every field of `Totals` is in `fields`, and each value is a number.
  ) as unknown as Totals;
}

function hitRatio({ hits, misses }: Totals): number {
  return hits + misses === 0 ? 0 : hits / (hits + misses);
}

function withRatios(
  totals: ReadonlyMap<string, Totals>,
  curves: ReadonlyMap<string, ClusterCurve>,
): object {
  return Object.fromEntries(
    [...totals].map(([cache, counters]) => [
      cache,
      { ...counters, hitRatio: hitRatio(counters), curve: curves.get(cache) },
    ]),
  );
}

/** What was read, and what is in memory. */
function readsTable(totals: ReadonlyMap<string, Totals>): string {
  const head = [
    "cache",
    "hits",
    "misses",
    "hit ratio",
    "negative",
    "stale",
    "in grace",
    "ahead",
    "loads",
    "failed",
    "entries",
    "bytes",
    "evictions",
    "for capacity",
    "for memory",
    "expirations",
  ];
  const rows = [...totals].map(([cache, counters]) => [
    cache,
    counters.hits,
    counters.misses,
    percent(hitRatio(counters)),
    counters.negativeHits,
    counters.staleHits,
    counters.servedInGrace,
    counters.refreshesAhead,
    counters.loads,
    counters.loadFailures,
    counters.entries,
    counters.bytes,
    counters.evictions,
    counters.capacityEvictions,
    counters.memoryEvictions,
    counters.expirations,
  ]);
  return formatTable(head, rows);
}

function describe(totals: ReadonlyMap<string, Totals>): string {
  const dirtyHead = [
    "cache",
    "dirty",
    "oldest ms",
    "flushed rows",
    "batches",
    "retries",
    "dead",
    "unpersisted",
  ];
  const dirtyRows = [...totals]
    .filter(
      ([, counters]) => counters.dirtyEntries + counters.flushBatches + counters.deadLetters > 0,
    )
    .map(([cache, counters]) => [
      cache,
      counters.dirtyEntries,
      counters.oldestDirtyAgeMs,
      counters.flushedRows,
      counters.flushBatches,
      counters.flushRetries,
      counters.deadLetters,
      counters.unpersistedEntries,
    ]);
  const checkHead = ["cache", "compared with rows", "newer than row", "older than row"];
  const checkRows = [...totals]
    .filter(([, counters]) => counters.checked > 0)
    .map(([cache, { checked, newerThanDatabase, staleEntries }]) => [
      cache,
      checked,
      newerThanDatabase,
      staleEntries,
    ]);
  const tables = [readsTable(totals)];
  if (dirtyRows.length > 0) tables.push(formatTable(dirtyHead, dirtyRows));
  if (checkRows.length > 0) tables.push(formatTable(checkHead, checkRows));
  return tables.join("\n\n");
}
