import { describe, expect, it } from "vitest";
import { Flight } from "./flight.js";
import { Loads } from "./loads.js";
import { runMany } from "./many.js";
import { Terms } from "./terms.js";

function createGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe("Flight", () => {
  it("refuses the operation that is one too many, and takes it when another has left", () => {
    const flight = new Flight({ maxOperations: 2, maxBytes: 100 });
    flight.enter(10);
    flight.enter(10);
    expect(() => flight.enter(10)).toThrowError(
      expect.objectContaining({
        code: "OVERLOADED",
        message: "2 operations are in flight already",
      }),
    );
    flight.leave(10);
    flight.enter(10);
    expect(flight.operations).toBe(2);
  });

  it("refuses bytes above its bound, but never a single operation", () => {
    const flight = new Flight({ maxOperations: 10, maxBytes: 100 });
    flight.enter(500);
    expect(() => flight.enter(1)).toThrowError("500 of 100 bytes are in flight");
    flight.leave(500);
    expect(flight.bytes).toBe(0);
  });
});

describe("Terms", () => {
  it("find a reply late when a higher term was seen in that partition", () => {
    const terms = new Terms(4);
    expect(terms.isFromFormerOwner(1, 3)).toBe(false);
    expect(terms.isFromFormerOwner(1, 2)).toBe(true);
    expect(terms.isFromFormerOwner(1, 3)).toBe(false);
    expect(terms.isFromFormerOwner(2, 1)).toBe(false);
  });

  it("take no notice of term 0, which is no owner's", () => {
    const terms = new Terms(4);
    terms.isFromFormerOwner(1, 3);
    expect(terms.isFromFormerOwner(1, 0)).toBe(false);
    expect(terms.isFromFormerOwner(1, 2)).toBe(true);
  });
});

describe("Loads", () => {
  const missed = { cache: "products", key: "a", version: 0, encoding: 1 };

  it("share one run among the callers that missed the same entry", async () => {
    const loads = new Loads(10);
    let runs = 0;
    const run = () =>
      loads.run(missed, async () => {
        runs += 1;
        return runs;
      });
    expect(await Promise.all([run(), run(), run()])).toEqual([1, 1, 1]);
    expect(await run()).toBe(2);
  });

  it("do not share with a caller that missed another version or reads with another codec", async () => {
    const loads = new Loads(10);
    const first = loads.run(missed, async () => "first");
    const second = loads.run({ ...missed, version: 5 }, async () => "second");
    const third = loads.run({ ...missed, version: 5, encoding: 2 }, async () => "third");
    expect(await Promise.all([first, second, third])).toEqual(["first", "second", "third"]);
  });

  it("tell a load that its key has been written", async () => {
    const loads = new Loads(10);
    let check = () => false;
    const gate = createGate();
    const load = loads.run(missed, async (isCurrent) => {
      check = isCurrent;
      await gate.opened;
    });
    expect(check()).toBe(true);
    loads.forget("products", "b");
    expect(check()).toBe(true);
    loads.forget("products", "a");
    expect(check()).toBe(false);
    gate.open();
    await load;
  });

  it("refuse more runs than their bound, and count those that were forgotten", async () => {
    const loads = new Loads(1);
    const gate = createGate();
    const load = loads.run(missed, () => gate.opened);
    loads.forget("products", "a");
    expect(() => loads.run(missed, async () => {})).toThrowError("1 loads are running already");
    gate.open();
    await load;
    await loads.run(missed, async () => {});
  });
});

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
