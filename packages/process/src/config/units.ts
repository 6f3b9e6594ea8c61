/**
 * Durations and sizes as people write them: `5s`, `64KiB`. A bare number is in the unit that the
 * programs count in, milliseconds or bytes.
 */
import { z } from "zod";
import { show } from "./explain.js";

const DURATION_UNITS_MS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

/** Decimal and binary multiples, spelled exactly so: `k`, `mb` or `Mi` mean too many things. */
const SIZE_UNITS_BYTES: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["KB", 1e3],
  ["MB", 1e6],
  ["GB", 1e9],
  ["TB", 1e12],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
  ["TiB", 2 ** 40],
]);

export interface DurationRange {
  readonly minMs?: number;
  readonly maxMs?: number;
}

export interface ByteSizeRange {
  readonly minBytes?: number;
  readonly maxBytes?: number;
}

/** Milliseconds; `undefined` when the value is not a duration. Negative ones are not. */
export function parseDuration(value: string | number): number | undefined {
  return parseQuantity(value, DURATION_UNITS_MS);
}

/** Bytes; `undefined` when the value is not a size. */
export function parseByteSize(value: string | number): number | undefined {
  return parseQuantity(value, SIZE_UNITS_BYTES);
}

/** The shortest exact form: `5s`, `1500ms`. */
export function formatDuration(durationMs: number): string {
  return formatQuantity(durationMs, [...DURATION_UNITS_MS]);
}

/** The shortest exact form in binary multiples: `64KiB`. */
export function formatByteSize(sizeBytes: number): string {
  return formatQuantity(
    sizeBytes,
    [...SIZE_UNITS_BYTES].filter(([unit]) => unit === "B" || unit.includes("i")),
  );
}

/** A setting in milliseconds, written as `"250ms"`, `"5s"`, `"5m"`, `"2h"`, `"7d"` or a number. */
export function duration(range: DurationRange = {}): z.ZodType<number, string | number> {
  return quantity({
    example: 'a duration such as "250ms", "5s", "5m", "2h" or "7d"',
    parse: parseDuration,
    format: formatDuration,
    min: range.minMs ?? 0,
    max: range.maxMs ?? Number.MAX_SAFE_INTEGER,
  });
}

/** A setting in bytes, written as `"64KiB"`, `"256MiB"`, `"2GiB"`, `"1MB"` or a number. */
export function byteSize(range: ByteSizeRange = {}): z.ZodType<number, string | number> {
  return quantity({
    example: 'a size such as "64KiB", "256MiB", "2GiB" or "1MB"',
    parse: parseByteSize,
    format: formatByteSize,
    min: range.minBytes ?? 0,
    max: range.maxBytes ?? Number.MAX_SAFE_INTEGER,
  });
}

interface Quantity {
  readonly example: string;
  readonly parse: (value: string | number) => number | undefined;
  readonly format: (value: number) => string;
  readonly min: number;
  readonly max: number;
}

function quantity({
  example,
  parse,
  format,
  min,
  max,
}: Quantity): z.ZodType<number, string | number> {
  return z
    .union([z.string(), z.number()], {
      error: ({ input }) =>
        input === undefined ? "is required" : `must be ${example}, not ${show(input)}`,
    })
    .transform((given, context) => {
      const value = parse(given);
      if (value !== undefined && value >= min && value <= max) return value;
      context.addIssue({ code: "custom", message: complaint(given, value) });
      return z.NEVER;
    });

  function complaint(given: string | number, value: number | undefined): string {
    if (value === undefined) return `must be ${example}, not ${show(given)}`;
    const bound = value < min ? `at least ${format(min)}` : `at most ${format(max)}`;
    return `must be ${bound}, not ${typeof given === "string" ? given : format(given)}`;
  }
}

function parseQuantity(
  value: string | number,
  units: ReadonlyMap<string, number>,
): number | undefined {
  if (typeof value === "number") return isWhole(value) ? value : undefined;
  const match = /^(\d{1,16}(?:\.\d{1,9})?)([A-Za-z]{1,3})$/.exec(value);
  const factor = units.get(match?.[2] ?? "");
  if (match === null || factor === undefined) return undefined;
  // 0.1 + 0.2 style remainders would make "1.1s" a fraction; they are below a millionth.
  const exact = Number(match[1]) * factor;
  const whole = Math.round(exact);
  return Math.abs(exact - whole) < 1e-6 && isWhole(whole) ? whole : undefined;
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function formatQuantity(value: number, units: readonly (readonly [string, number])[]): string {
  const [unit, factor] = units.findLast(([, size]) => value !== 0 && value % size === 0) ??
    units[0] ?? ["", 1];
  return `${value / factor}${unit}`;
}
