/**
 * Who is to be told when a signal aborts. Services pass one signal, that of their own end, to every call, thousands
 * of which may be under way. Were each a listener of its own, Node would warn of a leak from the eleventh on, and
 * compare every new one with all others. So each signal has a single listener, as long as anybody waits for it.
 */

interface Waiting {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

export class AbortListeners {
  readonly #waiting = new Map<AbortSignal, Waiting>();

  /**
   * Calls back once, when the signal aborts, unless what this returns is called before. For a signal that has
   * aborted already it never does.
   */
  add(signal: AbortSignal, callback: () => void): () => void {
    const waiting = this.#waiting.get(signal) ?? this.#listenTo(signal);
    // Its own function, so that one callback may be added twice.
    const mine = () => callback();
    waiting.callbacks.add(mine);
    return () => {
      waiting.callbacks.delete(mine);
      if (waiting.callbacks.size === 0) this.#forget(signal, waiting);
    };
  }

  /** As `promise`, but rejects as soon as the signal has aborted, after `onLeave`; what it waited for goes on. */
  leaving<T>(
    promise: Promise<T>,
    signal: AbortSignal | undefined,
    onLeave?: () => void,
  ): Promise<T> {
    if (signal === undefined) return promise;
    return new Promise((resolve, reject) => {
      const leave = () => {
        onLeave?.();
        reject(signal.reason);
      };
      if (signal.aborted) leave();
      const ignore = this.add(signal, leave);
      promise.then(resolve, reject).finally(ignore);
    });
  }

  #listenTo(signal: AbortSignal): Waiting {
    const callbacks = new Set<() => void>();
    const listener = () => {
      for (const callback of callbacks) callback();
    };
    const waiting = { callbacks, listener };
    this.#waiting.set(signal, waiting);
    signal.addEventListener("abort", listener, { once: true });
    return waiting;
  }

  #forget(signal: AbortSignal, waiting: Waiting): void {
    if (this.#waiting.get(signal) !== waiting) return;
    this.#waiting.delete(signal);
    signal.removeEventListener("abort", waiting.listener);
  }
}
