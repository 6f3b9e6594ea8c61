import { describe, expect, it } from "vitest";
import { Loads } from "./loads.js";

function createGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

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
