import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { seededRandom } from "./seeded-random.js";
import { LookupCursor, makeWorkload } from "./workload.js";

describe("a workload", () => {
  it("takes the first requests of a trace and numbers products from 1", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-workload-"));
    try {
      const trace = join(folder, "t.u32");
      await writeFile(trace, new Uint8Array(Uint32Array.of(0, 1, 0, 5_000, 2).buffer));
      const given = { trace, products: 1_000, random: seededRandom(1) };
      const cut = await makeWorkload({ ...given, lookups: 3 });
      expect([...cut.requests]).toEqual([1, 2, 1]);
      expect(cut.description).toBe(`${trace}: the first 3 of its 5 requests, 5001 objects`);
      const whole = await makeWorkload({ ...given, lookups: 100 });
      expect([...whole.requests]).toEqual([1, 2, 1, 5_001, 3]);
      // The catalogue grows to what the trace names.
      expect(whole.products).toBe(5_001);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("draws by Zipf's law without a trace", async () => {
    const given = { trace: undefined, products: 1_000, lookups: 2_000 };
    const workload = await makeWorkload({ ...given, random: seededRandom(1) });
    expect(workload.requests).toHaveLength(2_000);
    expect(workload.products).toBe(1_000);
    expect(Math.min(...workload.requests)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...workload.requests)).toBeLessThanOrEqual(1_000);
    expect(workload.description).toContain("1/r^1.25");
  });
});

describe("LookupCursor", () => {
  it("begins again after the last", () => {
    const cursor = new LookupCursor(Uint32Array.of(4, 5));
    expect([cursor.next(), cursor.next(), cursor.next()]).toEqual([4, 5, 4]);
  });
});
