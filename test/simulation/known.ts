/** What is the same in every schedule, and slow to make. Nothing here changes what happens in one. */
import { createHash } from "node:crypto";
import { type Ring, RingBuilder, type RingNode, type Rings } from "@holdfast/coordinator/testing";
import type { Incarnation } from "@holdfast/core";

/** One ring for each set of nodes. */
export class KnownRings implements Rings {
  readonly #builder: RingBuilder;
  readonly #known = new Map<string, Ring>();

  constructor(tokensPerWeight: number) {
    this.#builder = new RingBuilder(tokensPerWeight);
  }

  build(nodes: readonly RingNode[]): Ring {
    const names = nodes.map(({ nodeId, weight }) => `${nodeId} ${weight}`).join();
    const ring = this.#known.get(names) ?? this.#builder.build(nodes);
    this.#known.set(names, ring);
    return ring;
  }
}

/** Incarnations are hashes, because their order must say nothing. */
export class KnownIncarnations {
  readonly #known: Incarnation[] = [];

  at(index: number): Incarnation {
    const known = this.#known[index];
    if (known !== undefined) return known;
    const hex = createHash("md5").update(String(index)).digest("hex");
    const incarnation = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    this.#known[index] = incarnation;
    return incarnation;
  }
}
