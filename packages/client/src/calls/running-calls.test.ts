import { FakeClock } from "@holdfast/core/testing";
import { expect, it } from "vitest";
import { RunningCalls, TimedCall } from "./running-calls.js";

class RecordedCall extends TimedCall {
  readonly #calls: RunningCalls;
  endedBy: unknown;

  constructor(calls: RunningCalls, timeoutMs: number, clock: FakeClock) {
    super(timeoutMs, clock.monotonic());
    this.#calls = calls;
    calls.add(this);
  }

  expire(): void {
    this.end("time");
  }

  end(reason: unknown): void {
    this.endedBy = reason;
    this.#calls.remove(this);
  }
}

function createCalls() {
  const clock = new FakeClock();
  const calls = new RunningCalls(clock);
  const begin = (timeoutMs: number) => new RecordedCall(calls, timeoutMs, clock);
  return { clock, calls, begin };
}

it("ends each call when its own time is over, with one timer for each timeout", () => {
  const { clock, calls, begin } = createCalls();
  const first = begin(100);
  clock.advance(40);
  const [second, short] = [begin(100), begin(30)];
  expect(clock.pendingTimers).toBe(2);
  clock.advance(30);
  expect([first.endedBy, second.endedBy, short.endedBy]).toEqual([undefined, undefined, "time"]);
  clock.advance(30);
  expect([first.endedBy, second.endedBy]).toEqual(["time", undefined]);
  clock.advance(39);
  expect(second.endedBy).toBeUndefined();
  clock.advance(1);
  expect(second.endedBy).toBe("time");
  expect([calls.size, clock.pendingTimers]).toEqual([0, 0]);
});

it("forgets calls that were answered, wherever they stand in their line", () => {
  const { clock, calls, begin } = createCalls();
  const all = [1, 2, 3, 4, 5].map(() => begin(100));
  for (const index of [2, 0, 4]) calls.remove(all[index] as RecordedCall);
  expect(calls.size).toBe(2);
  clock.advance(100);
  expect(all.map(({ endedBy }) => endedBy)).toEqual([
    undefined,
    "time",
    undefined,
    "time",
    undefined,
  ]);
});

it("ends all calls, and its timers with them", () => {
  const { clock, calls, begin } = createCalls();
  const all = [begin(100), begin(200), begin(100)];
  calls.endAll("closed", "");
  expect(all.map(({ endedBy }) => endedBy)).toEqual(["closed", "closed", "closed"]);
  expect([calls.size, clock.pendingTimers]).toEqual([0, 0]);
});
