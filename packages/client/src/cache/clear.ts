/**
 * Clearing a cache: every owner drops what it has, and whoever became an owner meanwhile drops it
 * too. Clearing one node twice does no harm, so a partition that moved is simply cleared again
 * where it is now.
 */
import { CacheError, type Clock, delay } from "@holdfast/core";
import type { Operations } from "../calls/operations.js";
import type { OwnedPartition, Router, Target } from "../routing/router.js";
import { sizeOf } from "./requests.js";

/** An owner that cannot be reached keeps the clear waiting; this often it is looked for anew. */
const RETRY_MS = 50;

export interface ClearRequest {
  readonly cache: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Resolves when every partition was cleared at the owner that it then still had. */
export async function clearEverywhere(
  { cache, timeoutMs, signal }: ClearRequest,
  operations: Operations,
  router: () => Router,
  clock: Clock,
): Promise<void> {
  const deadlineMs = clock.monotonic() + timeoutMs;
  const cleared = new Set<string>();
  const clearAt = async (owner: Target): Promise<void> => {
    const owned = router()
      .ownedPartitions()
      .filter((partition) => partition.owner === owner);
    const operation = { kind: "CLEAR", cache } as const;
    await operations.run({
      operation: { ...operation },
      to: owner,
      isWrite: true,
      bytes: sizeOf(operation),
      timeoutMs: Math.max(1, deadlineMs - clock.monotonic()),
      signal,
    });
    for (const partition of owned) cleared.add(idOf(partition));
  };
  for (;;) {
    const rest = router()
      .ownedPartitions()
      .filter((partition) => !cleared.has(idOf(partition)));
    if (rest.length === 0) return;
    const owners = [...new Set(rest.map(({ owner }) => owner))];
    const results = await Promise.allSettled(owners.map(clearAt));
    const failures = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason as unknown] : [],
    );
    for (const reason of failures) if (!hasLeft(reason)) throw reason;
    if (failures.length > 0) await delay(clock, RETRY_MS, signal);
  }
}

/** The member was gone before the operation was sent: its partitions have, or get, other owners. */
function hasLeft(reason: unknown): boolean {
  return reason instanceof CacheError && reason.code === "UNAVAILABLE";
}

function idOf({ partition, term, owner }: OwnedPartition): string {
  return `${partition} ${term} ${owner.incarnation}`;
}
