import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { CacheUsage } from "./cache-usage.js";
import { MissRatioCurve } from "./miss-ratio-curve.js";

const ENTRY = { costBytes: 100, expiresAtMs: Number.POSITIVE_INFINITY };
const HASHES = Array.from({ length: 100 }, (_, index) => Math.imul(index + 1, 0x9e3779b1));

function start() {
  const clock = new FakeClock(0);
  const curve = () => new MissRatioCurve({ boundBytes: () => 2 ** 20, clock });
  const ofNode = curve();
  const usage = (id: number) => new CacheUsage(curve(), ofNode, id);
  return { ofNode, first: usage(1), second: usage(2) };
}

describe("CacheUsage", () => {
  it("tells the node's curve of every cache's keys, which are others in each", () => {
    const { ofNode, first, second } = start();
    for (const hash of HASHES) first.kept(hash, ENTRY);
    for (const hash of HASHES) first.hit(hash, ENTRY);
    expect(ofNode.ratiosAt([2 ** 20])).toMatchObject({ reads: 100, hitRatios: [1] });
    for (const hash of HASHES) second.miss(hash);
    expect(ofNode.ratiosAt([2 ** 20])).toMatchObject({ reads: 200, hitRatios: [0.5] });
    expect(first.curve.ratiosAt([2 ** 20])).toMatchObject({ reads: 100, hitRatios: [1] });
    expect(second.curve.ratiosAt([2 ** 20])).toMatchObject({ reads: 100, hitRatios: [0] });
  });

  it("needs on the node what the caches need together", () => {
    const { ofNode, first, second } = start();
    for (const usage of [first, second]) for (const hash of HASHES) usage.kept(hash, ENTRY);
    for (const usage of [first, second]) for (const hash of HASHES) usage.hit(hash, ENTRY);
    expect(first.curve.ratiosAt([110 * 100])?.hitRatios).toEqual([1]);
    expect(ofNode.ratiosAt([110 * 100])?.hitRatios).toEqual([0]);
    expect(ofNode.ratiosAt([220 * 100])?.hitRatios).toEqual([1]);
  });

  it("forgets a deleted key in both", () => {
    const { ofNode, first } = start();
    for (const hash of HASHES) first.kept(hash, ENTRY);
    for (const hash of HASHES) first.gone(hash);
    for (const hash of HASHES) first.miss(hash);
    expect(first.curve.ratiosAt([2 ** 20])?.hitRatios).toEqual([0]);
    expect(ofNode.ratiosAt([2 ** 20])?.hitRatios).toEqual([0]);
  });
});
