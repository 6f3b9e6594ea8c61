import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ExpiryLinks, type ExpirySlot, ExpiryWheel, TICK_MS } from "./expiry.js";

const seed = testSeed();
const DAY_MS = 24 * 60 * 60 * 1_000;
const START_MS = 1_790_000_000_000;

class TestEntry implements ExpiryLinks<TestEntry> {
  readonly expiresAtMs: number;
  slot: ExpirySlot<TestEntry> | undefined = undefined;
  slotPrevious: TestEntry | undefined = undefined;
  slotNext: TestEntry | undefined = undefined;

  constructor(expiresAtMs: number) {
    this.expiresAtMs = expiresAtMs;
  }
}

/** Takes what has been reached, at most `most` entries, and puts back what has not expired. */
function takeExpired(
  wheel: ExpiryWheel<TestEntry>,
  nowMs: number,
  most = Number.POSITIVE_INFINITY,
): TestEntry[] {
  const expired: TestEntry[] = [];
  for (let taken = 0; taken < most; taken++) {
    const entry = wheel.take();
    if (entry === undefined) break;
    if (entry.expiresAtMs <= nowMs) expired.push(entry);
    else wheel.schedule(entry);
  }
  return expired;
}

/** From less than a tick to beyond the reach of the wheel, around every border between levels. */
const lifetimesMs = fc.oneof(
  fc.integer({ min: -1_000, max: 20_000 }),
  fc.integer({ min: 8_000, max: 600_000 }),
  fc.integer({ min: 8 * 60_000, max: DAY_MS }),
  fc.integer({ min: DAY_MS, max: 80 * DAY_MS }),
);

type Step =
  | { readonly at: "schedule"; readonly lifetimeMs: number }
  | { readonly at: "cancel"; readonly which: number }
  | { readonly at: "advance"; readonly byMs: number; readonly most: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
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
    const wheel = new ExpiryWheel<TestEntry>(START_MS);
    const entry = new TestEntry(START_MS + 1_000);
    wheel.schedule(entry);
    wheel.advance(START_MS + 999);
    expect(wheel.take()).toBeUndefined();
    wheel.advance(START_MS + 1_000 + TICK_MS);
    expect(wheel.take()).toBe(entry);
    expect(wheel.take()).toBeUndefined();
  });

  it("never hands out an entry that was cancelled, even one already reached", () => {
    const wheel = new ExpiryWheel<TestEntry>(START_MS);
    const entries = [1, 2, 3].map(() => new TestEntry(START_MS + 1_000));
    for (const entry of entries) wheel.schedule(entry);
    wheel.advance(START_MS + 2_000);
    for (const entry of entries) wheel.cancel(entry);
    expect(wheel.take()).toBeUndefined();
  });

  it("ignores the cancelling of an entry that it does not hold", () => {
    const wheel = new ExpiryWheel<TestEntry>(START_MS);
    const entry = new TestEntry(Number.POSITIVE_INFINITY);
    wheel.schedule(entry);
    wheel.cancel(entry);
    wheel.advance(START_MS + 100 * DAY_MS);
    expect(wheel.take()).toBeUndefined();
  });

  it("touches an entry at most once for each of its four levels", () => {
    const lifetimeMs = 20 * DAY_MS;
    const wheel = new ExpiryWheel<TestEntry>(START_MS);
    wheel.schedule(new TestEntry(START_MS + lifetimeMs));
    let touched = 0;
    for (let ms = 0; ms <= lifetimeMs + 1_000; ms += 1_000) {
      wheel.advance(START_MS + ms);
      for (let entry = wheel.take(); entry !== undefined; entry = wheel.take()) {
        touched += 1;
        if (entry.expiresAtMs > START_MS + ms) wheel.schedule(entry);
      }
    }
    expect(touched).toBeGreaterThan(0);
    expect(touched).toBeLessThanOrEqual(4);
  });

  it(`finds every expired entry within a second, and no other (seed ${seed})`, () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        let nowMs = START_MS;
        const wheel = new ExpiryWheel<TestEntry>(nowMs);
        const scheduled = new Set<TestEntry>();
        for (const step of sequence) {
          if (step.at === "schedule") {
            const entry = new TestEntry(nowMs + step.lifetimeMs);
            wheel.schedule(entry);
            scheduled.add(entry);
          } else if (step.at === "cancel") {
            const entry = [...scheduled][step.which % Math.max(1, scheduled.size)];
            if (entry === undefined) continue;
            wheel.cancel(entry);
            scheduled.delete(entry);
          } else {
            nowMs += step.byMs;
            wheel.advance(nowMs);
            for (const entry of takeExpired(wheel, nowMs, step.most)) {
              expect(scheduled.delete(entry)).toBe(true);
            }
          }
        }
        nowMs += 1_000;
        wheel.advance(nowMs);
        for (const entry of takeExpired(wheel, nowMs)) expect(scheduled.delete(entry)).toBe(true);
        const overdue = [...scheduled].filter(({ expiresAtMs }) => expiresAtMs <= nowMs - 1_000);
        expect(overdue).toEqual([]);
      }),
      { seed, numRuns: 1_000 },
    );
  });
});
