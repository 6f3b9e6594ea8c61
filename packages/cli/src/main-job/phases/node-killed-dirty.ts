/**
 * The kill of a node that holds dirty entries. Its backups have them too: they take over, and whoever
 * reads meanwhile gets what was acknowledged. When the node runs again, it brings back what is in its
 * journal as well. This run counts what others cannot read at once, and what is missing in the database
 * in the end, in a cache of its own that the final comparison leaves out.
 */
import { CACHE } from "../caches.js";
import { entriesOf } from "../catalogue.js";
import type { JobContext } from "../context.js";
import { Ledger } from "../ledger.js";
import { inParallel } from "../parallel.js";
import { dirtyEntriesOf, untilClean } from "../stats.js";

export interface NodeKilledDirtyResult {
  readonly nodeId: string;
  readonly acknowledged: number;
  /** Dirty entries of the node just before it was killed. */
  readonly dirty: number;
  /** Acknowledged writes that nobody could read while the node was away. */
  readonly unreadable: number;
  /** Acknowledged writes that are not in the database in the end. */
  readonly lost: number;
}

const WRITES = 2_000;
const IN_FLIGHT = 64;
const FLUSH_TIMEOUT_MS = 30_000;

export async function nodeKilledDirty(context: JobContext): Promise<NodeKilledDirtyResult> {
  const { caches, cluster, database, signal } = context;
  const victim = cluster.nodes[0];
  if (victim === undefined) throw new Error("there is no node to kill");
  const ledger = new Ledger<number>();
  await inParallel(
    WRITES,
    async (index) => {
      const key = `reservation-${index}`;
      const { version } = await caches.reservations.set(key, index);
      ledger.acknowledge(key, index, version);
    },
    { inFlight: IN_FLIGHT, signal },
  );
  const dirty = await dirtyEntriesOf(context, victim);
  await cluster.killNode(victim.nodeId);
  let unreadable = 0;
  await inParallel(
    WRITES,
    async (index) => {
      const key = `reservation-${index}`;
      if ((await caches.reservations.get(key)) !== ledger.get(key)) unreadable += 1;
    },
    { inFlight: IN_FLIGHT, signal },
  );
  await cluster.settled({ signal });
  await cluster.restartNode(victim.nodeId);
  await cluster.settled({ signal });
  await caches.reservations.flush();
  await untilClean(context, { timeoutMs: FLUSH_TIMEOUT_MS, signal });
  const found = await entriesOf(database, CACHE.reservations);
  const lost = [...ledger.keys()].filter(
    (key) => found.get(key) !== JSON.stringify(ledger.get(key)),
  );
  const { nodeId } = victim;
  return { nodeId, acknowledged: ledger.size, dirty, unreadable, lost: lost.length };
}
