/**
 * Doubly linked lists of ids, all threaded through one typed array: 8 bytes for an id, nothing for
 * a list beyond its own two links.
 *
 * Each list is a ring that its head closes. The heads lie in front of the ids in the same array, so
 * that every neighbour is a position like any other: linking and unlinking have no branches, and an
 * id is taken out without knowing which list it is in. An id is in one list at most; who needs to
 * know in which, or how long a list is, notes that down.
 *
 * Positions that this file computes lie within the array, hence the casts of what is read there.
 */
import { NO_ENTRY } from "./policy.js";
import { grownTo } from "./tables.js";

export class IdLists {
  /** Position p: its older neighbour at 2p, its newer one at 2p + 1. Heads are positions from 0. */
  #links: Uint32Array;
  /** How many heads there are, but one: what an id is moved by to make its position. */
  readonly #shift: number;

  constructor(lists: number) {
    this.#shift = lists - 1;
    this.#links = new Uint32Array(2 * lists);
    for (let head = 0; head < lists; head++) this.#links.fill(head, 2 * head, 2 * head + 2);
  }

  /** Memory for ids up to this one. */
  bytesUpTo(maxId: number): number {
    return 8 * (maxId + 1 + this.#shift);
  }

  reserve(maxId: number): void {
    this.#links = grownTo(this.#links, 2 * (maxId + 1 + this.#shift));
  }

  /** Puts an id that is in no list at the newest end. */
  append(list: number, id: number): void {
    const links = this.#links;
    const position = id + this.#shift;
    const newest = links[2 * list] as number;
    links[2 * position] = newest;
    links[2 * position + 1] = list;
    links[2 * newest + 1] = position;
    links[2 * list] = position;
  }

  /** Puts an id that is in no list at the oldest end. */
  prepend(list: number, id: number): void {
    const links = this.#links;
    const position = id + this.#shift;
    const oldest = links[2 * list + 1] as number;
    links[2 * position + 1] = oldest;
    links[2 * position] = list;
    links[2 * oldest] = position;
    links[2 * list + 1] = position;
  }

  /** Takes an id out of the list it is in. */
  unlink(id: number): void {
    const links = this.#links;
    const position = id + this.#shift;
    const older = links[2 * position] as number;
    const newer = links[2 * position + 1] as number;
    links[2 * older + 1] = newer;
    links[2 * newer] = older;
  }

  /** The same as `unlink`, then `append`. */
  moveToNewest(list: number, id: number): void {
    const links = this.#links;
    const position = id + this.#shift;
    const newest = links[2 * list] as number;
    if (newest === position) return;
    const older = links[2 * position] as number;
    const newer = links[2 * position + 1] as number;
    links[2 * older + 1] = newer;
    links[2 * newer] = older;
    links[2 * position] = newest;
    links[2 * position + 1] = list;
    links[2 * newest + 1] = position;
    links[2 * list] = position;
  }

  /** Reads an id's links, and its neighbours'. Returns what it read. */
  touch(id: number): number {
    const links = this.#links;
    const position = id + this.#shift;
    const older = links[2 * position] as number;
    const newer = links[2 * position + 1] as number;
    return (links[2 * older + 1] as number) + (links[2 * newer] as number);
  }

  /** The id at the oldest end, or `NO_ENTRY`. */
  oldest(list: number): number {
    return this.#idAt(this.#links[2 * list + 1] as number);
  }

  /** The id at the newest end, or `NO_ENTRY`. */
  newest(list: number): number {
    return this.#idAt(this.#links[2 * list] as number);
  }

  /** The first id from the oldest end that is not this one, or `NO_ENTRY`. */
  oldestExcept(list: number, spared: number): number {
    const oldest = this.oldest(list);
    if (oldest !== spared || oldest === NO_ENTRY) return oldest;
    return this.#idAt(this.#links[2 * (oldest + this.#shift) + 1] as number);
  }

  #idAt(position: number): number {
    return position <= this.#shift ? NO_ENTRY : position - this.#shift;
  }
}
