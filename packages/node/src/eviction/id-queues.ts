/**
 * Singly linked queues of ids, all threaded through one typed array: 4 bytes for an id, nothing for a
 * queue beyond its own two ends.
 *
 * Ids leave at the oldest end alone: who has to take them out anywhere uses IdLists, which cost twice
 * as much. Each queue is a ring that its head closes. The heads lie in front of the ids in the same
 * array, so that what precedes an id is a position like any other. An id is in one queue at most; who
 * needs to know in which, or how long a queue is, notes that down.
 *
 * Positions that this file computes lie within the array, hence the casts of what is read there.
 */
import { NO_ENTRY } from "./policy.js";
import { grownTo } from "./tables.js";

export class IdQueues {
  /** At each position that of the next newer id. Heads are positions from 0. */
  #next: Uint32Array;
  /** The position of the newest id of each queue; its head's when it is empty. */
  readonly #newest: Uint32Array;
  /** How many heads there are, but one: what an id is moved by to make its position. */
  readonly #shift: number;

  constructor(queues: number) {
    this.#shift = queues - 1;
    this.#next = Uint32Array.from({ length: queues }, (_, head) => head);
    this.#newest = this.#next.slice();
  }

  /** Memory for ids up to this one. */
  bytesUpTo(maxId: number): number {
    return 4 * (maxId + 1 + this.#shift);
  }

  reserve(maxId: number): void {
    this.#next = grownTo(this.#next, maxId + 1 + this.#shift);
  }

  /** Puts an id that is in no queue at the newest end. */
  append(queue: number, id: number): void {
    const position = id + this.#shift;
    this.#next[position] = queue;
    this.#next[this.#newest[queue] as number] = position;
    this.#newest[queue] = position;
  }

  /** Takes out the first id from the oldest end that is not `spared`; `NO_ENTRY` when there is none. */
  take(queue: number, spared: number): number {
    const next = this.#next;
    let before = queue;
    const oldest = next[before] as number;
    if (oldest === spared + this.#shift) before = oldest;
    const taken = next[before] as number;
    if (taken === queue) return NO_ENTRY;
    next[before] = next[taken] as number;
    if (taken === this.#newest[queue]) this.#newest[queue] = before;
    return taken - this.#shift;
  }
}
