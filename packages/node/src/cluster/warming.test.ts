import { FakeClock } from "@holdfast/core/testing";
import type { Operation__Output } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { gate } from "../testing/turns.js";
import type { Router } from "./router.js";
import { Warming } from "./warming.js";

function createWarming() {
  const { wait, open } = gate();
  const router = {
    executeAll: async (operations: readonly Operation__Output[]) =>
      operations.map(({ id }) => ({ id, code: "OK", outcome: "APPLIED" })),
  } as unknown as Router;
  async function* keysOfQuery() {
    await wait();
    yield ["a", "b"];
  }
  const warming = new Warming(router, keysOfQuery, new FakeClock());
  const warm = async () => {
    const request = { cache: "c", keys: [], query: "hot", limit: 0 };
    let last: unknown;
    const { signal } = new AbortController();
    for await (const progress of warming.warm(request, signal)) last = progress;
    return last;
  };
  return { warm, open };
}

describe("Warming", () => {
  it("runs a few queries at once and refuses more", async () => {
    const { warm, open } = createWarming();
    const running = [warm(), warm()];
    await expect(warm()).rejects.toMatchObject({ code: "OVERLOADED" });
    open();
    for (const run of running) expect(await run).toMatchObject({ total: 2, loaded: 2 });
    expect(await warm()).toMatchObject({ total: 2 });
  });
});
