/**
 * The compare-and-set loop: read, change, write if nothing has been written meanwhile, else again.
 */
import { backoffMs, CacheError, type Clock, delay, type Random } from "@holdfast/core";
import type { Cache } from "./cache.js";
import type { UpdateOptions, UpdateResult, WriteReceipt } from "./cache-types.js";

const DEFAULT_RETRIES = 10;
/** Writers of one key that collide should spread over a few round trips. */
const BACKOFF = { baseMs: 4, maxMs: 200 };

export type Change<V> = (value: V | undefined) => V | undefined | Promise<V | undefined>;

export async function updateEntry<V>(
  cache: Pick<Cache<V>, "getWithMeta" | "set" | "delete">,
  key: string,
  change: Change<V>,
  options: UpdateOptions,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<UpdateResult<V>> {
  const { retries = DEFAULT_RETRIES, timeout, signal, waitForReady, ack } = options;
  const call = { timeout, signal, waitForReady };
  if (!Number.isInteger(retries) || retries < 0) {
    throw new CacheError("INVALID_ARGUMENT", `retries is ${retries}; it must be a whole number`);
  }
  for (let attempt = 0; ; attempt++) {
    const { value: old, version } = await cache.getWithMeta(key, call);
    const value = await change(old);
    signal?.throwIfAborted();
    try {
      if (value !== undefined) {
        const receipt = await cache.set(key, value, {
          ...writeOptions(options),
          ifVersion: version,
        });
        return resultOf(receipt, value);
      }
      // Nothing there, and nothing wanted there.
      if (old === undefined)
        return resultOf({ version, degraded: false, persisted: nothing }, value);
      const receipt = await cache.delete(key, { ...call, ack, ifVersion: version });
      return resultOf(receipt, value);
    } catch (error) {
      if (!isConflict(error) || attempt >= retries) throw error;
    }
    await delay(clock, backoffMs(attempt, BACKOFF, random), signal);
  }
}

/** There is nothing to wait for. */
async function nothing(): Promise<void> {}

function resultOf<V>(receipt: WriteReceipt, value: V | undefined): UpdateResult<V> {
  const { version, degraded } = receipt;
  return { version, degraded, value, persisted: (options) => receipt.persisted(options) };
}

function writeOptions({ retries, ...rest }: UpdateOptions): Omit<UpdateOptions, "retries"> {
  return rest;
}

function isConflict(error: unknown): boolean {
  return error instanceof CacheError && error.code === "VERSION_CONFLICT";
}
