import { silentLogger } from "@holdfast/core";
import { FakeClock, settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { MemoryRegistry } from "../testing/memory-registry.js";
import { LeaseKeeper, type LeaseRegistry } from "./lease-keeper.js";
import { LeaseGoneError, RegistryUnavailableError } from "./registry.js";

// With a lease of 6 s a renewal is due every 2 s, and the margin is 900 ms (15 %).
const TTL_MS = 6_000;
const SAFE_MS = 5_100;

function createKeeper(options: { registry?: LeaseRegistry; ttlMs?: number } = {}) {
  const clock = new FakeClock();
  const memory = new MemoryRegistry(clock);
  const { registry = memory, ttlMs = TTL_MS } = options;
  const keeper = new LeaseKeeper({ registry, clock, logger: silentLogger, ttlMs });
  const lost: LeaseGoneError[] = [];
  keeper.onLost((error) => lost.push(error));
  return { clock, memory, keeper, lost };
}

/** Answers to renewals that the test gives by hand. */
class SlowLeases implements LeaseRegistry {
  readonly renewals: { answer: (ttlMs: number) => void; timeoutMs: number }[] = [];
  readonly revoked: string[] = [];
  grants = 0;

  async grantLease(ttlMs: number): Promise<{ leaseId: string; ttlMs: number }> {
    this.grants += 1;
    return { leaseId: String(this.grants), ttlMs };
  }

  renewLease(_leaseId: string, timeoutMs: number): Promise<number> {
    return new Promise((answer) => this.renewals.push({ answer, timeoutMs }));
  }

  async revokeLease(leaseId: string): Promise<void> {
    this.revoked.push(leaseId);
  }
}

describe("LeaseKeeper", () => {
  it("is not safe before it has a lease", () => {
    const { keeper } = createKeeper();
    expect(keeper.isSafe()).toBe(false);
    expect(keeper.safeUntilMs).toBe(Number.NEGATIVE_INFINITY);
    expect(keeper.leaseId).toBeUndefined();
  });

  it("is safe from the acquisition until a margin before the lease ends", async () => {
    const { clock, memory, keeper } = createKeeper();
    const leaseId = await keeper.acquire();
    expect(keeper.leaseId).toBe(leaseId);
    memory.setAvailable(false);
    await clock.advanceAsync(5_000);
    clock.advance(99);
    expect(keeper.isSafe()).toBe(true);
    clock.advance(1);
    expect(keeper.isSafe()).toBe(false);
  });

  it.each([
    [1_000, 667],
    [2_000, 1_500],
    [3_000, 2_500],
    [5_000, 4_250],
    [10_000, 8_500],
  ])("leaves of a lease of %d ms the first %d ms", async (ttlMs, safeMs) => {
    const { keeper } = createKeeper({ registry: new SlowLeases(), ttlMs });
    await keeper.acquire();
    expect(Math.round(keeper.safeUntilMs)).toBe(safeMs);
  });

  it("counts what was granted, not what was asked for", async () => {
    const { keeper } = createKeeper({ ttlMs: 1 });
    await keeper.acquire();
    // The registry's shortest lease is 2 s.
    expect(keeper.safeUntilMs).toBe(1_500);
  });

  it("stays safe for as long as the registry answers", async () => {
    const { clock, keeper, lost } = createKeeper();
    const leaseId = await keeper.acquire();
    for (let second = 0; second < 120; second++) {
      await clock.advanceAsync(1_000);
      expect(keeper.isSafe()).toBe(true);
    }
    expect(keeper.leaseId).toBe(leaseId);
    expect(lost).toEqual([]);
  });

  it("counts from the send of a renewal, not from its answer", async () => {
    const registry = new SlowLeases();
    const { clock, keeper } = createKeeper({ registry });
    await keeper.acquire();
    clock.advance(2_000);
    clock.advance(1_500);
    registry.renewals[0]?.answer(TTL_MS);
    await settle();
    expect(keeper.safeUntilMs).toBe(2_000 + SAFE_MS);
  });

  it("gives a renewal a third of the lease, and sends the next one a third after it", async () => {
    const registry = new SlowLeases();
    const { clock, keeper } = createKeeper({ registry });
    await keeper.acquire();
    clock.advance(1_999);
    expect(registry.renewals).toHaveLength(0);
    clock.advance(1);
    expect(registry.renewals.map(({ timeoutMs }) => timeoutMs)).toEqual([2_000]);
    clock.advance(1_500);
    registry.renewals[0]?.answer(TTL_MS);
    await settle();
    clock.advance(499);
    expect(registry.renewals).toHaveLength(1);
    clock.advance(1);
    expect(registry.renewals).toHaveLength(2);
  });

  it("keeps trying while the registry is unavailable, without calling the lease lost", async () => {
    const { clock, memory, keeper, lost } = createKeeper();
    const leaseId = await keeper.acquire();
    memory.setAvailable(false);
    await clock.advanceAsync(5_250, 21);
    expect(keeper.isSafe()).toBe(false);
    expect(keeper.leaseId).toBe(leaseId);
    expect(lost).toEqual([]);
    memory.setAvailable(true);
    // The registry keeps the lease until 6 s, and attempts come every 500 ms.
    await clock.advanceAsync(500);
    expect(keeper.isSafe()).toBe(true);
    expect(keeper.leaseId).toBe(leaseId);
  });

  it("tells its listeners once when the lease is gone, and holds none then", async () => {
    const { clock, memory, keeper, lost } = createKeeper();
    const leaseId = await keeper.acquire();
    await memory.revokeLease(leaseId);
    await clock.advanceAsync(2_000);
    expect(lost).toHaveLength(1);
    expect(lost[0]).toBeInstanceOf(LeaseGoneError);
    expect(keeper.leaseId).toBeUndefined();
    expect(keeper.isSafe()).toBe(false);
    await clock.advanceAsync(60_000);
    expect(lost).toHaveLength(1);
  });

  it("can take a new lease from within a listener", async () => {
    const { clock, memory, keeper } = createKeeper();
    const first = await keeper.acquire();
    let second: Promise<string> | undefined;
    keeper.onLost(() => {
      second = keeper.acquire();
    });
    await memory.revokeLease(first);
    await clock.advanceAsync(2_000);
    expect(keeper.leaseId).toBe(await second);
    expect(keeper.leaseId).not.toBe(first);
    expect(keeper.isSafe()).toBe(true);
  });

  it("tells every listener, also after one that throws, and none that was removed", async () => {
    const { clock, memory, keeper } = createKeeper();
    const told: string[] = [];
    keeper.onLost(() => {
      throw new Error("a defect of the listener");
    });
    const remove = keeper.onLost(() => told.push("removed"));
    keeper.onLost(() => told.push("kept"));
    remove();
    await memory.revokeLease(await keeper.acquire());
    await clock.advanceAsync(2_000);
    expect(told).toEqual(["kept"]);
  });

  it("holds nothing when the registry cannot be reached", async () => {
    const { clock, memory, keeper } = createKeeper();
    memory.setAvailable(false);
    await expect(keeper.acquire()).rejects.toThrow(RegistryUnavailableError);
    expect(keeper.leaseId).toBeUndefined();
    memory.setAvailable(true);
    await keeper.acquire();
    expect(keeper.safeUntilMs).toBe(clock.monotonic() + SAFE_MS);
  });

  it("holds one lease at a time", async () => {
    const { keeper } = createKeeper();
    const acquiring = keeper.acquire();
    await expect(keeper.acquire()).rejects.toThrow("a lease is held already");
    await acquiring;
    await expect(keeper.acquire()).rejects.toThrow("a lease is held already");
  });

  it("releases: not safe from the call on, and the keys are gone", async () => {
    const { clock, memory, keeper, lost } = createKeeper();
    const leaseId = await keeper.acquire();
    await memory.transact([], [{ key: "a", put: "1", leaseId }]);
    const released = keeper.release();
    expect(keeper.isSafe()).toBe(false);
    await released;
    expect(await memory.get("a")).toBeUndefined();
    await clock.advanceAsync(60_000);
    expect(lost).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("releases also when the registry cannot be reached, and again", async () => {
    const { memory, keeper } = createKeeper();
    await keeper.acquire();
    memory.setAvailable(false);
    await expect(keeper.release()).resolves.toBeUndefined();
    await expect(keeper.release()).resolves.toBeUndefined();
    expect(keeper.leaseId).toBeUndefined();
  });

  it("abandons: stops renewing and leaves the lease to end by itself", async () => {
    const { clock, memory, keeper } = createKeeper();
    const leaseId = await keeper.acquire();
    await memory.transact([], [{ key: "a", put: "1", leaseId }]);
    expect(keeper.abandon()).toBe(leaseId);
    expect(keeper.isSafe()).toBe(false);
    await clock.advanceAsync(5_000);
    clock.advance(999);
    expect(await memory.get("a")).toBeDefined();
    clock.advance(1);
    expect(await memory.get("a")).toBeUndefined();
  });

  it("ignores an answer to a renewal of a lease that it has given up", async () => {
    const registry = new SlowLeases();
    const { clock, keeper } = createKeeper({ registry });
    await keeper.acquire();
    clock.advance(2_000);
    await keeper.release();
    await keeper.acquire();
    clock.advance(1_000);
    const { safeUntilMs } = keeper;
    registry.renewals[0]?.answer(TTL_MS * 10);
    await settle();
    expect(keeper.safeUntilMs).toBe(safeUntilMs);
    // The renewal of the new lease, and none of the old one.
    expect(clock.pendingTimers).toBe(1);
    expect(registry.revoked).toEqual(["1"]);
  });

  it("takes no lease when it is given up while it acquires one", async () => {
    const { clock, keeper } = createKeeper({ registry: new SlowLeases() });
    const acquiring = keeper.acquire();
    await keeper.release();
    await expect(acquiring).rejects.toThrow("given up while it was acquired");
    expect(keeper.leaseId).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });
});
