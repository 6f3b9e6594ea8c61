/**
 * What was sent and is not answered yet, by number. Numbers ascend, and most replies come soon: so the latest are in a
 * ring, and only the few that are overtaken by a whole round of it go to a map.
 */

/** A power of two; as many as clients usually have in flight at most. */
const RING_SIZE = 4_096;

interface Numbered {
  readonly id: number;
}

export class SentAttempts<Attempt extends Numbered> {
  readonly #ring: (Attempt | undefined)[] = new Array(RING_SIZE).fill(undefined);
  readonly #slow = new Map<number, Attempt>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Its number is higher than all before. */
  add(attempt: Attempt): void {
    const place = attempt.id & (RING_SIZE - 1);
    const slow = this.#ring[place];
    if (slow !== undefined) this.#slow.set(slow.id, slow);
    this.#ring[place] = attempt;
    this.#size += 1;
  }

  /** Removes and returns the attempt of this number. */
  take(id: number): Attempt | undefined {
    const place = id & (RING_SIZE - 1);
    const attempt = this.#ring[place];
    if (attempt?.id === id) {
      this.#ring[place] = undefined;
      this.#size -= 1;
      return attempt;
    }
    const slow = this.#slow.get(id);
    if (this.#slow.delete(id)) this.#size -= 1;
    return slow;
  }

  /** Removes an attempt; returns whether it was here. */
  remove(attempt: Attempt): boolean {
    const { id } = attempt;
    const isHere = this.#ring[id & (RING_SIZE - 1)] === attempt || this.#slow.get(id) === attempt;
    if (isHere) this.take(id);
    return isHere;
  }

  /** Removes and returns all, in the order of their numbers. */
  takeAll(): Attempt[] {
    const all = [...this.#slow.values(), ...this.#ring.filter((attempt) => attempt !== undefined)];
    this.#slow.clear();
    this.#ring.fill(undefined);
    this.#size = 0;
    return all.sort((a, b) => a.id - b.id);
  }
}
