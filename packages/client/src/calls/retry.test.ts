import { CACHE_ERROR_CODES, CacheError, NotOwnerError } from "@holdfast/core";
import { seededRandom, testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextStep } from "./retry.js";

const owner = { nodeId: "b", incarnation: "b-1", address: "127.0.0.1:1", term: 2 };
const failsFast = false;
const seed = testSeed();
const random = seededRandom(seed);

describe("The next step after a failed attempt", () => {
  it("gives up everything but what certainly was not executed and may go better later", () => {
    const retried = CACHE_ERROR_CODES.filter((code) => {
      const error = new CacheError(code, "");
      return (
        nextStep({ error, earlierFailures: 0, epoch: 5, failsFast }, random).step !== "give-up"
      );
    });
    expect(retried).toEqual(["NOT_OWNER", "OVERLOADED", "UNAVAILABLE"]);
  });

  it("follows a hint that is newer than what the client knows", () => {
    const error = new NotOwnerError({ epoch: 6, owner });
    expect(nextStep({ error, earlierFailures: 0, epoch: 5, failsFast }, random)).toEqual({
      step: "follow",
      owner,
    });
  });

  it("waits when the hint is not newer, or names nobody", () => {
    const old = new NotOwnerError({ epoch: 5, owner });
    const empty = new NotOwnerError({ epoch: 6 });
    expect(nextStep({ error: old, earlierFailures: 0, epoch: 5, failsFast }, random).step).toBe(
      "wait",
    );
    expect(nextStep({ error: empty, earlierFailures: 0, epoch: 5, failsFast }, random).step).toBe(
      "wait",
    );
  });

  it("follows no more than three hints without waiting", () => {
    const error = new NotOwnerError({ epoch: 6, owner });
    const steps = [0, 1, 2, 3].map(
      (earlierFailures) => nextStep({ error, earlierFailures, epoch: 5, failsFast }, random).step,
    );
    expect(steps).toEqual(["follow", "follow", "follow", "wait"]);
  });

  it(`waits longer each time, never above half a second, and never not at all (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer(), (earlierFailures, chance) => {
        const error = new CacheError("UNAVAILABLE", "");
        const next = nextStep(
          { error, earlierFailures, epoch: 1, failsFast },
          seededRandom(chance),
        );
        const waitMs = next.step === "wait" ? next.waitMs : 0;
        const boundMs = Math.min(500, 10 * 2 ** earlierFailures);
        expect(waitMs).toBeGreaterThanOrEqual(boundMs / 2);
        expect(waitMs).toBeLessThanOrEqual(boundMs);
      }),
      { seed },
    );
  });
});
