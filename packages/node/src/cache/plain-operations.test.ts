/** Whatever `PlainOperations` answers, `Operations` would have answered alike; and it leaves it what it must. */
import { makeVersion, type Topology, UNOWNED_PARTITION } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { BatchReader, pipeCodec, type Reply__Output, ReplyWriter } from "@holdfast/proto";
import { expect, it } from "vitest";
import { Ownership } from "../ownership/ownership.js";
import { RightToServe } from "../ownership/right-to-serve.js";
import { createCacheFixture } from "../testing/cache-fixture.js";
import { noPromises, promisedNothing } from "../testing/no-backups.js";
import type { Caches } from "./caches.js";
import { PlainOperations } from "./plain-operations.js";

const ME = "11111111-0000-0000-0000-000000000000";
// The seed is the fixture's: the store and whoever asks it must agree about hashes.
const PLACEMENT = { partitions: 2, hashSeed: 1 };

function ownedBy(owner: string, epoch: number): Topology {
  const member = {
    incarnation: ME,
    nodeId: "me",
    addresses: { data: "me:1", peer: "", http: "" },
    zone: "",
    weight: 1,
    state: "active" as const,
    ended: false,
  };
  const partition = { ...UNOWNED_PARTITION, owner, term: 7 };
  return { epoch, writeToken: "", members: [member], partitions: [partition, partition] };
}

function createPlain(...fixtureOptions: Parameters<typeof createCacheFixture>) {
  const fixture = createCacheFixture(...fixtureOptions);
  const { cache, clock, context, operations } = fixture;
  const lease = { safeUntilMs: Number.POSITIVE_INFINITY };
  const right = new RightToServe(lease, noPromises, { readAtMs: 0 }, new FakeClock(), Infinity);
  const ignored = { ended() {}, deposed() {}, begunAnew() {} };
  const ownership = new Ownership(ME, right, promisedNothing, new FakeClock(), ignored);
  ownership.apply(ownedBy(ME, 1));
  const caches = { find: (name: string) => (name === "test" ? cache : undefined) };
  const plain = new PlainOperations({
    caches: caches as unknown as Caches,
    ownership,
    placement: PLACEMENT,
    clock,
  });
  const batch = new BatchReader(pipeCodec);
  const replies = new ReplyWriter(pipeCodec);
  /** The reply to a read of each of these keys; `undefined`: it was not answered. */
  const read = (...keys: string[]) => ask("GET", keys);
  const ask = (kind: "GET" | "LOAD", keys: string[]): (Reply__Output | undefined)[] => {
    const operations = keys.map((key, index) => {
      const [cacheName = "", name = ""] = key.includes("/") ? key.split("/") : ["test", key];
      return { id: index + 1, kind, cache: cacheName, key: Buffer.from(name) };
    });
    batch.read(pipeCodec.writeBatchGenerally({ operations }));
    plain.begin(batch);
    return keys.map((_, index) => {
      if (!plain.answer(batch, index, replies)) return undefined;
      return pipeCodec.readRepliesGenerally(Buffer.from(replies.take())).replies[0];
    });
  };
  /** The reply to a plain write of each of these; `undefined`: it was left to others, and not made. */
  const write = (keys: readonly string[], value = "written", encoding = 1) => {
    const [cache, bytes] = ["test", Buffer.from(value)];
    const sets = keys.map((key, id) => ({
      ...{ id, kind: "SET" as const, cache, key: Buffer.from(key), value: bytes, encoding },
    }));
    batch.read(pipeCodec.writeBatchGenerally({ operations: sets }));
    plain.begin(batch);
    return keys.map((_, index) => {
      expect(batch.isPlain(index)).toBe(true);
      if (!plain.answer(batch, index, replies)) return undefined;
      return pipeCodec.readRepliesGenerally(Buffer.from(replies.take())).replies[0];
    });
  };
  const set = (key: string, value = `value of ${key}`, ttlMs?: number) =>
    operations.set(key, { value: Buffer.from(value), encoding: 1, ttlMs }, undefined, context());
  return { ...fixture, ownership, lease, read, ask, write, set };
}

it("answers reads of what is in memory, each by its own entry", async () => {
  const { read, set, clock, cache } = createPlain("cache-aside");
  for (const key of ["a", "b", "kéy"]) await set(key);
  await set("short", "", 1_000);
  clock.advance(16);
  const [a, nothing, key, unknown, short, b] = read("a", "x", "kéy", "other/a", "short", "b");
  expect([nothing, unknown]).toEqual([undefined, undefined]);
  expect([a, b, key].map((reply) => reply?.value?.toString())).toEqual([
    "value of a",
    "value of b",
    "value of kéy",
  ]);
  expect(a).toMatchObject({
    id: 1,
    term: 7,
    encoding: 1,
    source: "MEMORY",
    outcome: "NOT_APPLIED",
  });
  expect(a?.ttlLeftMs).toBeUndefined();
  expect(a?.ageMs).toBeGreaterThanOrEqual(16);
  expect(short).toMatchObject({ id: 5, value: Buffer.alloc(0), ttlLeftMs: 984 });
  expect(cache.counters).toMatchObject({ hits: 4, misses: 0 });
});

