/**
 * Keeps a number of operations in flight: each of that many loops takes the next piece of work when
 * its last is done, until there is none, one fails, or the signal aborts.
 */
export interface ParallelOptions {
  readonly inFlight: number;
  readonly signal: AbortSignal;
}

/**
 * Calls `work` with 0, 1, … `count` − 1. Resolves when all are done.
 *
 * @throws the first failure, or the signal's reason, after what was in flight has ended: an
 *   acknowledgement that is still under way is not overlooked.
 */
export async function inParallel(
  count: number,
  work: (index: number) => Promise<void>,
  options: ParallelOptions,
): Promise<void> {
  let next = 0;
  let hasFailed = false;
  const loop = async () => {
    while (next < count && !hasFailed && !options.signal.aborted) {
      try {
        await work(next++);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  const loops = Array.from({ length: options.inFlight }, loop);
  await Promise.allSettled(loops);
  await Promise.all(loops);
  options.signal.throwIfAborted();
}
