import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hash32 } from "./hash.js";
import {
  decodeKey,
  encodeKey,
  isPartitionCount,
  partitionOf,
  partitionOfKey,
} from "./partitions.js";
import { testSeed } from "./testing.js";

const seed = testSeed();

describe("partitions", () => {
  it("accepts powers of two from 2 to 16,384 and nothing else", () => {
    const accepted = Array.from({ length: 40_000 }, (_, count) => count).filter(isPartitionCount);
    expect(accepted).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384]);
    for (const count of [-2, 2.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32]) {
      expect(isPartitionCount(count)).toBe(false);
    }
  });

  it(`places a key by the highest bits of its hash (seed ${seed})`, () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.nat(2 ** 32 - 1),
        fc.integer({ min: 1, max: 14 }),
        (key, hashSeed, bits) => {
          const partitions = 2 ** bits;
          const partition = partitionOf(key, { partitions, hashSeed });
          expect(partition).toBe(Math.floor(hash32(key, hashSeed) / (2 ** 32 / partitions)));
        },
      ),
      { seed },
    );
  });

  it(`places a key as text where it places its bytes (seed ${seed})`, () => {
    const keys = fc.oneof(
      fc.string({ minLength: 1, maxLength: 80 }),
      fc.string({ unit: "binary", minLength: 1, maxLength: 80 }),
    );
    fc.assert(
      fc.property(keys, fc.nat(2 ** 32 - 1), (key, hashSeed) => {
        const placement = { partitions: 16_384, hashSeed };
        expect(partitionOfKey(key, placement)).toBe(partitionOf(encodeKey(key), placement));
      }),
      { seed },
    );
    const placement = { partitions: 2, hashSeed: 1 };
    for (const key of ["", "x".repeat(513), "a\ud800"]) {
      expect(() => partitionOfKey(key, placement)).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT" }),
      );
    }
  });

  it("splits each partition in two when their number doubles", () => {
    for (let i = 0; i < 1_000; i++) {
      const key = encodeKey(`product:${i}`);
      const coarse = partitionOf(key, { partitions: 512, hashSeed: 7 });
      const fine = partitionOf(key, { partitions: 1_024, hashSeed: 7 });
      expect(fine >> 1).toBe(coarse);
    }
  });

  it("spreads consecutive keys over every partition", () => {
    const counts = new Array<number>(64).fill(0);
    for (let i = 0; i < 64_000; i++) {
      const partition = partitionOf(encodeKey(`user:${i}`), { partitions: 64, hashSeed: 1 });
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    // 1,000 expected in each, standard deviation 31: six of them on either side.
    expect(Math.min(...counts)).toBeGreaterThan(810);
    expect(Math.max(...counts)).toBeLessThan(1_190);
  });
});

describe("keys", () => {
  it("come back as they were encoded, a byte order mark included", () => {
    for (const key of ["a", "ключ", "🗝", "\ufeffa", "__proto__", "x".repeat(512), "a\u0000b"]) {
      expect(decodeKey(encodeKey(key))).toBe(key);
    }
  });

  it.each([
    ["", "key is empty; it needs 1 to 512 bytes"],
    ["x".repeat(513), "key has 513 bytes of UTF-8; at most 512 are allowed"],
    ["é".repeat(257), "key has 514 bytes of UTF-8; at most 512 are allowed"],
    ["a\ud800", "key holds a lone surrogate, so it is not valid Unicode"],
    ["\udfffb", "key holds a lone surrogate, so it is not valid Unicode"],
  ])("are refused when empty, too long or no Unicode: %j", (key, message) => {
    expect(() => encodeKey(key)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message }),
    );
  });

  it.each([
    [[], "key is empty; it needs 1 to 512 bytes"],
    [new Array<number>(513).fill(0x61), "key has 513 bytes of UTF-8; at most 512 are allowed"],
    [[0x61, 0xff], "key is not well-formed UTF-8"],
    [[0xed, 0xa0, 0x80], "key is not well-formed UTF-8"],
    [[0xc0, 0x80], "key is not well-formed UTF-8"],
  ])("are refused as bytes that are empty, too long or no UTF-8: %j", (bytes, message) => {
    expect(() => decodeKey(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message }),
    );
  });
});
