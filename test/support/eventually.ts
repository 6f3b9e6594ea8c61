/**
 * Waiting for a condition, with a deadline: what tests of real servers do in place of sleeping.
 */

const POLL_INTERVAL_MS = 20;

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

/** Faults last a while; what is waited for here is time itself. */
export async function passed(ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  await eventually("time passes", () => performance.now() >= untilMs, ms + 10_000);
}
