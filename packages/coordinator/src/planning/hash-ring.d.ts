/** The part of hash-ring 1.0.1 that is used here; the package ships no types. */
declare module "hash-ring" {
  interface HashRingOptions {
    readonly hashMethod: "crc32" | "md5";
    /** Tokens per node. */
    readonly replicas: number;
  }

  class HashRing {
    constructor(nodes: readonly string[], options: HashRingOptions);
    /** From token to node. With md5 a token is a signed 64-bit integer in decimal. */
    readonly rings: Readonly<Record<string, string>>;
    /** Broken, see hash-ring.test.ts: never to be used but to show that. */
    getNode(key: string): string | null;
  }

  export = HashRing;
}
