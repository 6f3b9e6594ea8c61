/**
 * The calls of a client that have not been answered yet, and the ends of their time. Calls with the same timeout end
 * in the order in which they began: so one timer for each timeout does for all of them, however many there are.
 */
import type { CancelTimer, Clock } from "@holdfast/core";

/** Calls with the same timeout, in the order of their ends. */
interface Line {
  readonly timeoutMs: number;
  first: TimedCall | undefined;
  last: TimedCall | undefined;
  cancelTimer: CancelTimer;
}

/** Base of a call; what it says about its line and its neighbours there is `RunningCalls`' own. */
export abstract class TimedCall {
  // Instants on the clock's monotonic scale.
  readonly startedAtMs: number;
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  line: Line | undefined;
  before: TimedCall | undefined;
  after: TimedCall | undefined;

  constructor(timeoutMs: number, nowMs: number) {
    this.startedAtMs = nowMs;
    // Whole ones, of which there are few: each has a line of its own.
    this.timeoutMs = Math.ceil(timeoutMs);
    this.deadlineMs = nowMs + this.timeoutMs;
  }

  /** Its time is over. It must be removed by this. */
  abstract expire(): void;

  /** Ends the call without an answer. It must be removed by this. */
  abstract end(reason: unknown, why: string): void;
}

export class RunningCalls {
  readonly #clock: Clock;
  /** By timeout. A line stays until its timer finds nobody in it. */
  readonly #lines = new Map<number, Line>();
  /** The line that a call was put into last: most have the same timeout. */
  #latest: Line | undefined;
  #size = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#size;
  }

  add(call: TimedCall): void {
    const line = this.#lineOf(call.timeoutMs);
    call.line = line;
    call.before = line.last;
    if (line.last === undefined) line.first = call;
    else line.last.after = call;
    line.last = call;
    this.#size += 1;
  }

  remove(call: TimedCall): void {
    const { line } = call;
    if (line === undefined) return;
    if (call.before !== undefined) call.before.after = call.after;
    else line.first = call.after;
    if (call.after !== undefined) call.after.before = call.before;
    else line.last = call.before;
    call.line = undefined;
    call.before = undefined;
    call.after = undefined;
    this.#size -= 1;
  }

  /** Ends all of them. */
  endAll(reason: unknown, why: string): void {
    for (const line of this.#lines.values()) {
      line.cancelTimer();
      while (line.first !== undefined) line.first.end(reason, why);
    }
    this.#lines.clear();
    this.#latest = undefined;
  }

  #lineOf(timeoutMs: number): Line {
    if (this.#latest?.timeoutMs === timeoutMs) return this.#latest;
    this.#latest = this.#lines.get(timeoutMs) ?? this.#openLine(timeoutMs);
    return this.#latest;
  }

  #openLine(timeoutMs: number): Line {
    const line: Line = { timeoutMs, first: undefined, last: undefined, cancelTimer: () => {} };
    line.cancelTimer = this.#clock.after(timeoutMs, () => this.#expire(timeoutMs, line));
    this.#lines.set(timeoutMs, line);
    return line;
  }

  #expire(timeoutMs: number, line: Line): void {
    const nowMs = this.#clock.monotonic();
    while (line.first !== undefined && line.first.deadlineMs <= nowMs) line.first.expire();
    if (line.first === undefined) {
      this.#lines.delete(timeoutMs);
      if (this.#latest === line) this.#latest = undefined;
      return;
    }
    const leftMs = Math.max(1, Math.ceil(line.first.deadlineMs - nowMs));
    line.cancelTimer = this.#clock.after(leftMs, () => this.#expire(timeoutMs, line));
  }
}
