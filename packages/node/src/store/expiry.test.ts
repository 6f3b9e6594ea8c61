import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExpiryWheel, TICK_MS, type WheelLinks } from "./expiry.js";

const seed = testSeed();
const DAY_MS = 24 * 60 * 60 * 1_000;
const START_MS = 1_790_000_000_000;
const MAX_ID = 100;

function createWheel(nowMs = START_MS): ExpiryWheel {
  const previous = new Uint32Array(MAX_ID + 1);
  const next = new Uint32Array(MAX_ID + 1);
  const links: WheelLinks = {
    previous: (id) => previous[id] as number,
    setPrevious: (id, link) => {
      previous[id] = link;
    },
    next: (id) => next[id] as number,
    setNext: (id, link) => {
      next[id] = link;
    },
  };
  return new ExpiryWheel(links, nowMs);
}

/** Takes what has been reached, at most `most` entries, and puts back what has not expired. */
function takeExpired(
  wheel: ExpiryWheel,
  ends: ReadonlyMap<number, number>,
  nowMs: number,
  most = Number.POSITIVE_INFINITY,
): number[] {
  const expired: number[] = [];
  for (let taken = 0; taken < most; taken++) {
    const id = wheel.take();
    if (id === 0) break;
    const endMs = ends.get(id) ?? Number.NaN;
    if (endMs > nowMs) wheel.schedule(id, endMs);
    else expired.push(id);
  }
  return expired;
}

function takeAll(wheel: ExpiryWheel): number[] {
  const ids: number[] = [];
  for (let id = wheel.take(); id !== 0; id = wheel.take()) ids.push(id);
  return ids.toSorted((a, b) => a - b);
}

/** From less than a tick to beyond the reach of the wheel, around every border between levels. */
const lifetimesMs = fc.oneof(
  fc.integer({ min: -1_000, max: 20_000 }),
  fc.integer({ min: 8_000, max: 600_000 }),
  fc.integer({ min: 8 * 60_000, max: DAY_MS }),
  fc.integer({ min: DAY_MS, max: 80 * DAY_MS }),
);

const steps = fc.array(
  fc.oneof(
    fc.record({ at: fc.constant("schedule" as const), lifetimeMs: lifetimesMs }),
    fc.record({ at: fc.constant("schedule" as const), lifetimeMs: lifetimesMs }),
    fc.record({ at: fc.constant("cancel" as const), which: fc.nat() }),
    fc.record({
      at: fc.constant("advance" as const),
      byMs: fc.oneof(lifetimesMs, fc.integer({ min: -DAY_MS, max: 0 })),
      most: fc.constantFrom(1, 3, Number.POSITIVE_INFINITY),
    }),
  ),
  { maxLength: 80 },
);

