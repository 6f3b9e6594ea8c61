/**
 * Stock changes and page views, acknowledged at once and carried to the database in batches. What
 * is written most often is written to the database only now and then: rows are fewer than writes.
 */
import { CACHE } from "../caches.js";
import type { JobContext } from "../context.js";
import { inParallel } from "../parallel.js";
import { cacheTotals, untilClean } from "../stats.js";

export interface WriteBehindResult {
  readonly acknowledged: number;
  /** Rows that reached the database. */
  readonly rows: number;
  /** Statements that carried them. */
  readonly batches: number;
  readonly writesPerSecond: number;
}

const STOCK_WRITES = 15_000;
const VIEWS = 15_000;
const IN_FLIGHT = 64;
const FLUSH_TIMEOUT_MS = 60_000;

export async function writeBehind(context: JobContext): Promise<WriteBehindResult> {
  const { clock, reporter, signal } = context;
  const before = await flushed(context);
  const acknowledged = STOCK_WRITES + VIEWS;
  const progress = reporter.progress("writes", acknowledged);
  const startedAtMs = clock.monotonic();
  let done = 0;
  const write = async (index: number) => {
    if (index % 2 === 0) await changeStock(context);
    else await countView(context);
    progress.update(++done);
  };
  try {
    await inParallel(acknowledged, write, { inFlight: IN_FLIGHT, signal });
  } finally {
    progress.finish();
  }
  const tookMs = clock.monotonic() - startedAtMs;
  await untilClean(context, { timeoutMs: FLUSH_TIMEOUT_MS, signal });
  const after = await flushed(context);
  return {
    acknowledged,
    rows: after.rows - before.rows,
    batches: after.batches - before.batches,
    writesPerSecond: acknowledged / (tookMs / 1_000),
  };
}

async function changeStock({ caches, cursor, ledgers, random }: JobContext): Promise<void> {
  const key = String(cursor.next());
  const revision = Number(ledgers.stock.get(key)?.revision ?? 0) + 1;
  const row = { quantity: Math.floor(random.next() * 1_000), revision };
  const { version } = await caches.stock.set(key, row);
  ledgers.stock.acknowledge(key, row, version);
}

/** The counter only grows, so it can stand for its own version. */
async function countView({ caches, cursor, ledgers }: JobContext): Promise<void> {
  const key = String(cursor.next());
  const views = await caches.views.increment(key);
  ledgers.views.acknowledge(key, views, views);
}

async function flushed(
  context: JobContext,
): Promise<{ readonly rows: number; readonly batches: number }> {
  const stock = await cacheTotals(context, CACHE.stock);
  const views = await cacheTotals(context, CACHE.views);
  return {
    rows: stock.flushedRows + views.flushedRows,
    batches: stock.flushBatches + views.flushBatches,
  };
}
