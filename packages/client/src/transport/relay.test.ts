import { describe, expect, it } from "vitest";
import { startConnected } from "../testing/fake-client.js";

describe("Relaying", () => {
  it("takes reads that say how stale a value may be", async () => {
    await using test = await startConnected({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    const key = test.fake.keyOf(first);
    await test.cache.set(key, "v");
    first.stop();
    expect(await test.cache.get(key, { maxStale: 0 })).toBe("v");
    expect(await test.cache.getOrLoad(key, () => "loaded", { maxStale: 0 })).toBe("v");
    expect(second.unaryCalls).toBe(2);
  });

  it("tells of what a load finds where it comes from, and how old it is", async () => {
    await using test = await startConnected({ nodes: 2 });
    const key = test.fake.keyOf(test.fake.node(0));
    await test.cache.set(key, "v");
    test.fake.node(0).stop();
    const read = await test.cache.getOrLoadWithMeta(key, () => "loaded");
    expect(read).toEqual(await test.cache.getWithMeta(key));
    expect(read).toMatchObject({ value: "v", source: "memory" });
  });
});
