/**
 * Warming a cache through any one node, which spreads the work over the owners. Many keys go in
 * several requests, because a message has a limit; a request whose node fails is repeated at
 * another one, since loading what is loaded costs nothing.
 */
import { CacheError, encodeKey, type Random } from "@holdfast/core";
import type { WarmRequest } from "@holdfast/proto";
import type { Router, Target } from "../routing/router.js";
import type { Wire } from "../transport/wire.js";
import type { WarmOptions, WarmProgress, WarmTarget } from "./cache-types.js";

/** With keys of 512 bytes a request stays below 3 MiB. */
const REQUEST_KEYS = 5_000;

const NOTHING: WarmProgress = { total: 0, loaded: 0, absent: 0, skipped: 0, failed: 0 };

export interface WarmContext {
  readonly wire: Wire;
  readonly random: Random;
  /** Aborts when the client is closed. */
  readonly closing: AbortSignal;
  router(): Router;
}

export async function warmCache(
  cache: string,
  target: WarmTarget,
  { onProgress, signal }: WarmOptions,
  context: WarmContext,
): Promise<WarmProgress> {
  const requests = requestsFor(cache, target);
  const totalKeys = requests.reduce((sum, { keys = [] }) => sum + keys.length, 0);
  let done = NOTHING;
  // Of the requests that are still to come the keys are known, if not what a query yields.
  const withTotal = (): WarmProgress => ({ ...done, total: Math.max(done.total, totalKeys) });
  for (const request of requests) {
    const before = done;
    const report = (progress: WarmProgress) => {
      done = add(before, progress);
      onProgress?.(withTotal());
    };
    await runAnywhere(request, report, signal, context);
  }
  return withTotal();
}

function requestsFor(cache: string, target: WarmTarget): WarmRequest[] {
  if (typeof target === "object" && "query" in target) {
    const { query, limit = 0 } = target;
    if (Number.isInteger(limit) && limit >= 0) return [{ cache, query, limit }];
    throw new CacheError("INVALID_ARGUMENT", `limit is ${limit}; it must be a whole number`);
  }
  const keys = [...new Set(target)].map(encodeKey);
  const requests: WarmRequest[] = [];
  for (let from = 0; from < keys.length; from += REQUEST_KEYS) {
    requests.push({ cache, keys: keys.slice(from, from + REQUEST_KEYS) });
  }
  return requests;
}

async function runAnywhere(
  request: WarmRequest,
  report: (progress: WarmProgress) => void,
  signal: AbortSignal | undefined,
  context: WarmContext,
): Promise<void> {
  const untried = [...context.router().members()];
  let last: unknown;
  while (untried.length > 0) {
    const index = Math.floor(context.random.next() * untried.length);
    for (const member of untried.splice(index, 1)) {
      try {
        await runAt(member, request, report, signal, context);
        return;
      } catch (error) {
        if (!(error instanceof CacheError && error.code === "UNAVAILABLE")) throw error;
        last = error;
      }
    }
  }
  throw new CacheError("UNAVAILABLE", "no node could finish the warming", { cause: last });
}

function runAt(
  member: Target,
  request: WarmRequest,
  report: (progress: WarmProgress) => void,
  signal: AbortSignal | undefined,
  { wire, closing }: WarmContext,
): Promise<void> {
  const stop = signal === undefined ? closing : AbortSignal.any([signal, closing]);
  return new Promise((resolve, reject) => {
    stop.throwIfAborted();
    const giveUp = (reason: unknown) => {
      stop.removeEventListener("abort", onAbort);
      stream.close();
      reject(reason);
    };
    const onAbort = () => giveUp(stop.reason);
    const stream = wire.warm(member.address, request, {
      message(progress) {
        // The application's callback runs in here; what it throws is the caller's to know.
        try {
          report(progress);
        } catch (error) {
          giveUp(error);
        }
      },
      ended(error) {
        stop.removeEventListener("abort", onAbort);
        if (error === undefined) resolve();
        else reject(error);
      },
    });
    stop.addEventListener("abort", onAbort, { once: true });
  });
}

function add(a: WarmProgress, b: WarmProgress): WarmProgress {
  return {
    total: a.total + b.total,
    loaded: a.loaded + b.loaded,
    absent: a.absent + b.absent,
    skipped: a.skipped + b.skipped,
    failed: a.failed + b.failed,
  };
}
