import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { RefreshPace } from "./refresh-pace.js";

/** The longest waits: their random half is always whole. */
function createPace() {
  const clock = new FakeClock(0);
  return { clock, pace: new RefreshPace(clock, { next: () => 1 }) };
}

/** Begins as many refreshes as may begin now. */
function beginAll(pace: RefreshPace): number {
  let begun = 0;
  while (pace.tryBegin()) begun += 1;
  return begun;
}

describe("RefreshPace", () => {
  it("lets 500 refreshes be under way", () => {
    const { pace } = createPace();
    expect(beginAll(pace)).toBe(500);
    pace.succeeded();
    pace.calledOff();
    expect(beginAll(pace)).toBe(2);
  });

  it("takes failures of what was under way together for one", () => {
    const { pace, clock } = createPace();
    const begun = beginAll(pace);
    for (let ended = 0; ended < begun; ended++) pace.failed();
    clock.advance(99);
    expect(beginAll(pace)).toBe(0);
    clock.advance(1);
    expect(beginAll(pace)).toBe(1);
  });

  it("tries one after each wait, which doubles up to 10 s, until one has succeeded", () => {
    const { pace, clock } = createPace();
    pace.tryBegin();
    pace.failed();
    for (const waitMs of [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]) {
      clock.advance(waitMs - 1);
      expect(beginAll(pace)).toBe(0);
      clock.advance(1);
      expect(beginAll(pace)).toBe(1);
      pace.failed();
    }
    clock.advance(10_000);
    expect(beginAll(pace)).toBe(1);
    pace.succeeded();
    expect(beginAll(pace)).toBe(500);
    for (let ended = 0; ended < 500; ended++) pace.failed();
    clock.advance(100);
    expect(beginAll(pace)).toBe(1);
  });

  it("learns nothing from one that was called off", () => {
    const { pace, clock } = createPace();
    pace.tryBegin();
    pace.failed();
    clock.advance(100);
    expect(beginAll(pace)).toBe(1);
    pace.calledOff();
    expect(beginAll(pace)).toBe(1);
  });
});
