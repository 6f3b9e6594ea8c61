import { settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { AbortListeners } from "../calls/abort-listeners.js";
import { Loads } from "./loads.js";

function createGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe("Loads", () => {
  const wanted = { cache: "products", key: "a", encoding: 1, deadlineMs: 100 };

  it("share one run among the callers that want the same entry", async () => {
    const loads = new Loads(10, new AbortListeners());
    let runs = 0;
    const run = () =>
      loads.run(wanted, undefined, async () => {
        runs += 1;
        return runs;
      });
    expect(await Promise.all([run().result, run().result, run().result])).toEqual([1, 1, 1]);
    expect(await run().result).toBe(2);
  });

  it("do not share with a caller with another codec, other demands, or less time", async () => {
    const loads = new Loads(10, new AbortListeners());
    const run = (changes: object, name: string) =>
      loads.run({ ...wanted, ...changes }, undefined, async () => name).result;
    const results = [
      run({}, "1"),
      run({ encoding: 2 }, "2"),
      run({ encoding: 2, deadlineMs: 9 }, "3"),
    ];
    results.push(run({ encoding: 2, deadlineMs: 10 }, "4"), run({ maxStale: 0 }, "5"));
    results.push(run({ waitForReady: false }, "6"));
    expect(await Promise.all(results)).toEqual(["1", "2", "3", "3", "5", "6"]);
  });

  it("tell a caller whether the cluster may have been asked before he came", async () => {
    const loads = new Loads(10, new AbortListeners());
    const gate = createGate();
    const run = () => loads.run(wanted, undefined, () => gate.opened);
    expect([run().isLate, run().isLate]).toEqual([false, false]);
    await settle();
    expect(run().isLate).toBe(true);
    gate.open();
  });

  it("are not joined any more once the key has been written", async () => {
    const loads = new Loads(10, new AbortListeners());
    const gate = createGate();
    const run = (name: string) =>
      loads.run(wanted, undefined, async () => {
        await gate.opened;
        return name;
      }).result;
    const first = run("first");
    loads.forget("products", "b");
    const joined = run("joined");
    loads.forget("products", "a");
    const second = run("second");
    gate.open();
    expect(await Promise.all([first, joined, second])).toEqual(["first", "first", "second"]);
  });

  it("let a caller leave, and know when all have left", async () => {
    const loads = new Loads(10, new AbortListeners());
    const gate = createGate();
    let isWanted = () => false;
    const controllers = [new AbortController(), new AbortController()];
    const results = controllers.map(
      ({ signal }) =>
        loads.run(wanted, signal, (ask) => {
          isWanted = ask;
          return gate.opened;
        }).result,
    );
    const ended = Promise.allSettled(results);
    controllers[0]?.abort(new Error("gone"));
    await expect(results[0]).rejects.toThrowError("gone");
    expect(isWanted()).toBe(true);
    controllers[1]?.abort();
    expect(isWanted()).toBe(false);
    gate.open();
    await ended;
  });

  it("refuse more runs than their bound, and count those that were forgotten", async () => {
    const loads = new Loads(1, new AbortListeners());
    const gate = createGate();
    const { result } = loads.run(wanted, undefined, () => gate.opened);
    loads.forget("products", "a");
    const run = () => loads.run(wanted, undefined, async () => {}).result;
    expect(run).toThrowError("1 loads are running already");
    gate.open();
    await result;
    await run();
  });
});
