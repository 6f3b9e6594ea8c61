/**
 * Instants of the wall clock in 32 bits, for tables that keep one for each entry: in steps of 8 ms, of which 397 days
 * fit. Which round of those is meant follows from the time at which somebody asks.
 */

/** How exactly instants are kept. */
export const INSTANT_MS = 8;

/** A clock that is set back by less than this, a day, makes no instant wrong. */
export const MAX_MS_BACK = 86_400_000;
const MAX_STEPS_BACK: number = MAX_MS_BACK / INSTANT_MS;

/** The step in which an instant lies, as a table keeps it. */
export function instantStep(ms: number): number {
  return lowBits(stepOf(ms));
}

/** When a step began, in wall-clock ms, if that is less than a year before `nowMs`. */
export function instantMs(step: number, nowMs: number): number {
  const now = stepOf(nowMs);
  const age = (lowBits(now) - step) >>> 0;
  // It is from a clock that has been set back since.
  if (age > 2 ** 32 - MAX_STEPS_BACK) return (now + (2 ** 32 - age)) * INSTANT_MS;
  return (now - age) * INSTANT_MS;
}

/** The remainder of a division by 2^32. Processors take ten times as long for `%` with such numbers. */
function lowBits(step: number): number {
  return step - Math.floor(step / 2 ** 32) * 2 ** 32;
}

function stepOf(ms: number): number {
  return Math.floor(ms / INSTANT_MS);
}
