/** What every phase of the main job works with. */
import type { Cache, Cluster } from "@holdfast/client";
import type { Clock, Random } from "@holdfast/core";
import type { Database } from "@holdfast/process";
import type { LocalCluster } from "../local/local-cluster.js";
import type { Reporter } from "../terminal/reporter.js";
import { CACHE } from "./caches.js";
import { Ledger } from "./ledger.js";
import type { Row } from "./tables.js";
import type { LookupCursor, Workload } from "./workload.js";

export interface JobContext {
  readonly cluster: LocalCluster;
  /** The shop's client. Every call gives up after `CALL_TIMEOUT`, its own retries included. */
  readonly client: Cluster;
  readonly caches: ShopCaches;
  readonly database: Database;
  readonly workload: Workload;
  /** Goes on where the last phase stopped. */
  readonly cursor: LookupCursor;
  readonly ledgers: Ledgers;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly random: Random;
  /** How many processors the machine has. */
  readonly processors: number;
  /** Aborts when the person wants the job to end. */
  readonly signal: AbortSignal;
}

export const CALL_TIMEOUT = "10s";
export const CALL_TIMEOUT_MS = 10_000;

/** How many lookups are under way at once, in every phase that measures or watches them. */
export const LOOKUPS_IN_FLIGHT = 8;

export interface ShopCaches {
  readonly products: Cache<Row>;
  readonly productsAside: Cache<Row>;
  readonly prices: Cache<Row>;
  readonly stock: Cache<Row>;
  readonly views: Cache<number>;
  readonly reservations: Cache<number>;
}

export function shopCaches(client: Cluster): ShopCaches {
  return {
    products: client.cache<Row>(CACHE.products),
    productsAside: client.cache<Row>(CACHE.productsAside),
    prices: client.cache<Row>(CACHE.prices),
    stock: client.cache<Row>(CACHE.stock),
    views: client.cache<number>(CACHE.views),
    reservations: client.cache<number>(CACHE.reservations),
  };
}

/** What has been acknowledged, by table or cache. */
export interface Ledgers {
  readonly products: Ledger<Row>;
  readonly prices: Ledger<Row>;
  readonly stock: Ledger<Row>;
  readonly views: Ledger<number>;
}

export function createLedgers(): Ledgers {
  return {
    products: new Ledger(),
    prices: new Ledger(),
    stock: new Ledger(),
    views: new Ledger(),
  };
}