describe("ExpiryWheel", () => {
  it("hands an entry out once the tick in which it expires is over", () => {
    const wheel = createWheel();
    wheel.schedule(7, START_MS + 1_000);
    wheel.advance(START_MS + 999);
    expect(wheel.take()).toBe(0);
    wheel.advance(START_MS + 1_000 + TICK_MS);
    expect(wheel.take()).toBe(7);
    expect(wheel.take()).toBe(0);
  });

  it("never hands out an entry that was cancelled, even one already reached", () => {
    const wheel = createWheel();
    for (const id of [1, 2, 3]) wheel.schedule(id, START_MS + 1_000);
    wheel.advance(START_MS + 2_000);
    for (const id of [1, 2, 3]) wheel.cancel(id);
    expect(wheel.take()).toBe(0);
  });

  it("takes an entry out wherever it is in its list", () => {
    for (const cancelled of [1, 2, 3]) {
      const wheel = createWheel();
      for (const id of [1, 2, 3]) wheel.schedule(id, START_MS + 1_000);
      wheel.cancel(cancelled);
      wheel.advance(START_MS + 2_000);
      expect(takeAll(wheel)).toEqual([1, 2, 3].filter((id) => id !== cancelled));
    }
  });

  it("takes an entry out of whichever slot it is in", () => {
    const wheel = createWheel();
    const ids = Array.from({ length: 64 }, (_, index) => index + 1);
    for (const id of ids) wheel.schedule(id, START_MS + id * TICK_MS);
    for (const id of ids) wheel.cancel(id);
    wheel.advance(START_MS + 100 * TICK_MS);
    expect(takeAll(wheel)).toEqual([]);
  });

  it("hands out a whole round of its lowest level at once", () => {
    const wheel = createWheel();
    const ids = Array.from({ length: 64 }, (_, index) => index + 1);
    for (const id of ids) wheel.schedule(id, START_MS + (id - 1) * TICK_MS);
    wheel.advance(START_MS + 64 * TICK_MS);
    expect(takeAll(wheel)).toEqual(ids);
  });

  it("ignores the cancelling of an entry that it does not hold", () => {
    const wheel = createWheel();
    wheel.schedule(1, Number.POSITIVE_INFINITY);
    wheel.cancel(1);
    wheel.schedule(2, START_MS);
    wheel.cancel(3);
    wheel.advance(START_MS + 100 * DAY_MS);
    expect(takeAll(wheel)).toEqual([2]);
  });

  it("hands out at once what ended long ago, at 0, or before it", () => {
    const wheel = createWheel();
    const ends = [START_MS - 80 * DAY_MS, Number.MIN_VALUE, 0, -START_MS, Number.NEGATIVE_INFINITY];
    ends.forEach((endMs, index) => {
      wheel.schedule(index + 1, endMs);
    });
    wheel.advance(START_MS + TICK_MS);
    expect(takeAll(wheel)).toEqual([1, 2, 3, 4, 5]);
  });

  it("keeps what ends in a distant time", () => {
    const wheel = createWheel();
    wheel.schedule(1, Number.MAX_SAFE_INTEGER);
    wheel.schedule(2, 1e300);
    const ends = new Map([
      [1, Number.MAX_SAFE_INTEGER],
      [2, 1e300],
    ]);
    for (let day = 1; day <= 100; day++) {
      wheel.advance(START_MS + day * DAY_MS);
      expect(takeExpired(wheel, ends, START_MS + day * DAY_MS)).toEqual([]);
    }
    for (const id of [1, 2]) wheel.cancel(id);
    wheel.advance(START_MS + 200 * DAY_MS);
    expect(wheel.take()).toBe(0);
  });

  it("finds entries anew after the clock was set back", () => {
    const wheel = createWheel();
    wheel.schedule(1, START_MS + 1_000);
    const ends = new Map([[1, START_MS + 1_000]]);
    const backMs = START_MS - 30 * DAY_MS;
    wheel.advance(backMs);
    expect(takeExpired(wheel, ends, backMs)).toEqual([]);
    wheel.advance(START_MS + 2_000);
    expect(takeExpired(wheel, ends, START_MS + 2_000)).toEqual([1]);
  });

  it("is not late for what is scheduled after the clock was set back a little", () => {
    const wheel = createWheel();
    const backMs = START_MS - 60_000;
    wheel.advance(backMs);
    wheel.schedule(1, backMs + 1_000);
    wheel.advance(backMs + 2_000);
    expect(wheel.take()).toBe(1);
  });

  it("hands every entry out once more when they are to be scheduled anew", () => {
    const wheel = createWheel();
    wheel.schedule(1, START_MS + 100 * TICK_MS);
    wheel.schedule(2, START_MS + 1_000_000 * TICK_MS);
    wheel.scatter();
    expect(takeAll(wheel)).toEqual([1, 2]);
    expect(takeAll(wheel)).toEqual([]);
  });

  it("touches an entry at most once for each of its four levels", () => {
    const lifetimeMs = 20 * DAY_MS;
    const wheel = createWheel();
    wheel.schedule(1, START_MS + lifetimeMs);
    let touched = 0;
    for (let ms = 0; ms <= lifetimeMs + 1_000; ms += 1_000) {
      wheel.advance(START_MS + ms);
      for (let id = wheel.take(); id !== 0; id = wheel.take()) {
        touched += 1;
        if (lifetimeMs > ms) wheel.schedule(id, START_MS + lifetimeMs);
      }
    }
    expect(touched).toBeGreaterThan(0);
    expect(touched).toBeLessThanOrEqual(4);
  });

  it(`finds every expired entry within a second, and no other (seed ${seed})`, () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        let nowMs = START_MS;
        const wheel = createWheel(nowMs);
        const ends = new Map<number, number>();
        // The lowest first, so that ids are used again.
        const free = Array.from({ length: MAX_ID }, (_, index) => MAX_ID - index);
        const forget = (id: number): void => {
          expect(ends.delete(id)).toBe(true);
          free.push(id);
        };
        for (const step of sequence) {
          if (step.at === "schedule") {
            const id = free.pop() as number;
            ends.set(id, nowMs + step.lifetimeMs);
            wheel.schedule(id, nowMs + step.lifetimeMs);
          } else if (step.at === "cancel") {
            const id = [...ends.keys()][step.which % Math.max(1, ends.size)];
            if (id === undefined) continue;
            wheel.cancel(id);
            forget(id);
          } else {
            nowMs += step.byMs;
            wheel.advance(nowMs);
            for (const id of takeExpired(wheel, ends, nowMs, step.most)) forget(id);
          }
        }
        nowMs += 1_000;
        wheel.advance(nowMs);
        for (const id of takeExpired(wheel, ends, nowMs)) forget(id);
        const overdue = [...ends].filter(([, endMs]) => endMs <= nowMs - 1_000);
        expect(overdue).toEqual([]);
      }),
      { seed, numRuns: 1_000 },
    );
  });
});
