import { describe, expect, it } from "vitest";
import { BatchSize } from "./batch-size.js";

const OPTIONS = { batchMaxRows: 5_000, ageObjectiveMs: 4_000 };

describe("BatchSize", () => {
  const full = { tookMs: 10, ageMs: 2_000, isUrgent: false };

  it("grows by steps while what is sent is old, up to the most that is allowed", () => {
    const size = new BatchSize(() => OPTIONS);
    const seen: number[] = [];
    for (let i = 0; i < 30; i++) {
      size.sent({ ...full, rows: size.rows });
      seen.push(size.rows);
    }
    expect(seen.slice(0, 3)).toEqual([750, 1_000, 1_250]);
    expect(seen.at(-1)).toBe(5_000);
  });

  it("stays as it is while what is sent is young, or does not fill a statement", () => {
    const size = new BatchSize(() => OPTIONS);
    size.sent({ ...full, rows: size.rows, ageMs: 1_999 });
    size.sent({ ...full, rows: size.rows - 1 });
    expect(size.rows).toBe(500);
    size.sent({ ...full, rows: size.rows, ageMs: 0, isUrgent: true });
    expect(size.rows).toBe(750);
  });

  it("is halved by a statement that took too long, or did not end at all", () => {
    const size = new BatchSize(() => OPTIONS);
    size.sent({ ...full, rows: size.rows, tookMs: 1_001 });
    expect(size.rows).toBe(250);
    size.timedOut();
    expect(size.rows).toBe(125);
    for (let i = 0; i < 10; i++) size.timedOut();
    expect(size.rows).toBe(10);
  });

  it("never exceeds what is configured now", () => {
    let batchMaxRows = 5;
    const size = new BatchSize(() => ({ ...OPTIONS, batchMaxRows }));
    expect(size.rows).toBe(5);
    size.timedOut();
    expect(size.rows).toBe(5);
    batchMaxRows = 400;
    size.sent({ ...full, rows: size.rows });
    expect(size.rows).toBeGreaterThan(5);
    expect(size.rows).toBeLessThanOrEqual(400);
  });
});
