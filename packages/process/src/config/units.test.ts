import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check } from "./explain.js";
import {
  byteSize,
  duration,
  formatByteSize,
  formatDuration,
  parseByteSize,
  parseDuration,
} from "./units.js";

function messageOf(schema: ReturnType<typeof duration>, value: unknown): string | undefined {
  const checked = check(schema, value);
  return checked.ok ? undefined : checked.problems[0]?.message;
}

describe("durations", () => {
  it.each([
    ["250ms", 250],
    ["5s", 5_000],
    ["1.5s", 1_500],
    ["1.1s", 1_100],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["7d", 604_800_000],
    ["0s", 0],
    [1_234, 1_234],
  ])("reads %s", (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  it.each([
    "",
    "5",
    "s",
    "5 s",
    "-5s",
    "+5s",
    "5S",
    "5sec",
    "0.5ms",
    "1e3ms",
    "5s ",
    "∞",
    `${"9".repeat(16)}d`,
  ])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("refuses %d", (value) => {
    expect(parseDuration(value)).toBeUndefined();
  });

  it("are written so that they read back as the same", () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 ** 12 }), (durationMs) => {
        expect(parseDuration(formatDuration(durationMs))).toBe(durationMs);
      }),
    );
    expect(formatDuration(90_000)).toBe("90s");
    expect(formatDuration(0)).toBe("0ms");
  });

  it("stay within their range", () => {
    const schema = duration({ minMs: 2_000, maxMs: 60_000 });
    expect(messageOf(schema, "2s")).toBeUndefined();
    expect(messageOf(schema, 60_000)).toBeUndefined();
    expect(messageOf(schema, "1s")).toBe("must be at least 2s, not 1s");
    expect(messageOf(schema, 1_999)).toBe("must be at least 2s, not 1999ms");
    expect(messageOf(schema, "2m")).toBe("must be at most 1m, not 2m");
  });

  it("say what they look like when something else is given", () => {
    const example = 'must be a duration such as "250ms", "5s", "5m", "2h" or "7d"';
    expect(messageOf(duration(), "soon")).toBe(`${example}, not "soon"`);
    expect(messageOf(duration(), -1)).toBe(`${example}, not -1`);
    expect(messageOf(duration(), true)).toBe(`${example}, not true`);
    expect(messageOf(duration(), null)).toBe(`${example}, not empty`);
    expect(messageOf(duration(), [1])).toBe(`${example}, not a list`);
    expect(messageOf(duration(), undefined)).toBe("is required");
  });
});

describe("sizes", () => {
  it.each([
    ["1B", 1],
    ["64KiB", 65_536],
    ["256MiB", 268_435_456],
    ["2GiB", 2_147_483_648],
    ["1.5KiB", 1_536],
    ["1MB", 1_000_000],
    ["1KB", 1_000],
    ["2TiB", 2_199_023_255_552],
    [4_096, 4_096],
  ])("reads %s", (text, sizeBytes) => {
    expect(parseByteSize(text)).toBe(sizeBytes);
  });

  it.each(["", "64", "64K", "64kb", "64Ki", "64 KiB", "-1KiB", "0.5B", "MiB"])(
    "refuses %j",
    (text) => {
      expect(parseByteSize(text)).toBeUndefined();
    },
  );

  it("are written so that they read back as the same", () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 50 }), (sizeBytes) => {
        expect(parseByteSize(formatByteSize(sizeBytes))).toBe(sizeBytes);
      }),
    );
    expect(formatByteSize(65_536)).toBe("64KiB");
  });

  it("stay within their range", () => {
    const schema = byteSize({ minBytes: 2 ** 20, maxBytes: 2 ** 22 });
    expect(messageOf(schema, "2MiB")).toBeUndefined();
    expect(messageOf(schema, "1MB")).toBe("must be at least 1MiB, not 1MB");
    expect(messageOf(schema, 2 ** 23)).toBe("must be at most 4MiB, not 8MiB");
    expect(messageOf(schema, "lots")).toBe(
      'must be a size such as "64KiB", "256MiB", "2GiB" or "1MB", not "lots"',
    );
  });
});
