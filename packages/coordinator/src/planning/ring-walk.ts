/**
 * Walking clockwise around a ring past the nodes that can take no more.
 *
 * Tokens of closed nodes are skipped by a disjoint-set forest with path halving (Tarjan and van
 * Leeuwen, 1984): each points at the next token, and every search shortens the way of later ones.
 * So a search costs nearly constant time however many nodes are closed, and closing all of them,
 * one after the other, costs no more than the number of tokens.
 */
import type { Ring } from "./ring.js";

export class RingWalk {
  readonly #ring: Ring;
  /** Of each token, itself while its node is open, else a token further on. */
  readonly #next: Uint32Array;
  readonly #tokensOf: readonly number[][];
  readonly #closed: Uint8Array;
  #open: number;

  constructor(ring: Ring) {
    this.#ring = ring;
    // Not `Uint32Array.from`, which calls a function for every token and is many times slower.
    this.#next = new Uint32Array(ring.tokens.length);
    for (let position = 0; position < this.#next.length; position++)
      this.#next[position] = position;
    this.#tokensOf = ring.nodeIds.map(() => []);
    for (const [position, node] of ring.nodeOf.entries()) this.#tokensOf[node]?.push(position);
    this.#closed = new Uint8Array(ring.nodeIds.length);
    this.#open = ring.nodeIds.length;
  }

  isOpen(node: number): boolean {
    return this.#closed[node] === 0;
  }

  /** From now on the node is passed by. */
  close(node: number): void {
    if (!this.isOpen(node)) return;
    this.#closed[node] = 1;
    this.#open--;
    for (const position of this.#tokensOf[node] ?? []) {
      this.#next[position] = (position + 1) % this.#next.length;
    }
  }

  /** The node of the first token at or after a position whose node is open. */
  nodeFrom(position: number): number {
    if (this.#open === 0) throw new Error("no node on the ring is open");
    let at = position;
    for (;;) {
      const next = this.#at(at);
      if (next === at) return this.#ring.nodeOf[at] as number;
      const afterNext = this.#at(next);
      this.#next[at] = afterNext;
      at = afterNext;
    }
  }

  /** A position on the ring always holds a pointer; the compiler cannot know. */
  #at(position: number): number {
    return this.#next[position] as number;
  }
}
