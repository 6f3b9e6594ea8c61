/**
 * Chance that can be repeated: the same seed makes the same lookups and writes (mulberry32,
 * T. Ettinger). Good enough to draw with, not for secrets.
 */
import type { Random } from "@holdfast/core";

export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    },
  };
}
