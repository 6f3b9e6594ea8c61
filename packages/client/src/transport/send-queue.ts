/** What a pipe has still to send, in the order in which it came. */

interface Queued {
  /** How many operations it has. */
  readonly operations: number;
  readonly bytes: number;
  /** Whether it was not withdrawn. */
  readonly isQueued: boolean;
}

export class SendQueue<Attempt extends Queued> {
  #attempts: Attempt[] = [];
  /** How many of them have been withdrawn. */
  #withdrawn = 0;
  #operations = 0;
  #bytes = 0;

  get operations(): number {
    return this.#operations;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** `undefined`: it is empty. */
  get first(): Attempt | undefined {
    return this.#attempts.find(({ isQueued }) => isQueued);
  }

  add(attempt: Attempt): void {
    this.#attempts.push(attempt);
    this.#operations += attempt.operations;
    this.#bytes += attempt.bytes;
  }

  /** One that is here is queued no longer. */
  withdraw(attempt: Attempt): void {
    this.#forget(attempt);
    this.#withdrawn += 1;
    if (2 * this.#withdrawn < this.#attempts.length) return;
    this.#attempts = this.#attempts.filter(({ isQueued }) => isQueued);
    this.#withdrawn = 0;
  }

  /** Takes as many as there is room for in a batch, and at least one if there is any. */
  take(maxOperations: number, maxBytes: number): Attempt[] {
    const taken: Attempt[] = [];
    let end = 0;
    let operations = 0;
    let bytes = 0;
    for (const attempt of this.#attempts) {
      if (attempt.isQueued) {
        operations += attempt.operations;
        bytes += attempt.bytes;
        if (taken.length > 0 && (operations > maxOperations || bytes > maxBytes)) break;
        taken.push(attempt);
        this.#forget(attempt);
      } else this.#withdrawn -= 1;
      end += 1;
    }
    this.#attempts = end === this.#attempts.length ? [] : this.#attempts.slice(end);
    return taken;
  }

  takeAll(): Attempt[] {
    return this.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  #forget({ operations, bytes }: Attempt): void {
    this.#operations -= operations;
    this.#bytes -= bytes;
  }
}
