/**
 * The configurations that the adaptive policy chooses from. All of them live on the same lists
 * (segments.ts), so that changing over moves nothing at once.
 *
 * No single one is good everywhere: on the public traces of bench/eviction.mjs the best of them differs from
 * trace to trace and from size to size, and each of the five is far below plain LRU somewhere, but LRU.
 */

/**
 * How entries get into the main part and leave it:
 * - `frequency`: what the window pushes out must have been asked for more often than the main part's victim;
 * - `reads`: what was read twice in the window moves on, and the main part is a queue, as in S3-FIFO;
 * - `recency`: there is no main part; what it still holds is given up first.
 */
export type Admission = "frequency" | "reads" | "recency";

export interface Rules {
  readonly name: string;
  readonly admission: Admission;
  /** Part of all entries that the window takes. */
  readonly windowShare: number;
  /** By how much more than its victim an entry must have been asked for. */
  readonly margin: number;
}

/**
 * Chosen greedily by what they add to the best of the others on the traces. A margin keeps a loop that
 * is larger than the cache from replacing what would be hit in the next round: all of its keys are
 * equally frequent, but for the one that was counted just now.
 */
export const RULES: readonly Rules[] = [
  { name: "window 10 %", admission: "frequency", windowShare: 0.1, margin: 0 },
  { name: "window 30 %", admission: "frequency", windowShare: 0.3, margin: 0 },
  { name: "LRU", admission: "recency", windowShare: 1, margin: 0 },
  { name: "window 1 %, with a margin", admission: "frequency", windowShare: 0.01, margin: 1 },
  { name: "S3-FIFO", admission: "reads", windowShare: 0.1, margin: 0 },
];

/** Places in the table above. */
export const SMALL_WINDOW = 0;
export const RECENCY = 2;

/** As many keys that left are remembered, for each entry that fits: 4 bytes for an entry, in ghosts.ts. */
export const REMEMBERED_SHARE: number = 8 / 9;
