import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { RestingPartitions } from "./resting.js";

/** Chance that always gives the longest waits. */
const longest = { next: () => 1 };

describe("RestingPartitions", () => {
  it("rest longer after each failure, up to five seconds", () => {
    const clock = new FakeClock();
    const resting = new RestingPartitions(clock, longest);
    const rests: number[] = [];
    for (let failure = 0; failure < 7; failure++) {
      resting.failed(3);
      expect(resting.isResting(3)).toBe(true);
      const restMs = (resting.nextAtMs ?? 0) - clock.monotonic();
      rests.push(restMs);
      clock.advance(restMs);
      expect(resting.isResting(3)).toBe(false);
    }
    expect(rests).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  it("start from the beginning once they no longer have to move", () => {
    const clock = new FakeClock();
    const resting = new RestingPartitions(clock, longest);
    resting.failed(3);
    resting.failed(3);
    clock.advance(500);
    resting.retain(new Set([3]));
    resting.retain(new Set());
    resting.failed(3);
    expect(resting.nextAtMs).toBe(750);
  });

  it("tell which of them rest and when the first has rested enough", () => {
    const clock = new FakeClock();
    const resting = new RestingPartitions(clock, longest);
    expect(resting.nextAtMs).toBeUndefined();
    resting.failed(1);
    clock.advance(100);
    resting.failed(2);
    expect([...resting.partitions]).toEqual([1, 2]);
    expect(resting.nextAtMs).toBe(250);
    clock.advance(200);
    expect([...resting.partitions]).toEqual([2]);
  });
});
