import { describe, expect, it } from "vitest";
import { runMany } from "./many.js";

describe("Operations on many keys", () => {
  it("never start more at once than may be in flight", async () => {
    const items = new Map(Array.from({ length: 25 }, (_, index) => [`${index}`, index]));
    let running = 0;
    let most = 0;
    const { done } = await runMany(
      items,
      async (_key, item) => {
        running += 1;
        most = Math.max(most, running);
        await Promise.resolve();
        running -= 1;
        return item;
      },
      { maxInFlight: 10, stopEarly: false },
    );
    expect(most).toBe(10);
    expect([...done.values()]).toEqual([...items.values()]);
  });

  it("start no further slice after a failure when told to stop early", async () => {
    const items = new Map(Array.from({ length: 30 }, (_, index) => [`${index}`, index]));
    const started: number[] = [];
    const { failures } = await runMany(
      items,
      async (_key, item) => {
        started.push(item);
        if (item === 3) throw new Error("three");
      },
      { maxInFlight: 10, stopEarly: true },
    );
    expect(started).toHaveLength(10);
    expect([...failures.keys()]).toEqual(["3"]);
  });
});
