/**
 * Waiting for a condition, with a deadline: what tests of real servers do in place of sleeping.
 */

const POLL_INTERVAL_MS = 20;
const BREATHER_MS = 5;

/**
 * Calls `probe` until it returns something other than `undefined` or `false`, and returns that.
 * A probe that throws is asked again; its last failure is the cause when time runs out.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 10_000,
): Promise<T> {
  const endsAtMs = performance.now() + timeoutMs;
  let failure: unknown;
  for (;;) {
    try {
      const result = await probe();
      if (result !== undefined && result !== false) return result;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= endsAtMs) {
      throw new Error(`${what}: not within ${timeoutMs} ms`, { cause: failure });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}

/**
 * For whoever reads or writes in a loop: it takes a cluster no more to be under load, while a loop without end or pause
 * takes all of the processors from the nodes, and from the test beside it.
 */
export function breather(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, BREATHER_MS));
}

/** Faults last a while; what is waited for here is time itself. */
export async function passed(ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  await eventually("time passes", () => performance.now() >= untilMs, ms + 10_000);
}
