import type { CacheRecord } from "@holdfast/process";
import { describe, expect, it } from "vitest";
import { type CacheInput, type PresentCaches, planCaches } from "./caches.js";

const NONE: PresentCaches = {
  caches: new Map(),
  highestId: 0,
  idsModRevision: 0,
  assigned: new Map(),
};

function input(name: string, config: unknown): CacheInput {
  return { name, configJson: JSON.stringify(config) };
}

function present(...records: [name: string, record: CacheRecord][]): PresentCaches {
  const caches = new Map(
    records.map(([name, value], index) => {
      const revision = 10 + index;
      const stored = { value, createRevision: 1, modRevision: revision, leaseId: undefined };
      return [name, stored];
    }),
  );
  return { caches, highestId: 7, idsModRevision: 9, assigned: new Map() };
}

const aside = { pattern: "cache-aside" };

describe("planCaches", () => {
  it("gives new caches ids that were never used, and guards them", () => {
    const plan = planCaches([input("a", aside), input("b", aside)], present());
    expect(plan.caches.map(({ name, record, change }) => [name, record.id, change])).toEqual([
      ["a", 8, "CREATED"],
      ["b", 9, "CREATED"],
    ]);
    expect(plan.compares).toEqual([
      { key: "caches/a", target: "mod", equals: 0 },
      { key: "caches/b", target: "mod", equals: 0 },
      { key: "cache-ids", target: "mod", equals: 9 },
    ]);
    expect(plan.writes).toContainEqual({ key: "cache-ids", put: '{"highest":9}' });
  });

  it("writes nothing for a cache that is as asked for, whatever the order of its fields", () => {
    const record = { id: 3, revision: 4, config: { pattern: "cache-aside", ttl: "5m" } };
    const plan = planCaches(
      [input("a", { ttl: "5m", pattern: "cache-aside" })],
      present(["a", record]),
    );
    expect(plan).toMatchObject({ caches: [{ change: "UNCHANGED", record }], writes: [] });
  });

  it("keeps a cache's id and counts its revisions", () => {
    const record = { id: 3, revision: 4, config: aside };
    const plan = planCaches([input("a", { ...aside, ttl: "1m" })], present(["a", record]));
    expect(plan.caches).toMatchObject([{ change: "UPDATED", record: { id: 3, revision: 5 } }]);
    expect(plan.compares).toEqual([{ key: "caches/a", target: "mod", equals: 10 }]);
    expect(plan.writes).toHaveLength(1);
  });

  it("refuses another pattern or source for an existing cache, and says what to do", () => {
    const entries = { pattern: "read-through", source: { kind: "entries" } };
    const known = present(["a", { id: 1, revision: 1, config: entries }]);
    const change = {
      pattern: "write-through",
      source: { kind: "table", table: "products", key: "id" },
    };
    expect(() => planCaches([input("a", change)], known)).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message:
          "caches.a.pattern: cannot be changed; define a cache of another name\n" +
          "caches.a.source: cannot be changed; define a cache of another name",
      }),
    );
  });

  it("sees no change of source where only a default was written out", () => {
    const table = { kind: "table", table: "products", key: "id" };
    const known = present([
      "a",
      { id: 1, revision: 1, config: { pattern: "read-through", source: table } },
    ]);
    const same = { pattern: "read-through", source: { ...table, key: ["id"], separator: ":" } };
    expect(planCaches([input("a", same)], known).caches).toMatchObject([{ change: "UPDATED" }]);
  });

  it("reports every problem of every cache at once, and plans none of them", () => {
    const inputs = [
      input("Bad Name", aside),
      input("a", { pattern: "read-thru" }),
      input("b", { pattern: "cache-aside", ttll: "5m" }),
      { name: "c", configJson: "{" },
      input("d", aside),
      input("d", aside),
    ];
    let message = "";
    try {
      planCaches(inputs, NONE);
    } catch (error) {
      message = String(error);
    }
    for (const part of ["Bad Name", "caches.a.pattern", "did you mean", "caches.c: ", "caches.d"]) {
      expect(message).toContain(part);
    }
  });

  it("refuses more caches than one transaction can hold", () => {
    const inputs = Array.from({ length: 101 }, (_, index) => input(`c${index}`, aside));
    expect(() => planCaches(inputs, NONE)).toThrow("at most 100 caches can be applied at once");
  });

  it("gives a name the id that the database has for it, and later ones higher ids", () => {
    const assigned = new Map([["a", 40]]);
    const known = { ...present(), assigned };
    const plan = planCaches([input("a", aside), input("b", aside)], known);
    expect(plan.caches.map(({ name, record }) => [name, record.id])).toEqual([
      ["a", 40],
      ["b", 41],
    ]);
  });

  it("treats names such as constructor as names", () => {
    const plan = planCaches([input("constructor", aside)], NONE);
    expect(plan.caches).toMatchObject([{ name: "constructor", change: "CREATED" }]);
  });
});
