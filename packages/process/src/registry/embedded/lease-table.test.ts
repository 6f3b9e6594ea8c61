import type { CancelTimer, Clock } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { KeyValueStore } from "./key-value-store.js";
import { LeaseTable } from "./lease-table.js";

function createTable(clock: Clock = new FakeClock()) {
  const store = new KeyValueStore();
  const leases = new LeaseTable(store, clock);
  const put = (key: string, leaseId?: string) =>
    store.transact((writer) => writer.put(key, Buffer.alloc(0), leaseId));
  return { store, leases, put };
}

/** A clock whose timers fire late, as after the process was stopped and continued. */
class StallingClock implements Clock {
  readonly #clock = new FakeClock();
  #stalledMs = 0;

  now(): number {
    return this.monotonic();
  }

  systemNow(): number {
    return this.now();
  }

  monotonic(): number {
    return this.#clock.monotonic() + this.#stalledMs;
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    return this.#clock.after(delayMs, callback);
  }

  advance(ms: number): void {
    this.#clock.advance(ms);
  }

  /** Time passes and no timer runs. */
  stall(ms: number): void {
    this.#stalledMs += ms;
  }
}

describe("LeaseTable", () => {
  it("deletes a lease's keys in one revision when it ends", () => {
    const clock = new FakeClock();
    const { store, leases, put } = createTable(clock);
    const { id } = leases.grant(undefined, 5);
    put("b", id);
    put("a", id);
    put("c");
    const revision = store.revision;
    clock.advance(4_999);
    expect(store.get("a")).toBeDefined();
    clock.advance(1);
    expect(store.list({ start: "a", end: "z" }).map(({ key }) => key)).toEqual(["c"]);
    expect(store.revision).toBe(revision + 1);
    expect(leases.renew(id)).toBe(0);
    expect(leases.ids).toEqual([]);
  });

  it("counts from the last renewal", () => {
    const clock = new FakeClock();
    const { leases } = createTable(clock);
    const { id } = leases.grant(undefined, 5);
    clock.advance(4_000);
    expect(leases.renew(id)).toBe(5);
    clock.advance(4_000);
    expect(leases.get(id)).toMatchObject({ ttlSeconds: 5, remainingSeconds: 1 });
    clock.advance(1_000);
    expect(leases.get(id)).toBeUndefined();
  });

  it("grants at least two seconds", () => {
    expect(createTable().leases.grant(undefined, 0).ttlSeconds).toBe(2);
  });

  it("refuses an id that is taken, and a time that is absurd", () => {
    const { leases } = createTable();
    leases.grant("7", 5);
    expect(() => leases.grant("7", 5)).toThrow("lease already exists");
    expect(() => leases.grant("8", 10_000_000_000)).toThrow("too large lease TTL");
  });

  it("waits for leases that are longer than a timer can be", () => {
    const clock = new FakeClock();
    const { leases } = createTable(clock);
    const { id } = leases.grant(undefined, 100 * 86_400);
    clock.advance(100 * 86_400_000 - 1);
    expect(leases.get(id)).toBeDefined();
    clock.advance(1);
    expect(leases.get(id)).toBeUndefined();
  });

  it("asks for no timer that is longer than the system's can be", () => {
    const delaysMs: number[] = [];
    const clock = new FakeClock();
    const recording: Clock = {
      now: () => clock.now(),
      systemNow: () => clock.systemNow(),
      monotonic: () => clock.monotonic(),
      after(delayMs, callback) {
        delaysMs.push(delayMs);
        return clock.after(delayMs, callback);
      },
    };
    createTable(recording).leases.grant(undefined, 9_000_000_000);
    clock.advance(30 * 86_400_000);
    // Beyond 2^31 - 1 ms, Node's timers fire at once.
    expect(Math.max(...delaysMs)).toBeLessThan(2 ** 31);
    expect(delaysMs.length).toBeLessThan(100);
  });

  it("gives a key to the lease of its last put", () => {
    const { store, leases, put } = createTable();
    const first = leases.grant(undefined, 5);
    const second = leases.grant(undefined, 5);
    put("a", first.id);
    put("a", second.id);
    leases.revoke(first.id);
    expect(store.get("a")).toBeDefined();
    leases.revoke(second.id);
    expect(store.get("a")).toBeUndefined();
    expect(() => leases.revoke(second.id)).toThrow("requested lease not found");
  });

  it("ends no lease because the process itself stood still", () => {
    const clock = new StallingClock();
    const { store, leases, put } = createTable(clock);
    const { id } = leases.grant(undefined, 5);
    put("a", id);
    clock.stall(60_000);
    clock.advance(5_000);
    expect(store.get("a")).toBeDefined();
    clock.advance(5_000);
    expect(store.get("a")).toBeUndefined();
  });

  it("leaves no timer behind", () => {
    const clock = new FakeClock();
    const { leases } = createTable(clock);
    leases.grant(undefined, 5);
    leases.renew(leases.grant(undefined, 5).id);
    expect(clock.pendingTimers).toBe(2);
    leases.stop();
    expect(clock.pendingTimers).toBe(0);
  });
});
