/**
 * Chance, as the rest of the code sees it: jitter, sampling, tie-breaking. Identities that must be
 * unique or unguessable (incarnations, tokens) come from node:crypto instead and are made at the
 * edge, in the composition roots.
 */

export interface Random {
  /** A number from 0 (included) to 1 (excluded). */
  next(): number;
}

export const systemRandom: Random = { next: () => Math.random() };
