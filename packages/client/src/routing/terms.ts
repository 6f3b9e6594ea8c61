/**
 * The highest term that this client has seen of each partition, in replies and in the topology. A
 * read answered at a lower term comes from a former owner that did not know yet that it had been
 * replaced: its value may be older than one that this client has already seen.
 */
import type { Topology } from "@holdfast/core";

export class Terms {
  readonly #highest: Uint32Array;

  constructor(partitions: number) {
    this.#highest = new Uint32Array(partitions);
  }

  /**
   * Notes the term of a reply. Term 0 is an answer of a node that is not the owner; it is neither
   * noted nor late.
   *
   * @returns whether a later owner has been seen already.
   */
  isFromFormerOwner(partition: number, term: number): boolean {
    if (term === 0) return false;
    if (term < (this.#highest[partition] ?? 0)) return true;
    this.#highest[partition] = term;
    return false;
  }

  /** Notes every term of a topology. */
  raise(topology: Topology): void {
    topology.partitions.forEach(({ term }, partition) => {
      if (term > (this.#highest[partition] ?? 0)) this.#highest[partition] = term;
    });
  }
}
