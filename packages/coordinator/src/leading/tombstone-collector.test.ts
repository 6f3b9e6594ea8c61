import { silentLogger } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { DatabaseError, type TombstonePlace } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import type { TombstoneStore } from "../state/stores.js";
import { newStats } from "./stats.js";
import { TombstoneCollector } from "./tombstone-collector.js";

const RETENTION_MS = 7 * 86_400_000;
const INTERVAL_MS = 600_000;

function createCollector(slices: number, failAt?: number) {
  const clock = new FakeClock();
  const stats = newStats();
  const asked: string[] = [];
  const leading = { now: true };
  const store: TombstoneStore = {
    async remove(table, { after, retentionMs }) {
      const number = Number(after?.scope ?? 0);
      asked.push(`${table} ${number}`);
      if (number === failAt) throw new DatabaseError("unavailable", "the database is down");
      expect(retentionMs).toBe(RETENTION_MS);
      const next: TombstonePlace = { scope: String(number + 1), key: Buffer.from("k") };
      return { removed: 10, next: number + 1 < slices ? next : undefined };
    },
  };
  const parts = { store, isLeading: () => leading.now, stats, clock, logger: silentLogger };
  return { collector: new TombstoneCollector(parts, RETENTION_MS), clock, stats, asked, leading };
}

describe("TombstoneCollector", () => {
  it("goes through every table, slice by slice, and begins anew after its interval", async () => {
    const { collector, clock, stats, asked } = createCollector(2);
    await collector.start();
    expect(asked).toEqual([]);
    await clock.advanceAsync(INTERVAL_MS, 1);
    await clock.advanceAsync(1_000);
    const pass = ["entries 0", "entries 1", "versions 0", "versions 1"];
    expect(asked).toEqual(pass);
    expect(stats.tombstonesRemoved).toBe(40);
    await clock.advanceAsync(INTERVAL_MS, 1);
    await clock.advanceAsync(1_000);
    expect(asked).toEqual([...pass, ...pass]);
    await collector.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it("does nothing while another coordinator leads, and stops when it is replaced", async () => {
    const { collector, clock, asked, leading } = createCollector(3);
    leading.now = false;
    await collector.start();
    await clock.advanceAsync(INTERVAL_MS, 1);
    expect(asked).toEqual([]);
    leading.now = true;
    await clock.advanceAsync(INTERVAL_MS, 1);
    expect(asked).toEqual(["entries 0"]);
    leading.now = false;
    await clock.advanceAsync(1_000);
    expect(asked).toEqual(["entries 0"]);
    await collector.stop();
  });

  it("counts a pass that failed, and begins the next one anew", async () => {
    const { collector, clock, stats, asked } = createCollector(2, 1);
    await collector.start();
    await clock.advanceAsync(INTERVAL_MS, 1);
    await clock.advanceAsync(1_000);
    expect(stats).toMatchObject({ tombstonesRemoved: 10, tombstonePassesFailed: 1 });
    await clock.advanceAsync(INTERVAL_MS, 1);
    expect(asked).toEqual(["entries 0", "entries 1", "entries 0"]);
    await collector.stop();
  });
});
