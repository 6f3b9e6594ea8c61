/**
 * The shop's caches: every pattern, and both kinds of source. In the form in which they would be
 * written in a YAML file, applied as `holdfast caches apply` does it.
 */
import type { CacheDefinitionInput } from "../rpc/operations.js";
import { LAUNCHES_TABLE, PRICES, PRODUCTS, STOCK } from "./tables.js";

export const CACHE = {
  /** read-through over the product table, a tenth of it */
  products: "products",
  /** cache-aside: the application loads and writes the product table itself */
  productsAside: "products-aside",
  /** write-through */
  prices: "prices",
  /** write-behind over a table */
  stock: "stock",
  /** write-behind over Holdfast's own table */
  views: "views",
  /** write-behind over Holdfast's own table, with a wait long enough to be killed in */
  reservations: "reservations",
  /** read-through over a table with a single row */
  launches: "launches",
} as const;

/** The name under which the query for warming is configured. */
export const WARM_QUERY = "all";

/** The share of the catalogue that the product cache holds, cluster-wide. */
const CACHED_SHARE = 0.1;

export function cachedProducts(products: number): number {
  return Math.ceil(products * CACHED_SHARE);
}

export interface CatalogueSize {
  readonly products: number;
  readonly nodes: number;
}

export function cacheDefinitions({
  products,
  nodes,
}: CatalogueSize): readonly CacheDefinitionInput[] {
  const table = (name: string, key: string) => ({ kind: "table", table: name, key });
  const definitions: Readonly<Record<(typeof CACHE)[keyof typeof CACHE], unknown>> = {
    products: {
      pattern: "read-through",
      eviction: "lru",
      // The bound is one of each node; a node has an even share of the keys.
      maxEntries: Math.ceil(cachedProducts(products) / nodes),
      source: table(PRODUCTS.name, PRODUCTS.key),
    },
    "products-aside": { pattern: "cache-aside", ttl: "10m", ttlJitter: 0.1 },
    prices: {
      pattern: "write-through",
      source: table(PRICES.name, PRICES.key),
      warm: {
        queries: {
          [WARM_QUERY]: `SELECT ${PRICES.key} FROM ${PRICES.name} ORDER BY ${PRICES.key}`,
        },
      },
    },
    stock: { pattern: "write-behind", source: table(STOCK.name, STOCK.key) },
    views: { pattern: "write-behind", source: { kind: "entries" } },
    reservations: {
      pattern: "write-behind",
      source: { kind: "entries" },
      // So long that what the killed node has is dirty, however slow the machine is.
      writeBehind: { maxDelay: "1m" },
    },
    launches: { pattern: "read-through", source: table(LAUNCHES_TABLE, "id") },
  };
  return Object.entries(definitions).map(([name, config]) => ({ name, config }));
}
