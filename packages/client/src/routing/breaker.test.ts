import { CacheError } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { Breaker } from "./breaker.js";

const failure = new CacheError("UNAVAILABLE", "refused");

/** A breaker whose waits are as long as they may be. */
function createBreaker() {
  const clock = new FakeClock();
  return { clock, breaker: new Breaker(clock, { next: () => 1 }) };
}

describe("A breaker", () => {
  it("lets one probe through after an open time, and no other until it is known how that went", () => {
    const { clock, breaker } = createBreaker();
    expect([breaker.tryNow(), breaker.tryNow()]).toEqual([true, true]);
    breaker.failed(failure);
    expect([breaker.state, breaker.lastError]).toEqual(["open", failure]);
    clock.advance(49);
    expect(breaker.tryNow()).toBe(false);
    clock.advance(1);
    expect([breaker.tryNow(), breaker.tryNow()]).toEqual([true, false]);
    expect(breaker.state).toBe("half-open");
    breaker.succeeded();
    expect([breaker.state, breaker.lastError, breaker.tryNow()]).toEqual([
      "closed",
      undefined,
      true,
    ]);
  });

  it("stays open longer after each failure, up to a second", () => {
    const { clock, breaker } = createBreaker();
    const openMs = [1, 2, 3, 4, 5, 6, 7].map(() => {
      breaker.failed(failure);
      let waitedMs = 0;
      for (; !breaker.tryNow(); waitedMs += 1) clock.advance(1);
      return waitedMs;
    });
    expect(openMs).toEqual([50, 100, 200, 400, 800, 1_000, 1_000]);
  });

  it("spreads the probes of those that failed together", () => {
    const clock = new FakeClock();
    const breaker = new Breaker(clock, { next: () => 0 });
    breaker.failed(failure);
    clock.advance(24);
    expect(breaker.tryNow()).toBe(false);
    clock.advance(1);
    expect(breaker.tryNow()).toBe(true);
  });

  it("does not take a success that did not last for the end of the failures", () => {
    const { clock, breaker } = createBreaker();
    for (let count = 0; count < 3; count++) {
      breaker.failed(failure);
      clock.advance(1_000);
      expect(breaker.tryNow()).toBe(true);
      breaker.succeeded();
      clock.advance(999);
    }
    expect(breaker.failures).toBe(3);
    clock.advance(1);
    breaker.failed(failure);
    expect(breaker.failures).toBe(1);
  });
});
