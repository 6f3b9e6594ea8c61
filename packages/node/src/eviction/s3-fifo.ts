/**
 * Evicts what is not read again soon after it came, then what came longest ago and is not read still.
 *
 * New entries queue in a small part of the cache. Those that reach its end with two reads or more move
 * to the main part; the others are evicted, and remembered for a while: who comes back in that
 * time goes to the main part at once. There, whoever was read queues again, for one read less. A read
 * moves nothing: it counts, up to three. J. Yang, Y. Zhang, Z. Qiu, Y. Yue, R. Vinayak, "FIFO queues
 * are all you need for cache eviction", SOSP 2023, with the settings of its authors' libCacheSim. What
 * differs: keys are remembered by fingerprints, each until as many more have left as fit into the main
 * part, whether or not some of those came back; and a part of the cache is a part of the entries
 * there are, since how many fit is not known exactly. On traces it makes 0.1 points on average.
 *
 * 5 bytes for an entry, 4 for a remembered key. An entry has one link, not two, so nothing leaves from the
 * middle of a queue: an id that is removed is marked, and dropped when its turn comes. When it is tracked
 * again before that, for whichever key, it counts to the part where it still stands, and at its turn it goes to
 * the end of the queue that it would have joined. So it leaves somewhat later than if it had joined it at once,
 * and never earlier. A turn that is passed over like this was paid for by a removal.
 */
import { Ghosts } from "./ghosts.js";
import { IdQueues } from "./id-queues.js";
import { type EvictionPolicy, NO_ENTRY, type PolicyEntries } from "./policy.js";
import { grownTo } from "./tables.js";

/** The parts. Each is a queue. */
const SMALL = 0;
const MAIN = 1;
const SMALL_SHARE = 0.1;
/** As many reads as an entry needs to move from the small part to the main one. */
const MOVE_READS = 2;
/** Reads are counted up to this; it is also the mask of the count within the state. */
const MAX_READS = 3;
/** Bits of the state. The id stands in the queue of the main part. */
const IN_MAIN = 4;
/** It is tracked no longer, but still stands in a queue. Not set for an id that is in none. */
const GONE = 8;
/** It was gone and is tracked again: at its turn it joins a queue, rather than leave. */
const BACK = 16;
/** The queue that it then joins is the main part's. */
const TO_MAIN = 32;

export class S3FifoPolicy implements EvictionPolicy {
  readonly #entries: PolicyEntries;
  readonly #queues = new IdQueues(2);
  readonly #ghosts = new Ghosts();
  #states = new Uint8Array(0);
  #smallSize = 0;
  #mainSize = 0;
  #largestId = NO_ENTRY;

  constructor(entries: PolicyEntries) {
    this.#entries = entries;
  }

  get size(): number {
    return this.#smallSize + this.#mainSize;
  }

  get tableBytes(): number {
    const ofIds = this.#queues.bytesUpTo(this.#largestId) + this.#largestId + 1;
    return ofIds + this.#ghosts.tableBytes;
  }

  reserve(maxId: number): void {
    this.#queues.reserve(maxId);
    this.#states = grownTo(this.#states, maxId + 1);
  }

  setCapacity(entries: number): void {
    this.#ghosts.setCapacity(Math.ceil(entries * (1 - SMALL_SHARE)));
  }

  insert(id: number, hash: number): void {
    if (id > this.#largestId) this.#largestId = id;
    const part = this.#ghosts.take(hash) ? MAIN : SMALL;
    // Ids lie within the table, here and below.
    const state = this.#states[id] as number;
    if ((state & GONE) === 0) {
      this.#join(part, id, 0);
      return;
    }
    this.#count(partOf(state), 1);
    this.#states[id] = (state & IN_MAIN) | BACK | (part === MAIN ? TO_MAIN : 0);
  }

  hit(id: number): void {
    const state = this.#states[id] as number;
    if ((state & MAX_READS) < MAX_READS) this.#states[id] = state + 1;
  }

  touch(id: number): number {
    return this.#states[id] as number;
  }

  coldness(id: number): number {
    const state = this.#states[id] as number;
    return (MAX_READS - (state & MAX_READS)) * 2 + (partOf(state) === MAIN ? 0 : 1);
  }

  remove(id: number): void {
    const state = this.#states[id] as number;
    this.#count(partOf(state), -1);
    this.#states[id] = (state & IN_MAIN) | GONE;
  }

  evict(spared: number): number {
    // Otherwise there is a victim in one of the queues.
    if (this.size <= (spared === NO_ENTRY ? 0 : 1)) return NO_ENTRY;
    let part = this.#partDue();
    for (;;) {
      const id = this.#queues.take(part, spared);
      if (id === NO_ENTRY) part = part === SMALL ? MAIN : SMALL;
      else if (this.#isVictim(id, part)) return id;
    }
  }

  #partDue(): number {
    const size = this.size;
    const isMainOver = this.#mainSize > size - Math.max(1, Math.floor(SMALL_SHARE * size));
    return isMainOver ? MAIN : SMALL;
  }

  /** Whether an id that was taken out of its queue leaves. If not, it is in a queue again, or was gone before. */
  #isVictim(id: number, part: number): boolean {
    const state = this.#states[id] as number;
    if ((state & GONE) !== 0) {
      this.#states[id] = 0;
      return false;
    }
    this.#count(part, -1);
    const reads = state & MAX_READS;
    if ((state & BACK) !== 0) this.#join((state & TO_MAIN) === 0 ? SMALL : MAIN, id, reads);
    else if (part === MAIN && reads > 0) this.#join(MAIN, id, reads - 1);
    else if (part === SMALL && reads >= MOVE_READS) this.#join(MAIN, id, 0);
    else {
      if (part === SMALL) this.#ghosts.add(this.#entries.hashOf(id));
      return true;
    }
    return false;
  }

  #join(part: number, id: number, reads: number): void {
    this.#queues.append(part, id);
    this.#states[id] = reads | (part === MAIN ? IN_MAIN : 0);
    this.#count(part, 1);
  }

  #count(part: number, change: number): void {
    if (part === MAIN) this.#mainSize += change;
    else this.#smallSize += change;
  }
}

function partOf(state: number): number {
  return (state & IN_MAIN) === 0 ? SMALL : MAIN;
}
