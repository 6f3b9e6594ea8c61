/**
 * The hash circle: where each node's tokens lie on the space of 32-bit hashes.
 *
 * Tokens come from the hash-ring package, and tokens are all that is taken from it. Its own lookup
 * compares the key with the tokens instead of the key's hash, so nearly every key lands on one node,
 * and it sorts numbers as text (hash-ring.test.ts shows both). Here each node gets a ring of its
 * own, whose tokens are read, sorted as numbers, and searched by our own code. Which node a
 * partition goes to in the end is the planner's decision (planner.ts).
 */
import HashRing from "hash-ring";

/** A node that takes part in the ring. */
export interface RingNode {
  readonly nodeId: string;
  /** Multiplies the number of tokens. */
  readonly weight: number;
}

/** All tokens, clockwise: ascending, ties by node id. Both arrays have one element a token. */
export interface Ring {
  readonly nodeIds: readonly string[];
  readonly tokens: Uint32Array;
  /** Of each token, the position of its node in `nodeIds`. */
  readonly nodeOf: Uint32Array;
}

/** Makes rings: of the same nodes, always the same one. */
export interface Rings {
  build(nodes: readonly RingNode[]): Ring;
}

/**
 * Makes rings. It remembers the last one, and the tokens of the nodes in it: making tokens is slow,
 * and most rings differ from the one before in one node or in none.
 */
export class RingBuilder implements Rings {
  readonly #tokensPerWeight: number;
  #tokens = new Map<string, Uint32Array>();
  #last: { readonly names: string; readonly ring: Ring } | undefined;

  constructor(tokensPerWeight: number) {
    this.#tokensPerWeight = tokensPerWeight;
  }

  build(nodes: readonly RingNode[]): Ring {
    const remembered = new Map<string, Uint32Array>();
    const sorted = [...nodes].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
    const tokensOf = sorted.map(({ nodeId, weight }) => {
      const name = `${weight} ${nodeId}`;
      const tokens =
        this.#tokens.get(name) ?? tokensOfNode(nodeId, Math.ceil(this.#tokensPerWeight * weight));
      remembered.set(name, tokens);
      return tokens;
    });
    this.#tokens = remembered;
    const names = JSON.stringify([...remembered.keys()]);
    if (this.#last?.names === names) return this.#last.ring;
    const ring = mergeTokens(
      sorted.map(({ nodeId }) => nodeId),
      tokensOf,
    );
    this.#last = { names, ring };
    return ring;
  }
}

/** The position from which a partition's nodes follow on the ring: the end of its range. */
export function startOf(partition: number, partitions: number, ring: Ring): number {
  const range = 2 ** 32 / partitions;
  return firstTokenFrom(ring, ((partition + 1) % partitions) * range);
}

/** Position of the first token at or after a hash, clockwise. Binary search. */
function firstTokenFrom(ring: Ring, hash: number): number {
  let low = 0;
  let high = ring.tokens.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (tokenAt(ring, middle) < hash) low = middle + 1;
    else high = middle;
  }
  return low === ring.tokens.length ? 0 : low;
}

/**
 * One ring per node: hash-ring sorts all its tokens again for every node that it adds. md5, because
 * crc32 is linear and the tokens of similar names would lie alike.
 */
function tokensOfNode(nodeId: string, count: number): Uint32Array {
  const { rings } = new HashRing([nodeId], { hashMethod: "md5", replicas: count });
  return Uint32Array.from(Object.keys(rings), upperBits).sort();
}

/** The upper half of a signed 64-bit integer in decimal, as an unsigned number. */
function upperBits(token: string): number {
  return Number(BigInt.asUintN(64, BigInt(token)) >> 32n);
}

/**
 * Sorts the tokens of all nodes. A token and its node are packed into one number, so that the
 * engine's numeric sort orders by token, then by node; both need 32 and 21 bits at most.
 */
function mergeTokens(nodeIds: readonly string[], tokensOf: readonly Uint32Array[]): Ring {
  const count = tokensOf.reduce((sum, tokens) => sum + tokens.length, 0);
  const packed = new Float64Array(count);
  let filled = 0;
  for (const [node, tokens] of tokensOf.entries()) {
    for (const token of tokens) packed[filled++] = token * MAX_NODES + node;
  }
  packed.sort();
  return {
    nodeIds,
    tokens: Uint32Array.from(packed, (value) => Math.floor(value / MAX_NODES)),
    nodeOf: Uint32Array.from(packed, (value) => value % MAX_NODES),
  };
}

const MAX_NODES = 2 ** 21;

/** A position below the number of tokens always holds one; the compiler cannot know. */
function tokenAt(ring: Ring, position: number): number {
  return ring.tokens[position] as number;
}
