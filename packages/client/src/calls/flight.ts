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

  /** @throws {CacheError} `OVERLOADED` when the operation does not fit. */
  enter(bytes: number): void {
    const { maxOperations, maxBytes } = this.#bounds;
    if (this.#operations >= maxOperations) {
      throw new CacheError("OVERLOADED", `${maxOperations} operations are in flight already`);
    }
    // One operation alone always fits; its size has a limit of its own.
    if (this.#operations > 0 && this.#bytes + bytes > maxBytes) {
      throw new CacheError("OVERLOADED", `${this.#bytes} of ${maxBytes} bytes are in flight`);
    }
    this.#operations += 1;
    this.#bytes += bytes;
  }

  leave(bytes: number): void {
    this.#operations -= 1;
    this.#bytes -= bytes;
  }
}
