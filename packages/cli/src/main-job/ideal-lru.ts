/**
 * The yardstick of the measured hit ratio: one LRU cache of the given size that sees every request
 * and forgets nothing but the entry that was used longest ago. A cluster comes close to it when
 * its partitions are spread evenly; nothing here talks to a cluster.
 *
 * The entries form a ring of positions in two typed arrays, closed by a sentinel: constant time
 * per request and 8 bytes per object.
 */

/** The share of `requests` that such a cache of `capacityEntries` answers, starting empty. */
export function idealLruHitRatio(requests: Uint32Array, capacityEntries: number): number {
  if (requests.length === 0) return 0;
  const lru = new IdealLru(highest(requests) + 1, capacityEntries);
  let hits = 0;
  for (const id of requests) if (lru.request(id)) hits++;
  return hits / requests.length;
}

const ABSENT = 0xffff_ffff;

class IdealLru {
  readonly #older: Uint32Array;
  readonly #newer: Uint32Array;
  readonly #sentinel: number;
  readonly #capacityEntries: number;
  #entries = 0;

  constructor(objects: number, capacityEntries: number) {
    this.#sentinel = objects;
    this.#capacityEntries = capacityEntries;
    this.#older = new Uint32Array(objects + 1).fill(ABSENT);
    this.#newer = new Uint32Array(objects + 1).fill(ABSENT);
    this.#older[objects] = objects;
    this.#newer[objects] = objects;
  }

  /** Whether the object was there. It is afterwards, as the one used last. */
  request(id: number): boolean {
    const isHit = this.#older[id] !== ABSENT;
    if (isHit) this.#unlink(id);
    else if (this.#entries === this.#capacityEntries) this.#evict();
    else this.#entries++;
    if (this.#capacityEntries > 0) this.#append(id);
    return isHit;
  }

  #evict(): void {
    if (this.#capacityEntries === 0) return;
    const victim = this.#newer[this.#sentinel] as number;
    this.#unlink(victim);
    this.#older[victim] = ABSENT;
  }

  #unlink(id: number): void {
    const older = this.#older[id] as number;
    const newer = this.#newer[id] as number;
    this.#newer[older] = newer;
    this.#older[newer] = older;
  }

  #append(id: number): void {
    const newest = this.#older[this.#sentinel] as number;
    this.#older[id] = newest;
    this.#newer[id] = this.#sentinel;
    this.#newer[newest] = id;
    this.#older[this.#sentinel] = id;
  }
}

function highest(requests: Uint32Array): number {
  let result = 0;
  for (const id of requests) if (id > result) result = id;
  return result;
}
