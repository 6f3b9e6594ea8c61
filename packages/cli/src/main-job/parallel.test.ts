import { settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { inParallel } from "./parallel.js";

/** Work that ends when it is told to. */
function gated() {
  const gates: (() => void)[] = [];
  const started: number[] = [];
  const work = (index: number) => {
    started.push(index);
    return new Promise<void>((resolve) => gates.push(resolve));
  };
  return { gates, started, work };
}

const never = new AbortController().signal;

describe("inParallel", () => {
  it("keeps so many operations in flight and no more, until all are done", async () => {
    const { gates, started, work } = gated();
    const done = inParallel(5, work, { inFlight: 2, signal: never });
    await settle();
    expect(started).toEqual([0, 1]);
    gates[1]?.();
    await settle();
    expect(started).toEqual([0, 1, 2]);
    while (started.length < 5) {
      gates.at(-1)?.();
      await settle();
    }
    for (const open of gates) open();
    await done;
  });

  it("begins nothing new after a failure, and fails when the others have ended", async () => {
    const { gates, started, work } = gated();
    let isOver = false;
    const failing = (index: number) =>
      index === 1 ? Promise.reject(new Error("broken")) : work(index);
    const done = inParallel(9, failing, { inFlight: 2, signal: never }).finally(() => {
      isOver = true;
    });
    await settle();
    expect(started).toEqual([0]);
    expect(isOver).toBe(false);
    gates[0]?.();
    await expect(done).rejects.toThrow("broken");
    expect(started).toEqual([0]);
  });

  it("ends with the signal's reason when what was in flight has ended", async () => {
    const { gates, started, work } = gated();
    const controller = new AbortController();
    const done = inParallel(9, work, { inFlight: 2, signal: controller.signal });
    await settle();
    controller.abort(new Error("enough"));
    for (const open of gates) open();
    await expect(done).rejects.toThrow("enough");
    expect(started).toEqual([0, 1]);
  });
});
