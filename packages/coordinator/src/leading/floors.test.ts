import { silentLogger } from "@holdfast/core";
import { settle } from "@holdfast/core/testing";
import { DatabaseError, type Floor } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import type { FloorStore } from "../state/stores.js";
import { ClusterModel, facts, record } from "../testing/cluster-model.js";
import { StoredFloors } from "./floors.js";

class MemoryStore implements FloorStore {
  floor: Floor = { epoch: 0, term: 0 };
  isDown = false;
  reservations = 0;

  async read(): Promise<Floor> {
    this.#requireUp();
    return this.floor;
  }

  async reserve(wanted: Floor): Promise<Floor> {
    this.#requireUp();
    this.reservations++;
    this.floor = {
      epoch: Math.max(this.floor.epoch, wanted.epoch),
      term: Math.max(this.floor.term, wanted.term),
    };
    return this.floor;
  }

  #requireUp(): void {
    if (this.isDown) throw new DatabaseError("unavailable", "the database is down");
  }
}

function topologyAt(epoch: number) {
  const model = new ClusterModel();
  model.settle(facts([record("a")]));
  return { ...model.topology, epoch };
}

describe("StoredFloors", () => {
  it("sets numbers aside before the first is used, and rarely after that", async () => {
    const store = new MemoryStore();
    const floors = new StoredFloors(store, silentLogger);
    expect(await floors.open(undefined)).toEqual({ epoch: 0, term: 0 });
    for (let epoch = 1; epoch <= 10_000; epoch++) {
      await floors.ensure(epoch, 1);
      expect(store.floor.epoch).toBeGreaterThanOrEqual(epoch);
      expect(store.floor.term).toBeGreaterThanOrEqual(1);
    }
    expect(store.reservations).toBeLessThan(10);
  });

  it("tells a new cluster's leader what may have been used before", async () => {
    const store = new MemoryStore();
    store.floor = { epoch: 4_097, term: 260 };
    expect(await new StoredFloors(store, silentLogger).open(undefined)).toEqual(store.floor);
  });

  it("lets a leader with a topology go on for a while without the database", async () => {
    const store = new MemoryStore();
    store.isDown = true;
    const floors = new StoredFloors(store, silentLogger);
    await floors.open(topologyAt(500));
    await floors.ensure(501, 2);
    await floors.ensure(2_500, 100);
    await expect(floors.ensure(2_549, 2)).rejects.toThrow("the database is down");
    await expect(floors.ensure(502, 130)).rejects.toThrow("the database is down");
    store.isDown = false;
    await floors.ensure(2_549, 2);
    expect(store.floor).toEqual({ epoch: 6_645, term: 258 });
    await floors.close();
  });

  it("does not say whether there was a topology while the database is down", async () => {
    const store = new MemoryStore();
    store.isDown = true;
    await expect(new StoredFloors(store, silentLogger).open(undefined)).rejects.toThrow(
      "the database is down",
    );
  });

  it("refills in the background when half is used, once at a time", async () => {
    const store = new MemoryStore();
    const floors = new StoredFloors(store, silentLogger);
    await floors.open(undefined);
    await floors.ensure(1, 1);
    expect(store.reservations).toBe(1);
    await floors.ensure(2_000, 1);
    expect(store.reservations).toBe(1);
    await Promise.all([floors.ensure(2_100, 1), floors.ensure(2_101, 1)]);
    await settle();
    expect(store.reservations).toBe(2);
  });

  it("never sets aside terms that cannot be", async () => {
    const store = new MemoryStore();
    const floors = new StoredFloors(store, silentLogger);
    await floors.open(undefined);
    await floors.ensure(1, 2 ** 21 - 5);
    expect(store.floor.term).toBe(2 ** 21 - 1);
  });
});
