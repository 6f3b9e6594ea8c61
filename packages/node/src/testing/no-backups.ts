/** A node without backups: nothing is sent to any, and nothing promised, by it or to it. */
import type { ReplicaSets } from "../cache/cache-replication.js";
import type { PromisedUntil } from "../ownership/ownership.js";
import type { Promises } from "../ownership/right-to-serve.js";

export const noPromises: Promises = {
  safeUntilMs: (_partition, leaseUntilMs) => leaseUntilMs,
};

export const promisedNothing: PromisedUntil = () => Number.NEGATIVE_INFINITY;

export const noBackups: ReplicaSets = { setOf: () => undefined };
