import {
  CacheError,
  encodeKey,
  type Incarnation,
  partitionOf,
  silentLogger,
  type Topology,
  UNOWNED_PARTITION,
} from "@holdfast/core";
import { FakeClock, settle } from "@holdfast/core/testing";
import type { CachePattern } from "@holdfast/process";
import { CODEC, type Operation__Output, type Reply } from "@holdfast/proto";
import { describe, expect, it, vi } from "vitest";
import { Ownership } from "../ownership/ownership.js";
import { RightToServe } from "../ownership/right-to-serve.js";
import { createCacheFixture } from "../testing/cache-fixture.js";
import { noPromises, promisedNothing } from "../testing/no-backups.js";
import type { Caches } from "./caches.js";
import { Operations } from "./operations.js";

const ME = "11111111-0000-0000-0000-000000000000";
const OTHER = "22222222-0000-0000-0000-000000000000";
const PLACEMENT = { partitions: 2, hashSeed: 1 };

/** A topology of two partitions that gives both to one owner. */
function topology(epoch: number, owner: Incarnation, moveTo?: Incarnation): Topology {
  const member = (incarnation: Incarnation) => ({
    incarnation,
    nodeId: incarnation === ME ? "me" : "other",
    addresses: { data: "other:1", peer: "", http: "" },
    zone: "",
    weight: 1,
    state: "active" as const,
    ended: false,
  });
  const partition = { ...UNOWNED_PARTITION, owner, term: epoch, planned: true, moveTo };
  return {
    epoch,
    writeToken: "",
    members: [member(ME), member(OTHER)],
    partitions: [partition, partition],
  };
}

function createOperations(pattern: CachePattern = "cache-aside") {
  const clock = new FakeClock();
  const lease = { safeUntilMs: Number.POSITIVE_INFINITY };
  const right = new RightToServe(
    lease,
    noPromises,
    { readAtMs: 0 },
    clock,
    Number.POSITIVE_INFINITY,
  );
  const ownership = new Ownership(ME, right, promisedNothing, clock, {
    ended() {},
    deposed() {},
    begunAnew() {},
  });
  ownership.apply(topology(1, ME));
  const { cache } = createCacheFixture(pattern);
  // The fixture's tenure is another; what is tried here asks nothing of the node but this.
  const known = new Map([["known", cache]]);
  const caches = {
    find: (name: string) => known.get(name),
    lookUp: async (name: string) => {
      if (name === "late") known.set("late", cache);
      const found = known.get(name);
      if (found === undefined) throw new CacheError("UNKNOWN_CACHE", `no cache named ${name}`);
      return found;
    },
  } as unknown as Caches;
  const waiting: { readonly epoch: number; reached(isReached: boolean): void }[] = [];
  const watch = {
    waitFor: (epoch: number) =>
      new Promise<boolean>((reached) => {
        waiting.push({ epoch, reached });
      }),
  };
  const parts = { caches, ownership, topology: watch, placement: PLACEMENT, clock };
  const operations = new Operations({ ...parts, logger: silentLogger });
  const execute = async (operation: Partial<Operation__Output>, epoch = 1): Promise<Reply> =>
    operations.execute(
      {
        id: 7,
        kind: "GET",
        cache: "known",
        key: Buffer.from("k"),
        value: Buffer.alloc(0),
        encoding: 0,
        ack: "ACK_DEFAULT",
        forwarded: false,
        ...operation,
      },
      { epoch, deadlineMs: clock.monotonic() + 1_000 },
    );
  return { clock, ownership, execute, waiting, lease, cache };
}

