/** New prices, written to the database before they are acknowledged. */
import type { JobContext } from "../context.js";
import { Latencies } from "../latencies.js";
import { inParallel } from "../parallel.js";
import { changePrice } from "../price-writes.js";

export interface WriteThroughResult {
  readonly writes: number;
  readonly p50Ms: number | undefined;
  readonly writesPerSecond: number;
}

const WRITES = 5_000;
const IN_FLIGHT = 32;

export async function writeThrough(context: JobContext): Promise<WriteThroughResult> {
  const { clock, random, reporter, signal, workload } = context;
  const latencies = new Latencies();
  const progress = reporter.progress("writes", WRITES);
  const startedAtMs = clock.monotonic();
  const write = async () => {
    const sentAtMs = clock.monotonic();
    await changePrice(context, 1 + Math.floor(random.next() * workload.products));
    latencies.add(clock.monotonic() - sentAtMs);
    progress.update(latencies.count);
  };
  try {
    await inParallel(WRITES, write, { inFlight: IN_FLIGHT, signal });
  } finally {
    progress.finish();
  }
  const tookMs = clock.monotonic() - startedAtMs;
  return {
    writes: WRITES,
    p50Ms: latencies.percentileMs(0.5),
    writesPerSecond: WRITES / (tookMs / 1_000),
  };
}
