import { UNOWNED_PARTITION } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { RecoveryWaits } from "./recovery-waits.js";

/** A topology in which these partitions wait. */
function waiting(...numbers: number[]) {
  const partitions = [0, 1, 2].map((number) => ({
    ...UNOWNED_PARTITION,
    recoverFrom: numbers.includes(number) ? ["gone"] : [],
  }));
  return { epoch: 1, writeToken: "", members: [], partitions };
}

describe("RecoveryWaits", () => {
  it("count from when a partition was first seen to wait", () => {
    const clock = new FakeClock();
    const waits = new RecoveryWaits(clock, 1_000);
    waits.follow(waiting(0));
    clock.advance(400);
    waits.follow(waiting(0, 2));
    expect(waits.nextAtMs).toBe(1_000);
    clock.advance(600);
    expect([...waits.over]).toEqual([0]);
    expect(waits.nextAtMs).toBe(1_400);
    clock.advance(400);
    expect([...waits.over]).toEqual([0, 2]);
    // Nothing is to be looked at again, however long it takes to publish that.
    expect(waits.nextAtMs).toBeUndefined();
  });

  it("begin anew for a partition that waits a second time", () => {
    const clock = new FakeClock();
    const waits = new RecoveryWaits(clock, 1_000);
    waits.follow(waiting(1));
    clock.advance(900);
    waits.follow(waiting());
    waits.follow(waiting(1));
    clock.advance(900);
    expect(waits.over.size).toBe(0);
  });

  it("may last for ever", () => {
    const clock = new FakeClock();
    const waits = new RecoveryWaits(clock, Number.POSITIVE_INFINITY);
    waits.follow(waiting(0));
    clock.advance(10 ** 9);
    expect(waits.over.size).toBe(0);
    expect(waits.nextAtMs).toBeUndefined();
  });
});
