/**
 * Takes acknowledged writes that come back from a journal to their caches on this node, if it owns
 * them. What becomes of one is the pattern's decision (write-behind/replayed-writes.ts); what cannot be
 * decided now is asked for again by whoever replays.
 */
import type { Logger, Placement } from "@holdfast/core";
import { hash32, partitionOfHash } from "@holdfast/core";
import type { ReplayedRecord, ReplayOutcome } from "../journal/record.js";
import type { Ownership } from "../ownership/ownership.js";
import type { Caches } from "./caches.js";

export class Replays {
  readonly #caches: Caches;
  readonly #ownership: Ownership;
  readonly #placement: Placement;
  readonly #logger: Logger;

  constructor(caches: Caches, ownership: Ownership, placement: Placement, logger: Logger) {
    this.#caches = caches;
    this.#ownership = ownership;
    this.#placement = placement;
    this.#logger = logger;
  }

  /** Outcomes in the order of the records. Never throws. */
  replay(records: readonly ReplayedRecord[], deadlineMs: number): Promise<ReplayOutcome[]> {
    return Promise.all(records.map((record) => this.#replayOne(record, deadlineMs)));
  }

  async #replayOne(record: ReplayedRecord, deadlineMs: number): Promise<ReplayOutcome> {
    const { cacheId, ...write } = record;
    try {
      const cache = this.#caches.findById(cacheId);
      if (cache === undefined) return "later";
      const keyHash = hash32(Buffer.from(write.key), this.#placement.hashSeed) | 0;
      const partition = partitionOfHash(keyHash, this.#placement);
      const tenure = this.#ownership.admit(partition);
      const context = { tenure, keyHash, deadlineMs };
      return await cache.operations.replay({ ...write, partition }, context);
    } catch (error) {
      this.#logger.debug({ err: error, cacheId }, "a replayed write has to wait");
      return "later";
    }
  }
}
