import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { startConnected } from "../testing/fake-client.js";
import { RetryBudget } from "./retry-budget.js";

/** How many retries can be paid for, one after the other. */
function spendAll(budget: RetryBudget): number {
  let count = 0;
  while (budget.spend()) count += 1;
  return count;
}

describe("A retry budget", () => {
  it("lets a client that has done nothing retry a little, and again some time later", () => {
    const clock = new FakeClock();
    const budget = new RetryBudget(clock);
    expect(spendAll(budget)).toBe(10);
    clock.advance(300);
    expect(spendAll(budget)).toBe(3);
    clock.advance(60_000);
    expect(budget.left).toBe(10);
    expect(spendAll(budget)).toBe(10);
    expect([budget.spent, budget.refused]).toEqual([23, 3]);
  });

  it("allows a tenth of the first attempts beyond that", () => {
    const budget = new RetryBudget(new FakeClock());
    for (let count = 0; count < 5_009; count++) budget.earn();
    expect(budget.left).toBe(510);
    expect(spendAll(budget)).toBe(510);
    // What was not enough for a whole retry is not lost.
    budget.earn();
    expect(spendAll(budget)).toBe(1);
  });

  it("saves up a thousand retries and no more", () => {
    const budget = new RetryBudget(new FakeClock());
    for (let count = 0; count < 1_000_000; count++) budget.earn();
    expect(spendAll(budget)).toBe(1_010);
  });
});

describe("When a node refuses everything because it is overloaded", () => {
  const COUNT = 2_000;

  it("the client adds no more than a tenth to its load, and says why it gave up", async () => {
    await using test = await startConnected();
    test.node.intercept = () => ({ code: "OVERLOADED", message: "the queue is full" });
    const keys = Array.from({ length: COUNT }, (_, index) => `key-${index}`);
    const startedAtMs = performance.now();
    const results = await Promise.allSettled(
      keys.map((key) => test.cache.set(key, "v", { timeout: 2_000 })),
    );
    const seconds = (performance.now() - startedAtMs) / 1_000;
    // The reserve is ten at once, and ten in each second.
    const allowed = COUNT / 10 + 10 + 10 * seconds;
    const { retries } = test.client.clientStats();
    expect(test.node.operations.length - COUNT).toBeGreaterThanOrEqual(COUNT / 10);
    expect(test.node.operations.length - COUNT).toBeLessThanOrEqual(allowed);
    expect(retries.made).toBe(test.node.operations.length - COUNT);
    const reasons = results.map((result) => (result as PromiseRejectedResult).reason);
    const refused = reasons.filter(({ code }) => code === "OVERLOADED");
    expect(refused).toHaveLength(retries.refused);
    expect(refused.length).toBeGreaterThan(COUNT / 2);
    expect(refused[0]).toMatchObject({
      message:
        "the queue is full; not tried again, because the retry budget of this client is used up",
      cause: { code: "OVERLOADED", message: "the queue is full" },
    });
  });

  it("who waits for somebody to serve the key needs no budget", async () => {
    await using test = await startConnected();
    let isServing = false;
    test.node.intercept = () =>
      isServing ? undefined : { code: "UNAVAILABLE", message: "it is being taken over" };
    const keys = Array.from({ length: COUNT }, (_, index) => `key-${index}`);
    const written = Promise.all(keys.map((key) => test.cache.set(key, "v")));
    await expect.poll(() => test.node.operations.length).toBeGreaterThan(2 * COUNT);
    isServing = true;
    expect(await written).toHaveLength(COUNT);
    expect(test.client.clientStats().retries).toMatchObject({ paid: 0, refused: 0 });
  });
});
