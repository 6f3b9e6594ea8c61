import { hash32 } from "@holdfast/core";
import { FakeClock, seededRandom, testSeed } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { MULTIPLES } from "./memory-multiples.js";
import { MissRatioCurve } from "./miss-ratio-curve.js";

const FOREVER = Number.POSITIVE_INFINITY;
const ENTRY_BYTES = 400;

/** An LRU cache bounded in bytes; a `Map` keeps the order of use. */
class Lru {
  readonly #entries = new Map<number, number>();
  readonly #capacityBytes: number;
  #usedBytes = 0;

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  read(key: number, bytes: number): boolean {
    const isHit = this.#entries.delete(key);
    if (!isHit) this.#usedBytes += bytes;
    this.#entries.set(key, bytes);
    for (const [oldest, oldestBytes] of this.#entries) {
      if (this.#usedBytes <= this.#capacityBytes) break;
      this.#entries.delete(oldest);
      this.#usedBytes -= oldestBytes;
    }
    return isHit;
  }
}

interface Load {
  readonly reads: readonly number[];
  readonly bytesOf: (key: number) => number;
  readonly seed: number;
}

interface Setting {
  readonly boundBytes: number;
  readonly maxKeys?: number;
}

function ratioOf({ reads, bytesOf }: Load, capacityBytes: number): number {
  const lru = new Lru(capacityBytes);
  return reads.filter((key) => lru.read(key, bytesOf(key))).length / reads.length;
}

/** A cache of the bound reads, and tells the curve what a cache of a node tells it. */
function replay(curve: MissRatioCurve, load: Load, boundBytes: number, onRead = () => {}): void {
  const lru = new Lru(boundBytes);
  for (const key of load.reads) {
    onRead();
    const keyHash = hashOf(key, load.seed);
    const entry = { costBytes: load.bytesOf(key), expiresAtMs: FOREVER };
    if (lru.read(key, entry.costBytes)) {
      curve.hit(keyHash, entry);
    } else {
      curve.miss(keyHash);
      curve.kept(keyHash, entry);
    }
  }
}

/** What it says of multiples of its bound, and how far that is from the truth, in percentage points. */
function compare(load: Load, { boundBytes, ...options }: Setting) {
  const curve = new MissRatioCurve({
    boundBytes: () => boundBytes,
    clock: new FakeClock(0),
    ...options,
  });
  replay(curve, load, boundBytes);
  const sizes = MULTIPLES.map((multiple) => multiple * boundBytes);
  const told = curve.ratiosAt(sizes);
  if (told === undefined) throw new Error("it tells nothing");
  const truth = sizes.map((bytes) => ratioOf(load, bytes));
  const errors = told.hitRatios.map((ratio, index) => 100 * Math.abs(ratio - (truth[index] ?? 0)));
  return {
    curve,
    told,
    truth,
    meanError: errors.reduce((sum, error) => sum + error) / errors.length,
  };
}

function hashOf(key: number, seed: number): number {
  return hash32(Buffer.from(`key-${key}`), seed) | 0;
}

/** Keys by Zipf's law, by inverting its continuous form. */
function zipf(count: number, keys: number, random: { next(): number }): number[] {
  return Array.from({ length: count }, () => Math.floor(keys ** random.next()));
}

/** Such keys, and in between others one after the other, as when somebody reads a whole table. */
function zipfWithScans(count: number, keys: number, random: { next(): number }): number[] {
  let scanned = keys;
  return zipf(count, keys, random).flatMap((key, index) => {
    if (index % (count / 4) !== 0) return [key];
    return [key, ...Array.from({ length: count / 10 }, () => ++scanned)];
  });
}

const seed = testSeed();
const sameBytes = () => ENTRY_BYTES;
const differentBytes = (key: number) => 100 + (hashOf(key, 1) >>> 22);

describe(`MissRatioCurve (seed ${seed})`, () => {
  it.each([
    ["entries of one size", sameBytes],
    ["entries of different sizes", differentBytes],
  ])("is the true curve where every key is sampled: %s", (_, bytesOf) => {
    const load = { reads: zipf(30_000, 3_000, seededRandom(seed)), bytesOf, seed };
    const { curve, told, truth, meanError } = compare(load, { boundBytes: 200 * ENTRY_BYTES });
    expect(curve.samplingRate).toBe(1);
    // What remains comes from the width of a bucket, and from entries that a bound in bytes cuts.
    expect(meanError).toBeLessThan(0.25);
    expect(told.observedHitRatio).toBe(truth[MULTIPLES.indexOf(1)]);
    expect(told.reads).toBe(30_000);
  });

  it.each([
    ["Zipf", zipf, sameBytes],
    ["Zipf, entries of different sizes", zipf, differentBytes],
    ["scans in Zipf", zipfWithScans, sameBytes],
  ])("is at most two points off on average where few keys are sampled: %s", (_, draw, bytesOf) => {
    const load = { reads: draw(200_000, 60_000, seededRandom(seed)), bytesOf, seed };
    const boundBytes = 4_000 * ENTRY_BYTES;
    const { curve, meanError } = compare(load, { boundBytes, maxKeys: 2_048 });
    expect(curve.samplingRate).toBeLessThan(0.2);
    expect(meanError).toBeLessThanOrEqual(2);
  });

  it("has a bounded sample, however many keys there are", () => {
    const curve = new MissRatioCurve({
      boundBytes: () => 2 ** 40,
      clock: new FakeClock(0),
      maxKeys: 512,
    });
    for (let key = 0; key < 200_000; key++) {
      curve.kept(hashOf(key, seed), { costBytes: ENTRY_BYTES, expiresAtMs: FOREVER });
      expect(curve.sampledKeys).toBeLessThanOrEqual(512);
    }
    expect(curve.sampledKeys * (1 / curve.samplingRate)).toBeGreaterThan(160_000);
    expect(curve.sampledKeys * (1 / curve.samplingRate)).toBeLessThan(240_000);
  });

  it("samples the same part of the keys of every partition", () => {
    const curve = new MissRatioCurve({
      boundBytes: () => 2 ** 40,
      clock: new FakeClock(0),
      maxKeys: 512,
    });
    for (let key = 0; key < 4_096; key++) {
      curve.kept(hashOf(key, seed), { costBytes: ENTRY_BYTES, expiresAtMs: FOREVER });
    }
    const sampled = new Float64Array(8);
    for (let key = 0; key < 80_000; key++) {
      const keyHash = hashOf(key, seed);
      if (curve.samples(keyHash)) sampled[keyHash >>> 29] = (sampled[keyHash >>> 29] ?? 0) + 1;
    }
    for (const count of sampled) {
      expect(count / 10_000).toBeGreaterThan(0.8 * curve.samplingRate);
      expect(count / 10_000).toBeLessThan(1.2 * curve.samplingRate);
    }
  });

  it("does not sample more thinly for keys that four times the memory would not hold", () => {
    const curve = new MissRatioCurve({
      boundBytes: () => 100 * ENTRY_BYTES,
      clock: new FakeClock(0),
      maxKeys: 512,
    });
    const load = {
      reads: Array.from({ length: 50_000 }, (_, key) => key),
      bytesOf: sameBytes,
      seed,
    };
    replay(curve, load, 100 * ENTRY_BYTES);
    expect(curve.samplingRate).toBe(1);
    expect(curve.sampledKeys).toBe(400);
  });

  it("speaks of the recent past", () => {
    const clock = new FakeClock(0);
    const boundBytes = 100 * ENTRY_BYTES;
    const curve = new MissRatioCurve({ boundBytes: () => boundBytes, clock, halfLifeMs: 60_000 });
    const onRead = () => clock.advance(6);
    const loop = (keys: number, count: number) => ({
      reads: Array.from({ length: count }, (_, index) => index % keys),
      bytesOf: sameBytes,
      seed,
    });
    const ratios = () => curve.ratiosAt([boundBytes, 4 * boundBytes])?.hitRatios ?? [];
    // One minute for ten thousand reads: as much as half of what follows weighs more.
    replay(curve, loop(50, 10_000), boundBytes, onRead);
    expect(ratios()[0]).toBeGreaterThan(0.99);
    replay(curve, loop(150, 10_000), boundBytes, onRead);
    expect(ratios()[0]).toBeCloseTo(1 / 3, 1);
    expect(ratios()[1]).toBeGreaterThan(0.98);
    replay(curve, loop(150, 60_000), boundBytes, onRead);
    expect(ratios()[0]).toBeLessThan(0.01);
    expect(ratios()[1]).toBeGreaterThan(0.98);
  });
});
