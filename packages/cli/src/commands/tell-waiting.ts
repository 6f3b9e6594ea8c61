/**
 * What a person hears who waits for a flush: nothing while it is quick; after a moment, and then now and
 * then, for how long it has been going on and how much is dirty still.
 */
import type { Cache } from "@holdfast/client";
import { delay } from "@holdfast/core";
import { formatCount } from "../terminal/reporter.js";
import type { CliContext } from "./context.js";

const FIRST_WORD_MS = 2_000;
const NEXT_WORD_MS = 5_000;

/** Longest wait for the figures, in milliseconds. */
const STATS_TIMEOUT_MS = 1_000;

type Counted = Pick<Cache<unknown>, "stats">;
type Surroundings = Pick<CliContext, "clock" | "stderr">;

/** As `flush`, with words on standard error until it has ended. */
export async function tellWaiting<Result>(
  flush: Promise<Result>,
  cache: Counted,
  context: Surroundings,
): Promise<Result> {
  const ended = new AbortController();
  const telling = tellUntil(ended.signal, cache, context);
  try {
    return await flush;
  } finally {
    ended.abort();
    await telling;
  }
}

async function tellUntil(
  signal: AbortSignal,
  cache: Counted,
  { clock, stderr }: Surroundings,
): Promise<void> {
  const sinceMs = clock.monotonic();
  const pause = (ms: number) => delay(clock, ms, signal).catch(() => {});
  await pause(FIRST_WORD_MS);
  while (!signal.aborted) {
    const dirty = await dirtyNow(cache, signal);
    if (signal.aborted) return;
    const seconds = Math.round((clock.monotonic() - sinceMs) / 1_000);
    stderr.write(`still flushing after ${seconds} s; ${dirty}\n`);
    await pause(NEXT_WORD_MS);
  }
}

async function dirtyNow(cache: Counted, signal: AbortSignal): Promise<string> {
  try {
    const { dirtyEntries, unreachable } = await cache.stats({ timeout: STATS_TIMEOUT_MS, signal });
    const silent = unreachable.length === 0 ? "" : `; no answer from ${unreachable.join(", ")}`;
    return `dirty entries in the cache: ${formatCount(dirtyEntries)}${silent}`;
  } catch {
    return "no node tells how much is dirty";
  }
}
