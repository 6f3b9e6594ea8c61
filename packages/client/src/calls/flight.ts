/**
 * How much one client may have in the air. An operation counts from its call until its caller has
 * an answer, over all its attempts; what does not fit is refused at once, because a caller that
 * waits here would only fill the process's memory instead.
 */
import { CacheError } from "@holdfast/core";

export interface FlightBounds {
  readonly maxOperations: number;
  readonly maxBytes: number;
}

export class Flight {
  readonly #bounds: FlightBounds;
  #operations = 0;
  #bytes = 0;

  constructor(bounds: FlightBounds) {
    this.#bounds = bounds;
  }

  get operations(): number {
    return this.#operations;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * @param bytes - of all of them.
   * @throws {CacheError} `OVERLOADED` when the operations do not fit.
   */
  enter(bytes: number, operations = 1): void {
    const { maxOperations, maxBytes } = this.#bounds;
    if (this.#operations + operations > maxOperations) {
      throw new CacheError("OVERLOADED", `${maxOperations} operations are in flight already`);
    }
    // One operation alone always fits; its size has a limit of its own.
    if (this.#operations > 0 && this.#bytes + bytes > maxBytes) {
      throw new CacheError("OVERLOADED", `${this.#bytes} of ${maxBytes} bytes are in flight`);
    }
    this.#operations += operations;
    this.#bytes += bytes;
  }

  leave(bytes: number, operations = 1): void {
    this.#operations -= operations;
    this.#bytes -= bytes;
  }
}
