/**
 * Changes of prices, as an application makes them: through the write-through cache, and until they
 * are acknowledged.
 *
 * A write whose outcome is unknown (its node died with the answer) is never sent again by the SDK,
 * because only the application knows whether that is harmless. Here it is: a price is set, not
 * added to. So it is written again, within the same deadline as every call.
 */
import { CacheError } from "@holdfast/core";
import { CALL_TIMEOUT_MS, type JobContext } from "./context.js";

export interface PriceWrite {
  /** How often the outcome was unknown, so that the price was written again. */
  readonly repeats: number;
}

/** Gives a product a new price. Its acknowledgement is noted in the ledger. */
export async function changePrice(context: JobContext, id: number): Promise<PriceWrite> {
  const { caches, clock, ledgers, random } = context;
  const key = String(id);
  const revision = Number(ledgers.prices.get(key)?.revision ?? 0) + 1;
  const row = { price_cents: 100 + Math.floor(random.next() * 100_000), revision };
  const deadlineMs = clock.monotonic() + CALL_TIMEOUT_MS;
  for (let repeats = 0; ; repeats++) {
    try {
      const timeout = Math.max(1, deadlineMs - clock.monotonic());
      const { version } = await caches.prices.set(key, row, { timeout });
      ledgers.prices.acknowledge(key, row, version);
      return { repeats };
    } catch (error) {
      const isUnknown = error instanceof CacheError && error.code === "OUTCOME_UNKNOWN";
      if (!isUnknown || clock.monotonic() >= deadlineMs) throw error;
    }
  }
}
