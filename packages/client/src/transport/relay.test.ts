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
});
