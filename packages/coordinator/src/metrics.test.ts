import { describe, expect, it } from "vitest";
import { newStats } from "./leading/stats.js";
import { createMetrics } from "./metrics.js";

describe("createMetrics", () => {
  it("shows sums as counters, the same however often they are asked for", async () => {
    const stats = newStats();
    const metrics = createMetrics({ stats, state: () => undefined, isLeading: () => true });
    stats.publishes = 3;
    await metrics.metrics();
    const text = await metrics.metrics();
    expect(text).toMatch(/^# TYPE holdfast_coordinator_publishes_total counter$/m);
    expect(text).toMatch(/^holdfast_coordinator_publishes_total 3$/m);
    expect(text).toMatch(/^holdfast_coordinator_failovers_total 0$/m);
    expect(text).toMatch(/^# TYPE holdfast_coordinator_leading gauge$/m);
  });
});
