/**
 * Gathers the keys of one call that are to be loaded together: those of which that is told while replies about others
 * are still missing. When none is missing any more, the round is closed and its loader run. So it is when one
 * has been missing for too long: the keys of an owner that is slow or gone hold up no others, for which
 * others in the cluster wait meanwhile, and go into a round of their own.
 */
import type { Clock, Logger } from "@holdfast/core";
import type { LoadedKeys, LoaderRun } from "./loader-run.js";

/**
 * Longest time, in milliseconds, from the first key of a round to its run: a quarter of the lease that nodes
 * give, and more than a reply takes from a node that is well.
 */
export const ROUND_MAX_MS = 500;

export interface LoadRoundsParts<V> {
  readonly cache: string;
  readonly createRun: () => LoaderRun<V>;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Round<V> {
  readonly run: LoaderRun<V>;
  readonly loaded: Promise<LoadedKeys<V>>;
  readonly close: () => void;
}

export class LoadRounds<V> {
  readonly #parts: LoadRoundsParts<V>;
  #missing = 0;
  #open: Round<V> | undefined;

  constructor(parts: LoadRoundsParts<V>) {
    this.#parts = parts;
  }

  /** Keeps the round open, as long as it may be, until this has been asked for, and its key been added. */
  async during<T>(ask: () => Promise<T>): Promise<T> {
    this.#missing += 1;
    try {
      return await ask();
    } finally {
      this.#missing -= 1;
      if (this.#missing === 0) this.#open?.close();
    }
  }

  /** Adds a key to the round that is open now. Returns what this loads. */
  add(addTo: (run: LoaderRun<V>) => void): Promise<LoadedKeys<V>> {
    this.#open ??= this.#begin();
    addTo(this.#open.run);
    return this.#open.loaded;
  }

  #begin(): Round<V> {
    const { cache, createRun, clock, logger } = this.#parts;
    const run = createRun();
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const close = () => {
      cancel();
      this.#open = undefined;
      end();
    };
    const cancel = clock.after(ROUND_MAX_MS, close);
    const loaded = ended.then(() => run.run());
    // Whoever has got a value already does not wait for it.
    loaded.catch((err: unknown) => logger.debug({ cache, err }, "what was loaded is refused"));
    return { run, loaded, close };
  }
}
