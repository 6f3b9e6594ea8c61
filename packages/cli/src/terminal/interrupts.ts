/**
 * Ctrl-C and its relatives, for commands that must finish in order: the first signal asks the
 * command to end, a second one ends the process at once.
 *
 * Signals that arrive close together are one wish: when npm runs the command, Ctrl-C reaches it
 * twice, from the terminal and from npm, which passes on what it gets itself.
 */
import type { Clock } from "@holdfast/core";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const SAME_WISH_MS = 1_000;

/** The part of `process` that is needed. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

export interface InterruptOptions {
  readonly source: SignalSource;
  readonly clock: Clock;
  /** Called at the second wish; does not return in a real process. */
  readonly onSecond: () => void;
}

export class Interrupts {
  readonly #options: InterruptOptions;
  readonly #controller = new AbortController();
  #firstAtMs: number | undefined;

  constructor(options: InterruptOptions) {
    this.#options = options;
    for (const signal of SIGNALS) options.source.on(signal, this.#onSignal);
  }

  /** Aborts at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) this.#options.source.off(signal, this.#onSignal);
  }

  readonly #onSignal = (): void => {
    const nowMs = this.#options.clock.monotonic();
    if (this.#firstAtMs === undefined) {
      this.#firstAtMs = nowMs;
      this.#controller.abort(new InterruptedError());
    } else if (nowMs - this.#firstAtMs >= SAME_WISH_MS) {
      this.#options.onSecond();
    }
  };
}

/** The reason of an interrupted command's signal. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";

  constructor() {
    super("interrupted");
  }
}
