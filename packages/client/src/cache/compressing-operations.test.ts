import { createHash } from "node:crypto";
import { CacheError, MAX_VALUE_BYTES } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { CODEC, codecOf, compressionOf, type Operation__Output } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { startConnected } from "../testing/fake-client.js";
import type { Intercepted } from "../testing/fake-node.js";
import { bytes } from "./codecs.js";

const GZIP = 1;
const BROTLI = 2;
/** As JSON: some bytes more. */
const MEDIUM = "Holdfast ".repeat(1_000);
/** Beyond what is compressed on the spot. */
const LARGE = "Holdfast ".repeat(20_000);

/** As a node answers whose cache makes rows of its values. */
function refusal({ kind, encoding }: Operation__Output): Intercepted {
  if (kind !== "SET" || compressionOf(encoding) === 0) return undefined;
  return { code: "COMPRESSION_REFUSED", message: "this cache takes no compressed values" };
}

describe("A cache that compresses", () => {
  it.each([
    ["on the spot", MEDIUM],
    ["on the pool", LARGE],
  ])("stores large values smaller, %s, and reads them with any handle", async (_where, text) => {
    await using test = await startConnected();
    await test.cache.set("42", text);
    const stored = test.fake.store.entry("products", "42");
    expect(codecOf(stored?.encoding ?? 0)).toBe(CODEC.json);
    expect(compressionOf(stored?.encoding ?? 0)).toBe(GZIP);
    expect(stored?.value.byteLength).toBeLessThan(text.length / 20);
    expect(await test.cache.get("42")).toBe(text);
    const other = test.client.cache("products", { compression: false });
    expect(await other.get("42")).toBe(text);
    expect(await other.getMany(["42"])).toEqual(new Map([["42", text]]));
  });

  it("compresses from its threshold on, as it is told for each handle", async () => {
    await using test = await startConnected<string>({}, { compression: { thresholdBytes: 102 } });
    const encodings = async (name: string, text: string) => {
      await test.client.cache(name).set("k", text);
      return compressionOf(test.fake.store.entry(name, "k")?.encoding ?? 0);
    };
    // Two quotes more.
    expect(await encodings("default", "x".repeat(99))).toBe(0);
    expect(await encodings("default", "x".repeat(100))).toBe(GZIP);
    const own = test.client.cache("own", {
      compression: { algorithm: "brotli", thresholdBytes: 1_000 },
    });
    await own.set("k", "x".repeat(500));
    expect(test.fake.store.entry("own", "k")?.encoding).toBe(CODEC.json);
    await own.set("k", "x".repeat(1_000));
    expect(test.fake.store.entry("own", "k")?.encoding).toBe((BROTLI << 8) | CODEC.json);
    await test.client.cache("none", { compression: false }).set("k", LARGE);
    expect(test.fake.store.entry("none", "k")?.encoding).toBe(CODEC.json);
  });

  it("sends what compressing does not make smaller as it is", async () => {
    await using test = await startConnected();
    const noise = (outputLength: number) =>
      createHash("shake256", { outputLength }).update("noise").digest();
    const cache = test.client.cache("noise", { codec: bytes() });
    for (const value of [noise(60_000), noise(120_000)]) {
      await cache.set("k", value);
      expect(test.fake.store.entry("noise", "k")?.encoding).toBe(CODEC.bytes);
      expect(await cache.get("k")).toEqual(value);
    }
  });

  it("counts and updates as if nothing were compressed", async () => {
    await using test = await startConnected<number>({}, { compression: { thresholdBytes: 1 } });
    await test.cache.set("n", 41);
    expect(test.fake.store.entry("products", "n")?.encoding).toBe(CODEC.json);
    expect(await test.cache.increment("n")).toBe(42);
    const texts = test.client.cache<string>("texts");
    await texts.set("k", LARGE);
    await texts.update("k", (text = "") => `${text}!`);
    expect(await texts.get("k")).toBe(`${LARGE}!`);
  });

  it("refuses by itself what is too large before it is compressed", async () => {
    await using test = await startConnected();
    await expect(test.cache.set("k", "x".repeat(MAX_VALUE_BYTES))).rejects.toThrowError(
      expect.objectContaining({ code: "VALUE_TOO_LARGE" }),
    );
    expect(test.node.operations).toEqual([]);
  });

  it("keeps the operations of a key in the order of their calls", async () => {
    await using test = await startConnected();
    const { cache, node } = test;
    const calls = [
      cache.set("k", LARGE),
      cache.delete("k"),
      cache.set("k", `${LARGE}!`),
      cache.set("k", "small"),
      cache.get("k"),
      cache.get("other"),
    ] as const;
    await Promise.all(calls);
    expect(await calls[4]).toBe("small");
    const seen = node.operations.filter(({ key }) => key.toString() === "k");
    expect(seen.map(({ kind }) => kind)).toEqual(["SET", "DELETE", "SET", "SET", "GET"]);
    // Others do not wait.
    expect(node.operations[0]?.key.toString()).toBe("other");
  });
});

