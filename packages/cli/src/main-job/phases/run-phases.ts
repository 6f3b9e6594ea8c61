/** The phases in their order, each announced before and told after. */
import { delay } from "@holdfast/core";
import { launchReads } from "../catalogue.js";
import type { JobContext } from "../context.js";
import { STORY, type Told } from "../story.js";
import type { PhaseResults } from "../summary.js";
import { cacheAside } from "./cache-aside.js";
import { nodeAdded } from "./node-added.js";
import { nodeKilled } from "./node-killed.js";
import { nodeKilledDirty } from "./node-killed-dirty.js";
import { readThrough } from "./read-through.js";
import { stampede } from "./stampede.js";
import { warming } from "./warming.js";
import { writeBehind } from "./write-behind.js";
import { writeThrough } from "./write-through.js";

const HEADINGS: Readonly<Record<keyof Told, string>> = {
  readThrough: "Read-through: product lookups, 8 in flight",
  stampede: "Stampede: everybody wants the same new product",
  cacheAside: "Cache-aside: the application loads and writes by itself",
  warm: "Warming: prices, by a query",
  writeThrough: "Write-through: prices",
  writeBehind: "Write-behind: stock and page views",
  nodeAdded: "A node is added while lookups and writes go on",
  nodeKilled: "A node is killed while lookups and write-through go on",
  nodeKilledDirty: "A node is killed while it holds dirty entries",
};

export async function runPhases(context: JobContext): Promise<PhaseResults> {
  const run = async <Phase extends keyof Told>(
    phase: Phase,
    work: (context: JobContext) => Promise<Told[Phase]>,
  ): Promise<Told[Phase]> => {
    context.signal.throwIfAborted();
    context.reporter.heading(HEADINGS[phase]);
    const result = await work(context);
    for (const line of STORY[phase](result)) context.reporter.line(`  ${line}`);
    return result;
  };
  const first = { readThrough: await run("readThrough", readThrough) };
  const readsBefore = await launchReads(context.database);
  const told = await run("stampede", stampede);
  const stampedeEndedAtMs = context.clock.monotonic();
  const others = {
    cacheAside: await run("cacheAside", cacheAside),
    warm: await run("warm", warming),
    writeThrough: await run("writeThrough", writeThrough),
    writeBehind: await run("writeBehind", writeBehind),
    nodeAdded: await run("nodeAdded", nodeAdded),
    nodeKilled: await run("nodeKilled", nodeKilled),
    nodeKilledDirty: await run("nodeKilledDirty", nodeKilledDirty),
  };
  return {
    ...first,
    stampede: { ...told, databaseReads: await countReads(context, readsBefore, stampedeEndedAtMs) },
    ...others,
  };
}

/** An idle backend of PostgreSQL hands in its counts after ten seconds at the latest. */
const COUNTS_DELAY_MS = 10_500;

/** PostgreSQL's own count of the stampede's reads, which is complete only a while later. */
async function countReads(
  context: JobContext,
  readsBefore: number,
  endedAtMs: number,
): Promise<number> {
  const { clock, database, reporter, signal } = context;
  const leftMs = endedAtMs + COUNTS_DELAY_MS - clock.monotonic();
  if (leftMs > 0) await delay(clock, leftMs, signal);
  const databaseReads = (await launchReads(database)) - readsBefore;
  reporter.line("");
  reporter.line(`Reads of the stampede's table by PostgreSQL's count: ${databaseReads}`);
  return databaseReads;
}