describe("Operations", () => {
  it("tell a reader that the database refuses what it reads, until the letter is forgotten", async () => {
    const { execute, cache } = createOperations("write-behind");
    const [value, letterVersion] = [Buffer.from("v"), 2 ** 32 + 5];
    const place = { key: "k", encoding: 2, expiresAtMs: Number.POSITIVE_INFINITY };
    cache.store.put({ ...place, value, version: letterVersion, pinned: true });
    expect((await execute({ kind: "GET" })).unpersisted).toBeUndefined();
    cache.store.keepUnpersisted("k", { maxEntries: 1, maxBytes: 1_000 });
    expect(await execute({ kind: "GET" })).toMatchObject({ value, unpersisted: true });
    const cached = { version: letterVersion, unpersisted: true };
    expect(await execute({ kind: "EXPLAIN" })).toMatchObject({ explanation: { cached } });
    const unnamed = await execute({ kind: "FORGET_DEAD_LETTER" });
    expect(unnamed).toMatchObject({ code: "INVALID_ARGUMENT" });
    const forgotten = await execute({ kind: "FORGET_DEAD_LETTER", letterVersion });
    expect(forgotten).toMatchObject({ code: "OK", outcome: "APPLIED" });
    expect(cache.store.counts.entries).toBe(0);
  });

  it("clear only once no partition is being let go, and say so to who asks by an older epoch", async () => {
    const { execute, ownership, clock } = createOperations();
    await execute({ kind: "SET", value: Buffer.from("v") });
    ownership.apply(topology(2, ME, OTHER));
    const partition = partitionOf(Buffer.from("k"), PLACEMENT);
    const tenure = ownership.tenureOf(partition);
    if (tenure === undefined) throw new Error("the partition is not owned");
    ownership.beginRelease(tenure);
    ownership.finishRelease(tenure, 2);
    let reply: Reply | undefined;
    void execute({ kind: "CLEAR" }, 2).then((given) => {
      reply = given;
    });
    await settle();
    expect(reply).toBeUndefined();
    // What it would clear is the next owner's by now, which only the next topology names.
    ownership.apply(topology(3, OTHER));
    await settle();
    expect(reply).toMatchObject({ code: "UNAVAILABLE" });
    expect(await execute({ kind: "CLEAR" }, 3)).toMatchObject({ code: "OK" });
    expect(clock.monotonic()).toBe(0);
  });

  it("flush everything only once no partition comes or goes, and say so to who asks by an older epoch", async () => {
    const { execute, ownership } = createOperations("write-behind");
    const flush = { kind: "FLUSH", key: Buffer.alloc(0) } as const;
    const nothing = { persisted: 0, refused: 0, dirty: 0, moved: 0 };
    expect(await execute(flush)).toMatchObject({ code: "OK", flushed: nothing });
    ownership.apply(topology(2, ME, OTHER));
    const tenure = ownership.tenureOf(0);
    if (tenure === undefined) throw new Error("the partition is not owned");
    ownership.beginRelease(tenure);
    let reply: Reply | undefined;
    void execute(flush, 2).then((given) => {
      reply = given;
    });
    await settle();
    expect(reply).toBeUndefined();
    ownership.finishRelease(tenure, 2);
    await settle();
    expect(reply).toBeUndefined();
    ownership.apply(topology(3, OTHER));
    await settle();
    expect(reply).toMatchObject({ code: "UNAVAILABLE" });
  });

  it("flush everything by the topology that the sender has read", async () => {
    const { execute, ownership, waiting } = createOperations("write-behind");
    const reply = execute({ kind: "FLUSH", key: Buffer.alloc(0) }, 5);
    await settle();
    expect(waiting.map(({ epoch }) => epoch)).toEqual([5]);
    ownership.apply(topology(5, ME));
    waiting[0]?.reached(true);
    expect(await reply).toMatchObject({ code: "OK", outcome: "APPLIED" });
  });

  it("ask for the version that is to be persisted, and for a cache that writes to a database", async () => {
    const { execute } = createOperations("write-behind");
    expect(await execute({ kind: "PERSISTED" })).toMatchObject({ code: "INVALID_ARGUMENT" });
    const aside = createOperations("cache-aside");
    for (const kind of ["PERSISTED", "FLUSH"] as const) {
      expect(await aside.execute({ kind, version: 1 })).toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    const through = createOperations("write-through");
    expect(await through.execute({ kind: "PERSISTED", version: 1 })).toMatchObject({
      code: "OK",
      outcome: "APPLIED",
      version: 1,
    });
  });

  it("answers under the operation's id with the term of the partition", async () => {
    const { execute, ownership } = createOperations();
    ownership.apply(topology(4, ME));
    expect(await execute({})).toMatchObject({ id: 7, code: "OK", version: 0, term: 4 });
  });

  it("says the term with a refusal too, once the operation was let in", async () => {
    const { execute, ownership } = createOperations();
    ownership.apply(topology(4, ME));
    const value = Buffer.from("v");
    expect(await execute({ kind: "SET", value, expectedVersion: 9 })).toMatchObject({
      code: "VERSION_CONFLICT",
      term: 4,
    });
    expect(await execute({ kind: "SET", value, ttlMs: -1 })).toMatchObject({
      code: "INVALID_ARGUMENT",
      term: 4,
    });
  });

  it("refuses an acknowledgement that the cache cannot give", async () => {
    const { execute } = createOperations();
    expect(await execute({ kind: "SET", value: Buffer.from("v"), ack: "JOURNAL" })).toMatchObject({
      code: "INVALID_ARGUMENT",
      message:
        "acknowledgement level JOURNAL is not offered by cache-aside caches; this one offers memory",
    });
    expect(await execute({})).toMatchObject({ version: 0 });
  });

  it("says who owns what this node does not", async () => {
    const { execute, ownership } = createOperations();
    ownership.apply(topology(2, OTHER));
    expect(await execute({})).toMatchObject({
      code: "NOT_OWNER",
      outcome: "NOT_APPLIED",
      notOwner: { epoch: 2, nodeId: "other", incarnation: OTHER, address: "other:1", term: 2 },
    });
  });

  it("waits for a topology that the sender has read already", async () => {
    const { execute, ownership, waiting } = createOperations();
    ownership.apply(topology(2, OTHER));
    const reply = execute({}, 3);
    await settle();
    expect(waiting.map(({ epoch }) => epoch)).toEqual([3]);
    ownership.apply(topology(3, ME));
    waiting[0]?.reached(true);
    expect(await reply).toMatchObject({ code: "OK", term: 3 });
  });

  it("holds an operation while its partition moves, and then names the new owner", async () => {
    const { execute, ownership } = createOperations();
    ownership.apply(topology(2, ME, OTHER));
    const number = partitionOf(encodeKey("k"), PLACEMENT);
    ownership.beginRelease(ownership.admit(number));
    let reply: Reply | undefined;
    const done = execute({}).then((answered) => {
      reply = answered;
    });
    await settle();
    expect(reply).toBeUndefined();
    const tenure = ownership.tenureOf(number);
    if (tenure === undefined) throw new Error("the tenure is gone");
    ownership.finishRelease(tenure, 2);
    await settle();
    expect(reply).toBeUndefined();
    ownership.apply(topology(3, OTHER));
    await done;
    expect(reply).toMatchObject({ code: "NOT_OWNER", notOwner: { nodeId: "other" } });
  });

  it("holds no more bytes of waiting writes than it states, and goes on reading", async () => {
    const { execute, ownership } = createOperations();
    ownership.apply(topology(2, ME, OTHER));
    const tenures = [...ownership.tenures()];
    for (const tenure of tenures) ownership.beginRelease(tenure);
    const value = Buffer.alloc(2 ** 19);
    const writes = Array.from({ length: 258 }, () => execute({ kind: "SET", value }));
    const read = execute({});
    for (const refused of writes.slice(256)) {
      expect(await refused).toMatchObject({
        code: "OVERLOADED",
        message: "writes of 134217728 bytes are under way on this node already",
      });
    }
    for (const tenure of tenures) ownership.resume(tenure);
    expect(await read).toMatchObject({ code: "OK" });
    for (const write of writes.slice(0, 256)) expect(await write).toMatchObject({ code: "OK" });
    expect(await execute({ kind: "SET", value })).toMatchObject({ code: "OK" });
  });

  it("refuses with UNAVAILABLE when the right to serve is gone", async () => {
    const { execute, lease } = createOperations();
    lease.safeUntilMs = 0;
    expect(await execute({})).toMatchObject({ code: "UNAVAILABLE", outcome: "NOT_APPLIED" });
  });

  it("looks a cache up before it says that there is none", async () => {
    const { execute } = createOperations();
    expect(await execute({ cache: "nowhere" })).toMatchObject({ code: "UNKNOWN_CACHE" });
    expect(await execute({ cache: "late" })).toMatchObject({ code: "OK" });
  });

  it.each([
    ["an empty key", { key: Buffer.alloc(0) }],
    ["a key that is no UTF-8", { key: Buffer.from([0xc3, 0x28]) }],
    ["a negative lifetime", { kind: "SET", ttlMs: -5 }],
    ["an unknown kind", { kind: "KIND_UNSPECIFIED" }],
    ["a level of acknowledgement that is not offered", { kind: "SET", ack: "BACKUP" }],
    ["an encoding that has no meaning", { kind: "SET", encoding: 0x10000 }],
  ] as const)("refuses %s", async (_what, operation) => {
    const { execute } = createOperations();
    expect(await execute(operation)).toMatchObject({
      code: "INVALID_ARGUMENT",
      outcome: "NOT_APPLIED",
    });
  });

  it("makes no text of the key of a read that memory answers", async () => {
    const { execute } = createOperations();
    // Short ones are decoded by other means.
    const keyOf = (product: number) => Buffer.from(`product:${"0".repeat(100)}${product}`);
    const key = keyOf(1);
    await execute({ kind: "SET", key, value: Buffer.from("1"), encoding: CODEC.json });
    const decode = vi.spyOn(TextDecoder.prototype, "decode");
    try {
      expect(await execute({ kind: "GET", key })).toMatchObject({ code: "OK", source: "MEMORY" });
      expect(decode).not.toHaveBeenCalled();
      await execute({ kind: "GET", key: keyOf(2) });
      expect(decode).toHaveBeenCalled();
    } finally {
      decode.mockRestore();
    }
  });

  it("adds to an integer, from nothing too, and to nothing else", async () => {
    const { execute } = createOperations();
    const key = Buffer.from("count");
    expect(await execute({ kind: "INCREMENT", key, delta: 5 })).toMatchObject({
      value: Buffer.from("5"),
      encoding: CODEC.json,
    });
    expect(await execute({ kind: "INCREMENT", key, delta: -7 })).toMatchObject({
      value: Buffer.from("-2"),
    });
    await execute({ kind: "SET", key, value: Buffer.from("word"), encoding: CODEC.string });
    expect(await execute({ kind: "INCREMENT", key, delta: 1 })).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "the present value is not an integer",
    });
    const most = Buffer.from(String(Number.MAX_SAFE_INTEGER));
    await execute({ kind: "SET", key, value: most, encoding: CODEC.json });
    expect(await execute({ kind: "INCREMENT", key, delta: 1 })).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  it("hands a compressed value back as it is, and adds nothing to one", async () => {
    const { execute } = createOperations();
    // Text that says "5", and that it is compressed.
    const compressed = { value: Buffer.from("5"), encoding: 0x0100 | CODEC.json };
    await execute({ kind: "SET", ...compressed });
    expect(await execute({ kind: "INCREMENT", delta: 1 })).toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "the present value is compressed, so it is not added to",
    });
    expect(await execute({ kind: "TOUCH", ttlMs: 10 })).toMatchObject({ outcome: "APPLIED" });
    expect(await execute({})).toMatchObject({ ...compressed, ttlLeftMs: 10 });
  });

  it("tells a touch that found nothing from one that did", async () => {
    const { execute } = createOperations();
    expect(await execute({ kind: "TOUCH" })).toMatchObject({ outcome: "NOT_APPLIED", version: 0 });
    await execute({ kind: "SET", value: Buffer.from("v") });
    expect(await execute({ kind: "TOUCH", ttlMs: 10 })).toMatchObject({ outcome: "APPLIED" });
    expect(await execute({})).toMatchObject({ ttlLeftMs: 10 });
  });
});
