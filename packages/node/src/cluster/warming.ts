/**
 * Loads keys into the cluster ahead of their first read: wherever the keys come from, each is
 * loaded by its owner, in chunks of bounded size, a few at a time.
 */
import { CacheError, type Clock } from "@holdfast/core";
import {
  completeOperation,
  type Reply,
  type WarmProgress,
  type WarmRequest__Output,
} from "@holdfast/proto";
import type { RouteContext, Router } from "./router.js";

/** Keys that are asked for together. */
const CHUNK_KEYS = 500;

/** Queries at once: each keeps a database connection while its keys are loaded over others. */
const MAX_QUERIES = 2;

/** How long one chunk may take, in milliseconds. */
const CHUNK_BUDGET_MS = 30_000;

/** Where the keys of a named query come from. */
export type KeysOfQuery = (
  cache: string,
  query: string,
  limit: number,
) => AsyncIterable<readonly string[]>;

type Progress = { -readonly [Field in keyof Required<WarmProgress>]: number };

export class Warming {
  readonly #router: Router;
  readonly #keysOfQuery: KeysOfQuery;
  readonly #clock: Clock;
  #queries = 0;

  constructor(router: Router, keysOfQuery: KeysOfQuery, clock: Clock) {
    this.#router = router;
    this.#keysOfQuery = keysOfQuery;
    this.#clock = clock;
  }

  /**
   * Yields progress after each chunk; the last one is the result.
   *
   * @throws {CacheError} `INVALID_ARGUMENT` when neither keys nor a query are given, or both;
   *   `OVERLOADED` when too many queries run already.
   */
  async *warm(request: WarmRequest__Output, signal: AbortSignal): AsyncIterable<WarmProgress> {
    const { cache, keys, query, limit } = request;
    if (keys.length > 0 === (query !== "")) {
      throw new CacheError("INVALID_ARGUMENT", "name either keys to warm or a query, not both");
    }
    const progress: Progress = { total: 0, loaded: 0, absent: 0, skipped: 0, failed: 0 };
    const chunks = query === "" ? inChunks(keys) : this.#queried(cache, query, limit);
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      const operations = chunk.map((key) => completeOperation({ kind: "WARM", cache, key }));
      for (const reply of await this.#router.executeAll(operations, this.#context())) {
        count(progress, reply);
      }
      yield { ...progress };
    }
    yield { ...progress };
  }

  async *#queried(cache: string, query: string, limit: number): AsyncIterable<Buffer[]> {
    if (this.#queries >= MAX_QUERIES) {
      const problem = `${MAX_QUERIES} warm-ups by query run on this node already; try again later`;
      throw new CacheError("OVERLOADED", problem);
    }
    this.#queries += 1;
    try {
      for await (const keys of this.#keysOfQuery(cache, query, limit)) {
        yield* inChunks(keys.map((key) => Buffer.from(key)));
      }
    } finally {
      this.#queries -= 1;
    }
  }

  #context(): RouteContext {
    return { epoch: 0, deadlineMs: this.#clock.monotonic() + CHUNK_BUDGET_MS };
  }
}

function* inChunks(keys: readonly Buffer[]): Iterable<Buffer[]> {
  for (let i = 0; i < keys.length; i += CHUNK_KEYS) yield keys.slice(i, i + CHUNK_KEYS);
}

function count(progress: Progress, reply: Reply): void {
  progress.total += 1;
  if (reply.code === "UNKNOWN_CACHE" || reply.code === "INVALID_ARGUMENT") {
    throw new CacheError(reply.code, reply.message ?? "");
  }
  if (reply.code !== "OK") progress.failed += 1;
  else if (reply.outcome === "APPLIED") progress.loaded += 1;
  else if (reply.source === "DATABASE") progress.absent += 1;
  else progress.skipped += 1;
}
