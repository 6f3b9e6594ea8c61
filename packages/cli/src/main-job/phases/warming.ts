/** Loads the prices of many products ahead of their first read, by a configured query. */
import { WARM_QUERY } from "../caches.js";
import type { JobContext } from "../context.js";

export interface WarmResult {
  /** Keys that are in memory now. */
  readonly keys: number;
  readonly skipped: number;
  readonly tookMs: number;
}

const WARM_KEYS = 20_000;

export async function warming(context: JobContext): Promise<WarmResult> {
  const { caches, clock, reporter, signal, workload } = context;
  const limit = Math.min(WARM_KEYS, workload.products);
  const progress = reporter.progress("keys", limit);
  const startedAtMs = clock.monotonic();
  try {
    const { loaded, skipped } = await caches.prices.warm(
      { query: WARM_QUERY, limit },
      { onProgress: (warmed) => progress.update(warmed.loaded), signal },
    );
    return { keys: loaded, skipped, tookMs: clock.monotonic() - startedAtMs };
  } finally {
    progress.finish();
  }
}
