/**
 * Cache-aside: the application loads what is missing, and after it has written its database it
 * drops the cached entry, here and in the read-through cache over the same table.
 */
import { describeProduct, loadProduct } from "../catalogue.js";
import { type JobContext, LOOKUPS_IN_FLIGHT } from "../context.js";
import { inParallel } from "../parallel.js";

export interface CacheAsideResult {
  readonly reads: number;
  /** How often the application had to load. */
  readonly loads: number;
  readonly updates: number;
  /** Reads after an update that did not see it. */
  readonly stale: number;
}

const READS = 5_000;
const UPDATES = 500;

export async function cacheAside(context: JobContext): Promise<CacheAsideResult> {
  const { caches, cursor, database, ledgers, signal } = context;
  const parallel = { inFlight: LOOKUPS_IN_FLIGHT, signal };
  let loads = 0;
  const load = (id: number) => () => {
    loads++;
    return loadProduct(database, id);
  };
  const read = (id: number) => caches.productsAside.getOrLoad(String(id), load(id));

  const seen = new Set<number>();
  await inParallel(
    READS,
    async () => {
      const id = cursor.next();
      seen.add(id);
      await read(id);
    },
    parallel,
  );

  const updated = [...seen].slice(0, UPDATES);
  let stale = 0;
  await inParallel(
    updated.length,
    async (index) => {
      const id = updated[index] as number;
      const key = String(id);
      const row = await describeProduct(
        database,
        id,
        `Described anew for the sale, product ${id}.`,
      );
      ledgers.products.acknowledge(key, row, Number(row.revision));
      await Promise.all([caches.productsAside.delete(key), caches.products.delete(key)]);
      const [aside, through] = await Promise.all([read(id), caches.products.get(key)]);
      if (aside.revision !== row.revision || through?.revision !== row.revision) stale++;
    },
    parallel,
  );
  return { reads: READS, loads, updates: updated.length, stale };
}
