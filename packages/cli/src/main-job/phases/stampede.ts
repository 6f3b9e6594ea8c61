/**
 * A product is launched and everybody asks for it in the same moment: many callers, several
 * processes' worth of clients, one key that is in no cache. The database shall see one read.
 *
 * It is counted twice: by the nodes at once, and by PostgreSQL, whose figure comes a little later
 * and is read at the end (`launchReads` in catalogue.ts).
 */
import { type Cluster, connect } from "@holdfast/client";
import { CACHE } from "../caches.js";
import { CALL_TIMEOUT, type JobContext } from "../context.js";
import { cacheTotals } from "../stats.js";
import type { Row } from "../tables.js";

export interface StampedeResult {
  readonly callers: number;
  readonly clients: number;
  readonly loads: number;
}

const CALLERS = 1_000;
const CLIENTS = 4;
const LAUNCHED = "1";

export async function stampede(context: JobContext): Promise<StampedeResult> {
  const { cluster, signal } = context;
  const before = await cacheTotals(context, CACHE.launches);
  const clients: Cluster[] = [];
  try {
    for (let number = 0; number < CLIENTS; number++) {
      clients.push(await connect({ seeds: cluster.seeds, timeout: CALL_TIMEOUT }));
    }
    signal.throwIfAborted();
    const calls = Array.from({ length: CALLERS }, (_, index) => {
      // There are CLIENTS of them, so the remainder names one.
      const client = clients[index % CLIENTS] as Cluster;
      return client.cache<Row>(CACHE.launches).get(LAUNCHED);
    });
    const answers = await Promise.all(calls);
    if (answers.some((row) => row === undefined)) throw new Error("a caller got no row");
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
  const after = await cacheTotals(context, CACHE.launches);
  return { callers: CALLERS, clients: CLIENTS, loads: after.loads - before.loads };
}
