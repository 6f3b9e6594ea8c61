/**
 * What was sent and is not answered yet, by number. Numbers ascend, and most replies come soon: so the latest are in a
 * ring, and only the few that are overtaken by a whole round of it go to a map.
 */

/** A power of two; as many as clients usually have in flight at most. */
const RING_SIZE = 4_096;

interface Numbered {
  /** The first of its numbers. */
  readonly id: number;
  /** How many it has. */
  readonly operations: number;
}

export class SentAttempts<Attempt extends Numbered> {
  readonly #ring: (Attempt | undefined)[] = new Array(RING_SIZE).fill(undefined);
  /** Which number is at a place of the ring that is taken. */
  readonly #ids = new Float64Array(RING_SIZE);
  readonly #slow = new Map<number, Attempt>();
  #size = 0;

  /** How many numbers there are. */
  get size(): number {
    return this.#size;
  }

  /** Its numbers are higher than all before. */
  add(attempt: Attempt): void {
    const { id: first, operations } = attempt;
    for (let id = first; id < first + operations; id++) {
      const place = id & (RING_SIZE - 1);
      const slow = this.#ring[place];
      if (slow !== undefined) this.#slow.set(this.#ids[place] as number, slow);
      this.#ring[place] = attempt;
      this.#ids[place] = id;
    }
    this.#size += operations;
  }

  /** Removes a number, and returns the attempt that has it. */
  take(id: number): Attempt | undefined {
    const place = id & (RING_SIZE - 1);
    const attempt = this.#ring[place];
    if (attempt !== undefined && this.#ids[place] === id) {
      this.#ring[place] = undefined;
      this.#size -= 1;
      return attempt;
    }
    const slow = this.#slow.get(id);
    if (this.#slow.delete(id)) this.#size -= 1;
    return slow;
  }

  /** Removes what is left of an attempt; returns whether anything was here. */
  remove(attempt: Attempt): boolean {
    const { id: first, operations } = attempt;
    const before = this.#size;
    for (let id = first; id < first + operations; id++) {
      if (this.#find(id) === attempt) this.take(id);
    }
    return this.#size < before;
  }

  /** Removes and returns all, in the order of their numbers. */
  takeAll(): Attempt[] {
    const all = new Set(this.#slow.values());
    for (const attempt of this.#ring) if (attempt !== undefined) all.add(attempt);
    this.#slow.clear();
    this.#ring.fill(undefined);
    this.#size = 0;
    return [...all].sort((a, b) => a.id - b.id);
  }

  #find(id: number): Attempt | undefined {
    const place = id & (RING_SIZE - 1);
    return this.#ids[place] === id ? this.#ring[place] : this.#slow.get(id);
  }
}