describe("A value that is being compressed", () => {
  const invalid = (code: string) => expect.objectContaining({ code });

  it("counts in flight with its whole size", async () => {
    await using test = await startConnected({}, { maxInFlightBytes: 200_000 });
    const writes = [test.cache.set("a", LARGE), test.cache.set("b", LARGE)];
    await expect(writes[1]).rejects.toThrowError(invalid("OVERLOADED"));
    await writes[0];
    await test.cache.set("b", LARGE);
  });

  it("was not written when the caller aborts, or its time is over, or the client is closed", async () => {
    const clock = new FakeClock();
    await using test = await startConnected({}, { clock });
    const controller = new AbortController();
    const aborted = test.cache.set("a", LARGE, { signal: controller.signal });
    controller.abort(new Error("no longer"));
    await expect(aborted).rejects.toThrowError("no longer");
    const late = test.cache.set("a", LARGE, { timeout: 50 });
    clock.advance(50);
    await expect(late).rejects.toThrowError(invalid("DEADLINE_EXCEEDED"));
    const open = test.cache.set("a", LARGE);
    const closing = test.client.close({ drainTimeout: 0 });
    await expect(open).rejects.toThrowError(invalid("CLOSED"));
    await closing;
    expect(test.node.operations).toEqual([]);
  });
});

describe("A cache that takes no compressed values", () => {
  it.each([
    ["on the spot", MEDIUM],
    ["on the pool", LARGE],
  ])("gets them as they are, and is not tried again (%s)", async (_where, text) => {
    await using test = await startConnected();
    test.node.intercept = refusal;
    await test.cache.set("42", text);
    expect(await test.cache.get("42")).toBe(text);
    await test.cache.set("43", text);
    await test.client.cache("products", { compression: {} }).getOrLoad("44", () => text);
    const sets = test.node.operations.filter(({ kind }) => kind === "SET" || kind === "FILL");
    expect(sets.map(({ encoding }) => compressionOf(encoding))).toEqual([GZIP, 0, 0, 0]);
    // Another cache is asked for itself.
    await test.client.cache("pages").set("42", text);
    expect(compressionOf(test.node.operations.at(-2)?.encoding ?? 0)).toBe(GZIP);
  });

  it("gets them within the time that the caller has", async () => {
    const clock = new FakeClock();
    await using test = await startConnected({}, { clock });
    test.node.intercept = (operation) => {
      if (refusal(operation) === undefined) return "silence";
      clock.advance(30);
      return refusal(operation);
    };
    const write = test.cache.set("42", MEDIUM, { timeout: 100 });
    await expect.poll(() => test.node.operations.length, { interval: 2 }).toBe(2);
    clock.advance(69);
    const outcome = await Promise.race([
      write.catch((error: unknown) => error),
      Promise.resolve("open"),
    ]);
    expect(outcome).toBe("open");
    clock.advance(1);
    await expect(write).rejects.toThrowError(expect.objectContaining({ code: "OUTCOME_UNKNOWN" }));
  });

  it("passes every other error on, and sends nothing twice", async () => {
    await using test = await startConnected();
    test.node.intercept = () => ({ code: "VERSION_CONFLICT", message: "it has version 7" });
    await expect(test.cache.set("42", MEDIUM)).rejects.toThrowError(CacheError);
    expect(test.node.operations).toHaveLength(1);
  });
});
