import { describe, expect, it } from "vitest";
import { startConnected } from "../testing/fake-client.js";
import { bytes, string } from "./codecs.js";
import { ManyWritesError } from "./many.js";

interface Product {
  readonly name: string;
  readonly stock: number;
}

const laptop: Product = { name: "laptop", stock: 3 };

describe("A cache", () => {
  it("returns what was set, with its version and age, and nothing for what was not", async () => {
    await using test = await startConnected<Product>();
    const receipt = await test.cache.set("42", laptop, { ttl: "5m" });
    expect(receipt).toEqual({ version: expect.any(Number), degraded: false });
    expect(await test.cache.get("42")).toEqual(laptop);
    expect(await test.cache.getWithMeta("42")).toEqual({
      value: laptop,
      version: receipt.version,
      source: "memory",
      ageMs: 7,
      stale: false,
      ttlLeftMs: 300_000,
      unpersisted: false,
    });
    expect(await test.cache.get("43")).toBeUndefined();
    expect(await test.cache.getWithMeta("43")).toMatchObject({ version: 0, source: "none" });
  });

  it("reads many keys with one message to each owner", async () => {
    await using test = await startConnected<Product>({ nodes: 3 });
    const keys = Array.from({ length: 300 }, (_, index) => `key-${index}`);
    const entries = keys.slice(0, 200).map((key) => [key, { ...laptop, name: key }] as const);
    const receipts = await test.cache.setMany(entries);
    expect([...receipts.keys()].sort()).toEqual(keys.slice(0, 200).sort());
    const messagesBefore = test.fake.nodes.map(({ messages }) => messages.length);
    const found = await test.cache.getMany([...keys, "key-0"]);
    expect(found).toEqual(new Map(entries));
    test.fake.nodes.forEach((node, index) => {
      expect(node.messages.length - (messagesBefore[index] ?? 0)).toBe(1);
    });
  });

  it("spreads the lists of several callers over the messages in flight, each of them in one", async () => {
    await using test = await startConnected<Product>();
    const keys = Array.from({ length: 100 }, (_, index) => `key-${index}`);
    await Promise.all(Array.from({ length: 8 }, () => test.cache.getMany(keys)));
    const sizes = test.node.messages.map(({ operations = [] }) => operations.length);
    expect(Math.max(...sizes)).toBe(200);
    expect(sizes.filter((size) => size % keys.length !== 0)).toEqual([]);
  });

  it("hands out parts of a message where no copies are wanted", async () => {
    await using test = await startConnected();
    const value = Buffer.alloc(10_000, "x");
    const parts = test.client.cache("parts", { codec: bytes({ copy: false }), compression: false });
    await parts.set("key", value);
    const part = await parts.get("key");
    expect(part).toEqual(value);
    expect(part?.buffer.byteLength).toBeGreaterThan(value.length);
    const copy = await test.client.cache("parts", { codec: bytes() }).get("key");
    expect(copy).toEqual(value);
    expect(copy?.buffer.byteLength).toBe(value.length);
  });

  it("sends concurrent operations of one tick in three messages", async () => {
    await using test = await startConnected<Product>();
    const keys = Array.from({ length: 500 }, (_, index) => `key-${index}`);
    await Promise.all(keys.map((key) => test.cache.get(key)));
    expect(test.fake.node(0).messages).toHaveLength(3);
  });

  it("sends every key only to the node that owns it", async () => {
    await using test = await startConnected<Product>({ nodes: 3 });
    for (const node of test.fake.nodes) {
      await test.cache.set(test.fake.keyOf(node), laptop);
      expect(node.operations).toHaveLength(1);
    }
  });

  it("writes only on the version or the absence that the caller names", async () => {
    await using test = await startConnected<Product>();
    const conflict = expect.objectContaining({ code: "VERSION_CONFLICT" });
    const { version } = await test.cache.set("42", laptop, { ifAbsent: true });
    await expect(test.cache.set("42", laptop, { ifAbsent: true })).rejects.toThrowError(conflict);
    const next = await test.cache.set("42", laptop, { ifVersion: version });
    await expect(test.cache.delete("42", { ifVersion: version })).rejects.toThrowError(conflict);
    await test.cache.delete("42", { ifVersion: next.version });
    expect(await test.cache.get("42")).toBeUndefined();
  });

  it("deletes, touches and counts", async () => {
    await using test = await startConnected<Product>();
    expect(await test.cache.touch("42", { ttl: 1_000 })).toBe(false);
    await test.cache.set("42", laptop);
    expect(await test.cache.touch("42", { ttl: 1_000 })).toBe(true);
    expect((await test.cache.getWithMeta("42")).ttlLeftMs).toBe(1_000);
    await test.cache.deleteMany(["42", "43"]);
    expect(await test.cache.get("42")).toBeUndefined();
    const counters = test.client.cache<number>("counters");
    expect(await counters.increment("visits")).toBe(1);
    expect(await counters.increment("visits", -4)).toBe(-3);
    expect(await counters.get("visits")).toBe(-3);
  });

  it("sends what the options ask for, and nothing else", async () => {
    await using test = await startConnected<Product>();
    await test.cache.set("42", laptop, { ttl: "2s", ack: "journal+backup", ifVersion: 0 });
    await test.cache.set("42", laptop);
    const [full, plain] = test.fake.node(0).operations;
    expect(full).toMatchObject({ ttlMs: 2_000, ack: "JOURNAL_AND_BACKUP", expectedVersion: 0 });
    expect(plain).toMatchObject({ ack: "ACK_DEFAULT" });
    expect(plain).not.toHaveProperty("ttlMs");
    expect(plain).not.toHaveProperty("expectedVersion");
  });

  it("says so when a value was written with another codec", async () => {
    await using test = await startConnected<Product>();
    await test.client.cache("products", { codec: string() }).set("42", "text");
    await expect(test.cache.get("42")).rejects.toThrowError(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: "the value was written as string and is read as json",
      }),
    );
  });

  it("passes on that the cluster has no cache of that name", async () => {
    await using test = await startConnected<Product>();
    await expect(test.client.cache("unknown").get("42")).rejects.toThrowError(
      expect.objectContaining({ code: "UNKNOWN_CACHE" }),
    );
  });

  it.each([
    ["an empty key", "", "key is empty; it needs 1 to 512 bytes"],
    ["a long key", "ä".repeat(257), "key has 514 bytes of UTF-8; at most 512 are allowed"],
    ["a lone surrogate", "\ud800", "key holds a lone surrogate, so it is not valid Unicode"],
  ])("refuses %s by itself", async (_what, key, message) => {
    await using test = await startConnected<Product>();
    const refused = expect.objectContaining({ code: "INVALID_ARGUMENT", message });
    await expect(test.cache.get(key)).rejects.toThrowError(refused);
    await expect(test.cache.set(key, laptop)).rejects.toThrowError(refused);
    await expect(test.cache.getMany(["a", key])).rejects.toThrowError(refused);
    await expect(test.cache.warm([key])).rejects.toThrowError(refused);
  });

  it("refuses options that are out of range by itself", async () => {
    await using test = await startConnected<Product>();
    const { cache: products } = test;
    await expect(products.set("a", laptop, { ttl: -1 })).rejects.toThrowError(
      "ttl is -1 ms; it must not be negative",
    );
    await expect(products.get("a", { timeout: 0 })).rejects.toThrowError("timeout is 0");
    await expect(products.set("a", laptop, { ifVersion: 1.5 })).rejects.toThrowError(
      "ifVersion is 1.5; it must be a version that was read",
    );
    await expect(products.set("a", laptop, { ifVersion: 1, ifAbsent: true })).rejects.toThrowError(
      "ifAbsent and ifVersion contradict each other",
    );
    await expect(products.increment("a", 0.5)).rejects.toThrowError("delta is 0.5");
    const ack = "disk" as "journal";
    await expect(products.set("a", laptop, { ack })).rejects.toThrowError('ack is "disk"');
    expect(() => test.client.cache("")).toThrowError("a cache's name is a string");
    expect(test.fake.node(0).operations).toHaveLength(0);
  });

  it("refuses a value above 4 MiB by itself", async () => {
    await using test = await startConnected<Product>();
    const texts = test.client.cache("products", { codec: string() });
    await expect(texts.set("a", "x".repeat(4 * 1024 * 1024 + 1))).rejects.toThrowError(
      expect.objectContaining({
        code: "VALUE_TOO_LARGE",
        message: "the value has 4194305 bytes; at most 4194304 are allowed",
      }),
    );
    await texts.set("a", "x".repeat(4 * 1024 * 1024));
  });

  it("counts many writes as unknown as soon as one of them is", async () => {
    await using test = await startConnected<Product>();
    test.fake.node(0).intercept = ({ key }) => {
      if (key.toString() === "a") return { code: "VALUE_TOO_LARGE", message: "too large" };
      return { code: "OUTCOME_UNKNOWN", outcome: "UNKNOWN", message: "lost" };
    };
    await expect(test.cache.deleteMany(["a", "b"])).rejects.toThrowError(
      expect.objectContaining({ name: "ManyWritesError", code: "OUTCOME_UNKNOWN" }),
    );
  });

  it("tells which writes of many happened and why the others failed", async () => {
    await using test = await startConnected<Product>();
    test.fake.node(0).intercept = ({ key, kind }) =>
      kind === "SET" && key.toString() === "b"
        ? { code: "VALUE_TOO_LARGE", message: "too large" }
        : undefined;
    const error = await test.cache
      .setMany(["a", "b", "c"].map((key) => [key, laptop]))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ManyWritesError);
    expect(error).toMatchObject({
      code: "VALUE_TOO_LARGE",
      message: "1 of 3 writes failed; one of them: too large",
    });
    // Checked just above.
    const { receipts, failures } = error as ManyWritesError;
    expect([...receipts.keys()]).toEqual(["a", "c"]);
    expect([...failures.keys()]).toEqual(["b"]);
  });
});
