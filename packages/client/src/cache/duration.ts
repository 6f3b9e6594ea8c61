/**
 * Lengths of time as callers write them: a number of milliseconds, or text such as "5m". Inside
 * the client they are whole milliseconds with `Ms` in their name.
 */
import { CacheError } from "@holdfast/core";

/**
 * Milliseconds as a number, or text with a unit: `"250ms"`, `"5s"`, `"1.5m"`, `"2h"`, `"7d"`. Only
 * `"0"` needs none.
 */
export type Duration = number | string;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** The longest delay that a Node timer can have, about 24 days. */
const TIMER_MAX_MS = 2 ** 31 - 1;

const FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/**
 * Whole milliseconds. Fractions are rounded up, because a lifetime of 0 has a meaning of its own
 * ("for ever") and must not come out of a very short one.
 *
 * @param name - What the duration is, for the message.
 * @throws {CacheError} `INVALID_ARGUMENT` when it is negative, not finite, or not in the form above.
 */
export function durationMs(duration: Duration, name: string): number {
  const ms = typeof duration === "number" ? duration : parse(duration);
  if (ms === undefined) {
    const needs = /^\d+$/.test(String(duration)) ? "it needs a unit, as in" : "write";
    throw invalid(`${name} is ${quote(duration)}; ${needs} "250ms", "90s" or "5m"`);
  }
  if (!Number.isFinite(ms) || ms > Number.MAX_SAFE_INTEGER) {
    throw invalid(`${name} is ${ms}; it must be finite`);
  }
  if (ms < 0) throw invalid(`${name} is ${ms} ms; it must not be negative`);
  return Math.ceil(ms);
}

/** As `durationMs`, for what must also be longer than nothing. */
export function positiveDurationMs(duration: Duration, name: string): number {
  const ms = durationMs(duration, name);
  if (ms === 0) throw invalid(`${name} is 0; it must be longer`);
  return ms;
}

/** The time an operation has, in milliseconds: its own, or else the client's. */
export function timeoutMsOf(timeout: Duration | undefined, fallbackMs: number): number {
  if (timeout === undefined) return fallbackMs;
  return Math.min(positiveDurationMs(timeout, "timeout"), TIMER_MAX_MS);
}

function parse(text: string): number | undefined {
  if (text === "0") return 0;
  const [, amount, unit] = FORM.exec(String(text).trim()) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
}

function quote(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(value);
}

function invalid(message: string): CacheError {
  return new CacheError("INVALID_ARGUMENT", message);
}
