import { hash32 } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { MissRatioCurve } from "./miss-ratio-curve.js";

const FOREVER = Number.POSITIVE_INFINITY;
const ENTRY_BYTES = 400;
const KEYS = 200;

/** A curve that has seen every one of so many keys come to memory. */
function start(expiresAtMs = FOREVER, options: { maxKeys?: number; halfLifeMs?: number } = {}) {
  const clock = new FakeClock(0);
  const bound = { bytes: KEYS * ENTRY_BYTES };
  const curve = new MissRatioCurve({ boundBytes: () => bound.bytes, clock, ...options });
  const entry = { costBytes: ENTRY_BYTES, expiresAtMs };
  const each = (action: (keyHash: number) => void, keys = KEYS) => {
    for (let key = 0; key < keys; key++) action(hash32(Buffer.from(`k${key}`), 0) | 0);
  };
  const keep = (keys?: number) => each((keyHash) => curve.kept(keyHash, entry), keys);
  const hit = (keys?: number) => each((keyHash) => curve.hit(keyHash, entry), keys);
  const miss = (keys?: number) => each((keyHash) => curve.miss(keyHash), keys);
  keep();
  return {
    clock,
    bound,
    curve,
    each,
    keep,
    hit,
    miss,
    ratio: () => ratioOf(curve, 2 * bound.bytes),
  };
}

function ratioOf(curve: MissRatioCurve, bytes: number): number | undefined {
  return curve.ratiosAt([bytes])?.hitRatios[0];
}

describe("What a miss-ratio curve makes of events", () => {
  it("takes what came to memory for used, without counting it as a read", () => {
    const { curve, hit, ratio } = start();
    expect(ratio()).toBeUndefined();
    hit();
    expect(ratio()).toBe(1);
    expect(curve.ratiosAt([])?.reads).toBe(KEYS);
  });

  it("tells nothing before enough was read", () => {
    const { hit, ratio } = start();
    hit(99);
    expect(ratio()).toBeUndefined();
    hit(1);
    expect(ratio()).toBe(1);
  });

  it("says what more memory would have had, whatever the cache itself had", () => {
    const { curve, miss, ratio } = start();
    miss();
    expect(ratio()).toBe(1);
    expect(curve.ratiosAt([])?.observedHitRatio).toBe(0);
  });

  it("knows that a deleted key is missed with any memory", () => {
    const { curve, each, miss, ratio } = start();
    each((keyHash) => curve.gone(keyHash), KEYS / 2);
    miss();
    expect(ratio()).toBeCloseTo(0.5);
  });

  it("knows that all keys are missed after a clear", () => {
    const { curve, miss, ratio } = start();
    curve.clear();
    miss();
    expect(ratio()).toBe(0);
  });

  it("knows that an expired key is missed with any memory", () => {
    const { clock, keep, miss, ratio } = start(1_000);
    clock.advance(1_000);
    miss();
    expect(ratio()).toBe(0);
    keep();
    miss();
    // They came with the same end of their lifetime.
    expect(ratio()).toBe(0);
  });

  it("leaves out hits on what came from another node", () => {
    const { curve, each, hit, miss, ratio } = start();
    each((keyHash) => curve.gone(keyHash));
    miss();
    hit();
    expect(ratio()).toBe(0);
    hit();
    expect(ratio()).toBe(0.5);
  });

  it("begins anew with a higher rate when its sample has become small, and counts nothing meanwhile", () => {
    const { clock, bound, curve, keep, hit, miss, ratio } = start(FOREVER, { maxKeys: 128 });
    keep(700);
    for (let round = 0; round < 5; round++) hit(700);
    const thin = curve.samplingRate;
    expect(thin).toBeLessThan(0.25);
    expect(ratio()).toBeLessThan(0.1);
    // Four times this much holds a dozen sampled keys.
    bound.bytes = 20 * ENTRY_BYTES;
    curve.ratiosAt([]);
    keep(200);
    expect(curve.samplingRate).toBe(thin);
    clock.advance(10_000);
    const before = curve.ratiosAt([20 * ENTRY_BYTES]);
    expect(curve.samplingRate).toBeGreaterThan(3 * thin);
    // It does not know yet what was used before.
    miss(20);
    hit(20);
    expect(curve.ratiosAt([20 * ENTRY_BYTES])).toEqual(before);
    keep(200);
    for (let round = 0; round < 400; round++) hit(10);
    keep(10);
    for (let round = 0; round < 400; round++) hit(10);
    expect(ratio()).toBeGreaterThan(0.5);
  });

  it("counts again after a half-life, where four times the memory is never filled", () => {
    const { clock, bound, curve, keep, hit, ratio } = start(FOREVER, { maxKeys: 128 });
    for (let round = 0; round < 5; round++) hit();
    curve.clear();
    keep(700);
    const thin = curve.samplingRate;
    bound.bytes = 20 * ENTRY_BYTES;
    curve.ratiosAt([]);
    keep(20);
    clock.advance(10_000);
    curve.ratiosAt([]);
    expect(curve.samplingRate).toBeGreaterThan(3 * thin);
    const reads = () => curve.ratiosAt([])?.reads ?? 0;
    const before = reads();
    hit(10);
    expect(reads()).toBe(before);
    clock.advance(15 * 60_000);
    expect(reads()).toBeCloseTo(before / 2);
    for (let round = 0; round < 100; round++) hit(10);
    expect(reads()).toBeCloseTo(before / 2 + 1_000);
    // Those of before were hits with ten times the memory only.
    expect(ratio()).toBeCloseTo(1_000 / reads(), 1);
  });

  it("samples more thinly when sampling takes too much time", () => {
    const { clock, bound, curve, keep, hit } = start(FOREVER, { maxKeys: 4_096 });
    bound.bytes = 2_000 * ENTRY_BYTES;
    curve.ratiosAt([]);
    keep(2_000);
    for (let round = 0; round < 10; round++) {
      for (let read = 0; read < 20; read++) hit(2_000);
      clock.advance(1_000);
    }
    hit(2_000);
    // 40,000 reads a second, of which 5,000 may be sampled.
    expect(curve.samplingRate).toBeGreaterThan(0.1);
    expect(curve.samplingRate).toBeLessThan(0.15);
    expect(ratioOf(curve, 4_000 * ENTRY_BYTES)).toBeCloseTo(1);
  });
});
