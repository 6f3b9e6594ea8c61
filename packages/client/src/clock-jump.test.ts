import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startConnected } from "./testing/fake-client.js";

const HOUR_MS = 3_600_000;

/** The wall clock alone: timers and the monotonic clock go on as they are. */
function setWallClock(ms: number): void {
  vi.setSystemTime(ms);
}

describe.each([
  ["an hour forward", HOUR_MS],
  ["an hour back", -HOUR_MS],
])("When somebody sets the wall clock %s", (_, jumpMs) => {
  const startMs = Date.now();
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: startMs });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("deadlines come when they would have come", async () => {
    await using test = await startConnected();
    await test.cache.set("a", "v");
    test.node.intercept = () => "silence";
    const startedAtMs = performance.now();
    const soon = test.cache.get("a", { timeout: 300 });
    const later = test.cache.get("b", { timeout: "30s" });
    await expect.poll(() => test.node.operations.length).toBe(3);
    setWallClock(startMs + jumpMs);
    await expect(soon).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(295);
    test.node.send([{ id: 3, code: "OK", term: 1 }]);
    expect(await later).toBeUndefined();
    const { latency } = test.client.clientStats().operations.GET ?? {};
    expect(latency?.buckets.at(-1)?.upToMs).toBeLessThan(30_000);
  });

  it("a node that has failed is tried again in time, and gone round meanwhile", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    const key = test.fake.keyOf(first);
    await test.cache.set(key, "v");
    first.claimedIncarnation = "somebody-else";
    first.dropPipes();
    const stateOf = () =>
      test.client.clientStats().nodes.find(({ nodeId }) => nodeId === first.nodeId);
    await expect.poll(() => stateOf()?.breaker).toBe("open");
    setWallClock(startMs + jumpMs);
    expect(await test.cache.get(key)).toBe("v");
    expect(second.unaryCalls).toBe(1);
    first.claimedIncarnation = first.incarnation;
    await expect
      .poll(async () => {
        await test.cache.get(key);
        return stateOf()?.breaker;
      })
      .toBe("closed");
  });

  it("news of the cluster still come, and a source of them that fails is left", async () => {
    await using test = await startConnected({ nodes: 2 });
    setWallClock(startMs + jumpMs);
    for (const node of test.fake.nodes) node.dropWatches();
    test.fake.moveAllTo(test.fake.node(1));
    await expect.poll(() => test.client.topology().epoch).toBe(test.fake.topology.epoch);
    expect(await test.cache.get("a")).toBeUndefined();
  });
});
