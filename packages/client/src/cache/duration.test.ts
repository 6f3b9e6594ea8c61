import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { durationMs, positiveDurationMs, timeoutMsOf } from "./duration.js";

const seed = testSeed();

describe("Durations", () => {
  it.each([
    [0, 0],
    [1_500, 1_500],
    ["250ms", 250],
    ["5s", 5_000],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
    ["7d", 604_800_000],
    ["0", 0],
    [" 5m ", 300_000],
  ])("reads %j as %d ms", (duration, ms) => {
    expect(durationMs(duration, "ttl")).toBe(ms);
  });

  it("rounds parts of a millisecond up, so that nothing short becomes 'for ever'", () => {
    expect(durationMs(0.2, "ttl")).toBe(1);
    expect(durationMs("0.0001s", "ttl")).toBe(1);
  });

  it.each([
    [-1, "ttl is -1 ms; it must not be negative"],
    [Number.NaN, "ttl is NaN; it must be finite"],
    [Number.POSITIVE_INFINITY, "ttl is Infinity; it must be finite"],
    ["5 minutes", 'ttl is "5 minutes"; write "250ms", "90s" or "5m"'],
    ["10", 'ttl is "10"; it needs a unit, as in "250ms", "90s" or "5m"'],
    ["-5s", 'ttl is "-5s"; write "250ms", "90s" or "5m"'],
    ["", 'ttl is ""; write "250ms", "90s" or "5m"'],
  ])("refuses %j", (duration, message) => {
    expect(() => durationMs(duration, "ttl")).toThrowError(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message }),
    );
  });

  it("refuses a timeout of nothing", () => {
    expect(() => positiveDurationMs("0ms", "timeout")).toThrowError("timeout is 0");
  });

  it("keep a timeout within what a timer can hold", () => {
    expect(timeoutMsOf("365d", 5_000)).toBe(2 ** 31 - 1);
    expect(timeoutMsOf(undefined, 5_000)).toBe(5_000);
  });

  it(`reads every whole number of every unit (seed ${seed})`, () => {
    const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100_000 }),
        fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
        (amount, unit) => {
          expect(durationMs(`${amount}${unit}`, "ttl")).toBe(amount * units[unit]);
        },
      ),
      { seed },
    );
  });
});
