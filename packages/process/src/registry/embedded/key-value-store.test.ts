import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoredChange } from "./history.js";
import { KeyValueStore, type Range } from "./key-value-store.js";

const one = (start: string): Range => ({ start, end: undefined });
const all: Range = { start: "", end: "\0" };

function put(store: KeyValueStore, key: string, value = ""): number {
  store.transact((writer) => writer.put(key, Buffer.from(value), undefined));
  return store.revision;
}

describe("KeyValueStore", () => {
  it("begins at revision 1, as an empty etcd does", () => {
    expect(new KeyValueStore().revision).toBe(1);
  });

  it("counts revisions, creations and versions as etcd does", () => {
    const store = new KeyValueStore();
    put(store, "a");
    put(store, "a");
    expect(store.get("a")).toMatchObject({ createRevision: 2, modRevision: 3, version: 2 });
    store.transact((writer) => writer.delete(one("a")));
    put(store, "a");
    expect(store.get("a")).toMatchObject({ createRevision: 5, modRevision: 5, version: 1 });
  });

  it("makes no revision when nothing changed", () => {
    const store = new KeyValueStore();
    store.transact((writer) => writer.delete(one("absent")));
    expect(store.revision).toBe(1);
  });

  it("lists a range in the order of the keys' bytes", () => {
    const store = new KeyValueStore();
    for (const key of ["b", "a", "\u00ff", "ab", "c"]) put(store, key);
    const keys = (range: Range) => store.list(range).map(({ key }) => key);
    expect(keys(all)).toEqual(["a", "ab", "b", "c", "\u00ff"]);
    expect(keys({ start: "ab", end: "c" })).toEqual(["ab", "b"]);
    expect(keys({ start: "b", end: "\0" })).toEqual(["b", "c", "\u00ff"]);
    expect(keys(one("ab"))).toEqual(["ab"]);
  });

  it("tells its listeners all changes of a revision at once", () => {
    const store = new KeyValueStore();
    put(store, "a");
    const heard: (readonly StoredChange[])[] = [];
    const stop = store.onCommit((changes) => heard.push(changes));
    store.transact((writer) => {
      writer.delete(one("a"));
      writer.put("b", Buffer.alloc(0), undefined);
    });
    stop();
    put(store, "c");
    expect(heard.map((changes) => changes.map(({ key }) => key))).toEqual([["a", "b"]]);
    expect(heard[0]?.every(({ revision }) => revision === 3)).toBe(true);
  });

  it("forgets what is compacted, and refuses to compact twice or ahead", () => {
    const store = new KeyValueStore();
    for (const key of ["a", "b", "c"]) put(store, key);
    store.compact(3);
    expect(store.compactRevision).toBe(3);
    expect(store.changesSince(0).map(({ revision }) => revision)).toEqual([3, 4]);
    expect(() => store.compact(3)).toThrow("required revision has been compacted");
    expect(() => store.compact(5)).toThrow("required revision is a future revision");
  });

  it("keeps the number of past changes bounded, and every key", () => {
    const store = new KeyValueStore();
    put(store, "first");
    for (let round = 0; round < 25_000; round++) put(store, "a");
    expect(store.changesSince(0).length).toBeLessThanOrEqual(10_000);
    expect(store.compactRevision).toBeGreaterThan(10_000);
    expect(store.changesSince(0).at(-1)?.revision).toBe(store.revision);
    expect(store.list(all)).toHaveLength(2);
  });

  it("keeps the bytes of past changes bounded", () => {
    const store = new KeyValueStore();
    const megabyte = "x".repeat(1_000_000);
    for (let round = 0; round < 50; round++) put(store, "a", megabyte);
    expect(store.changesSince(0).length).toBeLessThanOrEqual(33);
    expect(store.changesSince(0).length).toBeGreaterThan(0);
  });

  it("can be rebuilt from its changes", () => {
    const key = fc.constantFrom("a", "ab", "b", "c");
    const write = fc.oneof(
      fc.record({ put: key, value: fc.string() }),
      fc.record({ delete: key, end: fc.option(key, { nil: undefined }) }),
    );
    fc.assert(
      fc.property(fc.array(fc.array(write, { maxLength: 4 }), { maxLength: 20 }), (batches) => {
        const store = new KeyValueStore();
        for (const batch of batches) {
          store.transact((writer) => {
            for (const step of batch) {
              if ("put" in step) writer.put(step.put, Buffer.from(step.value), undefined);
              else writer.delete({ start: step.delete, end: step.end });
            }
          });
        }
        const rebuilt = new Map<string, unknown>();
        let revision = 1;
        for (const change of store.changesSince(0)) {
          expect([revision, revision + 1]).toContain(change.revision);
          revision = change.revision;
          expect(change.previous).toBe(rebuilt.get(change.key));
          if (change.entry === undefined) rebuilt.delete(change.key);
          else rebuilt.set(change.key, change.entry);
        }
        expect(revision).toBe(store.revision);
        const keys = [...rebuilt.keys()].sort();
        expect(store.list(all)).toEqual(keys.map((one) => rebuilt.get(one)));
      }),
      { seed: testSeed() },
    );
  });
});
