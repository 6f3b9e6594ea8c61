/**
 * Versions of entries: `term * 2^32 + sequence`, a safe integer that only grows for one key.
 *
 * The term grows each time the partition changes owner, the sequence with each write of the
 * owner. So any write of a new owner has a higher version than any write of the one before,
 * without the two ever talking. Version 0 is "absent", and a database row that nobody
 * versioned counts as version 1 (term 0).
 */

export const ABSENT_VERSION = 0;
export const UNVERSIONED_ROW = 1;

/** Terms start at 1 and stay below this, so that every version is a safe integer. */
export const MAX_TERM: number = 2 ** 21;

/** From this sequence on an owner asks for a new term for itself. */
export const SEQUENCE_RENEWAL: number = 2 ** 31;

/** The last sequence of a term; beyond it the owner refuses writes. */
export const MAX_SEQUENCE: number = 2 ** 32 - 1;

const SEQUENCES_PER_TERM = 2 ** 32;

export function makeVersion(term: number, sequence: number): number {
  return term * SEQUENCES_PER_TERM + sequence;
}

export function termOf(version: number): number {
  return Math.floor(version / SEQUENCES_PER_TERM);
}

export function sequenceOf(version: number): number {
  return version % SEQUENCES_PER_TERM;
}
