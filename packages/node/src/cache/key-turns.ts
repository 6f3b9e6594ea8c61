/**
 * One after another for each key: writes that must await something between looking at the present
 * entry and replacing it. A key that nobody holds costs nothing, and its action runs at once.
 */

export class KeyTurns {
  /** Settles when the last of the key's actions so far has ended. */
  readonly #tails = new Map<string, Promise<void>>();

  /** Runs `action` when all earlier actions of this key have ended; at once when there is none. */
  run<T>(key: string, action: () => T | Promise<T>): T | Promise<T> {
    const tail = this.#tails.get(key);
    const result = tail === undefined ? action() : tail.then(action);
    if (!(result instanceof Promise)) return result;
    const leave = () => {
      if (this.#tails.get(key) === ended) this.#tails.delete(key);
    };
    const ended: Promise<void> = result.then(leave, leave);
    this.#tails.set(key, ended);
    return result;
  }
}
