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
 * 9 bytes for an entry, 4 for a remembered key.
 */
import { Ghosts } from "./ghosts.js";
import { IdLists } from "./id-lists.js";
import { type EvictionPolicy, NO_ENTRY, type PolicyEntries } from "./policy.js";
import { grownTo } from "./tables.js";

const SMALL = 0;
const MAIN = 1;
const SMALL_SHARE = 0.1;
/** As many reads as an entry needs to move from the small part to the main one. */
const MOVE_READS = 2;
/** Reads are counted up to this; it is also the mask of the count within the state. */
const MAX_READS = 3;
/** Bit of the state: the entry is in the main part. */
const IN_MAIN = 4;

export class S3FifoPolicy implements EvictionPolicy {
  readonly #entries: PolicyEntries;
  readonly #lists = new IdLists(2);
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
    const ofIds = this.#lists.bytesUpTo(this.#largestId) + this.#largestId + 1;
    return ofIds + this.#ghosts.tableBytes;
  }

  reserve(maxId: number): void {
    this.#lists.reserve(maxId);
    this.#states = grownTo(this.#states, maxId + 1);
  }

  setCapacity(entries: number): void {
    this.#ghosts.setCapacity(Math.ceil(entries * (1 - SMALL_SHARE)));
  }

  insert(id: number, hash: number): void {
    if (id > this.#largestId) this.#largestId = id;
    if (this.#ghosts.take(hash)) this.#join(MAIN, id, IN_MAIN);
    else this.#join(SMALL, id, 0);
  }

  hit(id: number): void {
    // Tracked ids lie within the table, here and below.
    const state = this.#states[id] as number;
    if ((state & MAX_READS) < MAX_READS) this.#states[id] = state + 1;
  }

  remove(id: number): void {
    this.#lists.unlink(id);
    if (((this.#states[id] as number) & IN_MAIN) !== 0) this.#mainSize -= 1;
    else this.#smallSize -= 1;
  }

  evict(spared: number): number {
    const size = this.size;
    const isMainOver = this.#mainSize > size - Math.max(1, Math.floor(SMALL_SHARE * size));
    let victim = isMainOver ? NO_ENTRY : this.#evictFromSmall(spared);
    if (victim === NO_ENTRY) victim = this.#evictFromMain(spared);
    return victim === NO_ENTRY ? this.#evictFromSmall(spared) : victim;
  }

  #evictFromSmall(spared: number): number {
    for (;;) {
      const id = this.#lists.oldestExcept(SMALL, spared);
      if (id === NO_ENTRY) return NO_ENTRY;
      const reads = (this.#states[id] as number) & MAX_READS;
      this.remove(id);
      if (reads < MOVE_READS) {
        this.#ghosts.add(this.#entries.hashOf(id));
        return id;
      }
      this.#join(MAIN, id, IN_MAIN);
    }
  }

  #evictFromMain(spared: number): number {
    for (;;) {
      const id = this.#lists.oldestExcept(MAIN, spared);
      if (id === NO_ENTRY) return NO_ENTRY;
      const state = this.#states[id] as number;
      if ((state & MAX_READS) === 0) {
        this.remove(id);
        return id;
      }
      this.#states[id] = state - 1;
      this.#lists.moveToNewest(MAIN, id);
    }
  }

  #join(list: number, id: number, state: number): void {
    this.#lists.append(list, id);
    this.#states[id] = state;
    if (list === MAIN) this.#mainSize += 1;
    else this.#smallSize += 1;
  }
}