it("tells the same as `get`", async () => {
  const { read, source, operations, context } = createPlain("read-through");
  source.plant("loaded", "row", 9);
  await operations.get("loaded", context());
  const [reply] = read("loaded");
  const { value, ...facts } = await operations.get("loaded", context());
  expect(reply?.value).toEqual(value);
  for (const [name, fact] of Object.entries(facts)) {
    expect([name, reply?.[name as keyof Reply__Output]]).toEqual([name, fact]);
  }
});

it("answers those who would load what is missing, if it is not", async () => {
  const { ask, set } = createPlain("cache-aside");
  await set("a");
  const [a, missing] = ask("LOAD", ["a", "b"]);
  expect(a).toMatchObject({ id: 1, value: Buffer.from("value of a"), source: "MEMORY" });
  expect(a?.fillToken).toBeUndefined();
  expect(missing).toBeUndefined();
});

it("leaves to others what expired, and what nobody may serve here", async () => {
  const { read, set, clock, ownership, lease } = createPlain("cache-aside");
  await set("brief", "v", 1_000);
  await set("long");
  clock.advance(1_000);
  expect(read("brief")).toEqual([undefined]);
  lease.safeUntilMs = Number.NEGATIVE_INFINITY;
  expect(read("long")).toEqual([undefined]);
  lease.safeUntilMs = Number.POSITIVE_INFINITY;
  expect(read("long")[0]?.value?.toString()).toBe("value of long");
  ownership.apply(ownedBy("22222222-0000-0000-0000-000000000000", 2));
  expect(read("long")).toEqual([undefined]);
});

it("leaves to others what is stale, so that it is loaded anew", async () => {
  const lifetimes = { ttl: "1h", softTtl: "1s" };
  const { read, source, operations, context, clock } = createPlain("read-through", lifetimes);
  source.plant("a", "row", 9);
  await operations.get("a", context());
  expect(read("a")[0]).toBeDefined();
  clock.advance(1_016);
  expect(read("a")).toEqual([undefined]);
});

it("leaves to others what is dirty, which may not be committed yet", async () => {
  const { read, set, cache } = createPlain("write-behind");
  await set("a");
  expect(cache.store.counts.pinnedEntries).toBe(1);
  expect(read("a")).toEqual([undefined]);
  cache.store.unpin("a");
  expect(read("a")[0]?.value?.toString()).toBe("value of a");
});

it("makes writes that memory alone must have, as `set` does", async () => {
  const fixture = createPlain("cache-aside", { ttl: "1s" });
  const { write, operations, context, cache, tenure, clock } = fixture;
  const [a, b] = write(["a", "b"]);
  expect(a).toMatchObject({ id: 0, code: "OK", outcome: "APPLIED", term: 7, degraded: false });
  expect(b).toMatchObject({ id: 1, version: (a?.version ?? 0) + 1 });
  clock.advance(400);
  write(["a"], "again", 3);
  const read = await operations.get("a", context());
  expect(read).toMatchObject({ encoding: 3, version: (b?.version ?? 0) + 1 });
  expect(read).toMatchObject({ ageMs: 0, ttlLeftMs: 1_000 });
  expect(Buffer.from(read.value ?? []).toString()).toBe("again");
  expect(cache.counters).toMatchObject({ sets: 3, hits: 1 });
  expect(tenure.writesInFlight).toBe(0);
});

it.each(["read-through", "write-through", "write-behind"] as const)(
  "leaves writes of %s caches to others",
  (pattern) => {
    const { write, cache } = createPlain(pattern);
    expect(write(["a"])).toEqual([undefined]);
    expect(cache.store.counts.entries).toBe(0);
  },
);

it("leaves to others writes that are refused, or need a closer look", () => {
  const { write, cache } = createPlain("cache-aside", { valueMaxBytes: "1KiB" });
  expect(write(["kéy", "x".repeat(513), ""])).toEqual([undefined, undefined, undefined]);
  expect(write(["a"], "v".repeat(1_025))).toEqual([undefined]);
  expect(write(["a"], "v", 2 ** 16)).toEqual([undefined]);
  expect(cache.store.counts.entries).toBe(0);
  expect(cache.counters.sets).toBe(0);
});

it("leaves to others writes while somebody else has a turn, or loads", async () => {
  const { write, operations, context, cache } = createPlain("cache-aside");
  const turn = operations.modify("other", () => undefined, context());
  expect(write(["a"])).toEqual([undefined]);
  await turn;
  expect(write(["a"])[0]).toBeDefined();
  await cache.operations.filling.load("loaded", undefined, context());
  expect(write(["a"])).toEqual([undefined]);
});

it("leaves to others writes that are not this node's, or to a partition without versions", () => {
  const { write, lease, ownership } = createPlain("cache-aside");
  lease.safeUntilMs = Number.NEGATIVE_INFINITY;
  expect(write(["a"])).toEqual([undefined]);
  lease.safeUntilMs = Number.POSITIVE_INFINITY;
  for (const tenure of ownership.tenures()) tenure.witness(makeVersion(9, 1));
  expect(write(["a"])).toEqual([undefined]);
});
