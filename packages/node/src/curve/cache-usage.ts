/**
 * What a cache tells of its use: to its own miss-ratio curve, and to the one of all caches of its node. There
 * a key is another one in each cache, so its hash is mixed with the cache's id.
 */
import type { MissRatioCurve, UsedEntry } from "./miss-ratio-curve.js";

/** An odd constant of murmur3's: neighbouring ids become far apart. */
const ID_SPREAD = 0x85ebca6b;

export class CacheUsage {
  readonly curve: MissRatioCurve;
  readonly #ofNode: MissRatioCurve;
  readonly #salt: number;

  constructor(curve: MissRatioCurve, ofNode: MissRatioCurve, cacheId: number) {
    this.curve = curve;
    this.#ofNode = ofNode;
    this.#salt = Math.imul(cacheId, ID_SPREAD);
  }

  /** Whether it matters what is told of this key, other than that it was read. */
  samples(keyHash: number): boolean {
    return this.curve.samples(keyHash) || this.#ofNode.samples(keyHash ^ this.#salt);
  }

  hit(keyHash: number, entry: UsedEntry): void {
    this.curve.hit(keyHash, entry);
    this.#ofNode.hit(keyHash ^ this.#salt, entry);
  }

  miss(keyHash: number): void {
    this.curve.miss(keyHash);
    this.#ofNode.miss(keyHash ^ this.#salt);
  }

  kept(keyHash: number, entry: UsedEntry): void {
    this.curve.kept(keyHash, entry);
    this.#ofNode.kept(keyHash ^ this.#salt, entry);
  }

  gone(keyHash: number): void {
    this.curve.gone(keyHash);
    this.#ofNode.gone(keyHash ^ this.#salt);
  }

  /** The cache has been cleared. The node's curve cannot tell its keys from others: they sink. */
  clear(): void {
    this.curve.clear();
  }
}
