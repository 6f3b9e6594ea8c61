/**
 * One after another for each key: writes that must await something between looking at the present
 * entry and replacing it. A key that nobody holds costs nothing, and its action runs at once.
 */
import { CacheError } from "@holdfast/core";

/** Most actions of one key that wait for their turn; further ones are refused. */
const MAX_WAITING = 1_000;

interface Line {
  /** Settles when the last action of the key so far has ended. */
  tail: Promise<void>;
  length: number;
}

export class KeyTurns {
  readonly #lines = new Map<string, Line>();

  /** Whether it is nobody's turn. */
  get isIdle(): boolean {
    return this.#lines.size === 0;
  }

  /**
   * Runs `action` when all earlier actions of this key have ended; at once when there is none.
   *
   * @throws {CacheError} `OVERLOADED` when too many wait already.
   */
  run<T>(key: string, action: () => T | Promise<T>): T | Promise<T> {
    const line = this.#lines.get(key);
    if (line !== undefined && line.length >= MAX_WAITING) {
      throw new CacheError("OVERLOADED", `${MAX_WAITING} writes of this key wait already`);
    }
    const result = line === undefined ? action() : line.tail.then(action);
    if (!(result instanceof Promise)) return result;
    const joined = this.#lines.get(key) ?? { tail: Promise.resolve(), length: 0 };
    this.#lines.set(key, joined);
    joined.length += 1;
    const leave = () => {
      joined.length -= 1;
      if (joined.length === 0) this.#lines.delete(key);
    };
    joined.tail = result.then(leave, leave);
    return result;
  }
}
