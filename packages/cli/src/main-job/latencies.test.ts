import { describe, expect, it } from "vitest";
import { Latencies } from "./latencies.js";

describe("Latencies", () => {
  it("knows no percentile of nothing", () => {
    expect(new Latencies().percentileMs(0.5)).toBeUndefined();
  });

  it("tells percentiles by nearest rank, whatever the order of arrival", () => {
    const latencies = new Latencies();
    for (let value = 100; value >= 1; value--) latencies.add(value);
    expect(latencies.percentileMs(0.5)).toBe(50);
    expect(latencies.percentileMs(0.99)).toBe(99);
    expect(latencies.percentileMs(1)).toBe(100);
    expect(latencies.percentileMs(0)).toBe(1);
  });

  it("goes on after it was asked, and keeps any number", () => {
    const latencies = new Latencies();
    for (let value = 0; value < 5_000; value++) latencies.add(value);
    expect(latencies.percentileMs(1)).toBe(4_999);
    latencies.add(-1);
    expect(latencies.percentileMs(0)).toBe(-1);
    expect(latencies.count).toBe(5_001);
  });
});
