import { createHash } from "node:crypto";
import { CacheError, MAX_VALUE_BYTES } from "@holdfast/core";
import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  COMPRESSION_LEVELS,
  compress,
  compressionNameOf,
  compressOnPool,
  decompress,
  hasCompression,
} from "./compression.js";
import type { CompressionName } from "./compression-algorithms.js";
import { CODEC, codecOf, compressionOf } from "./encoding.js";

const seed = testSeed();
const NAMES: readonly CompressionName[] = ["gzip", "brotli", "zstd"];
const AVAILABLE = NAMES.filter(hasCompression);
const NUMBERS = { gzip: 1, brotli: 2, zstd: 3 } as const;
const TEXT = Buffer.from("Holdfast keeps its word about writes. ".repeat(200));

function method(algorithm: CompressionName, level = COMPRESSION_LEVELS[algorithm].usual) {
  return { algorithm, level };
}

/** Texts that repeat themselves, noise, and both together, of 0 to some ten thousand bytes. */
const anyBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat({ max: 200 }))
        .map(([piece, times]) => Buffer.concat(Array.from({ length: times }, () => piece))),
    ),
    { maxLength: 4 },
  )
  .map((pieces) => Buffer.concat(pieces));

describe.each(AVAILABLE)("Compression with %s", (algorithm) => {
  it(`returns whatever it was given, at every level, and keeps the codec (seed ${seed})`, async () => {
    const { min, max } = COMPRESSION_LEVELS[algorithm];
    await fc.assert(
      fc.asyncProperty(
        anyBytes,
        fc.nat({ max: 255 }),
        fc.integer({ min, max }),
        async (value, encoding, level) => {
          const plain = { value, encoding };
          const here = compress(plain, { algorithm, level });
          const onPool = await compressOnPool(plain, { algorithm, level });
          for (const stored of [here, onPool]) {
            expect(codecOf(stored.encoding)).toBe(encoding);
            expect([0, NUMBERS[algorithm]]).toContain(compressionOf(stored.encoding));
            expect(Buffer.compare(decompress(stored), value)).toBe(0);
            if (stored !== plain) {
              expect(stored.value.byteLength).toBeLessThanOrEqual(value.byteLength * 0.9);
            }
          }
        },
      ),
      { seed, numRuns: 60 },
    );
  });

  it("says in the encoding what it has done", () => {
    const stored = compress({ value: TEXT, encoding: CODEC.json }, method(algorithm));
    expect(stored.value.byteLength).toBeLessThan(TEXT.byteLength / 10);
    expect(stored.encoding).toBe((NUMBERS[algorithm] << 8) | CODEC.json);
    expect(compressionNameOf(stored.encoding)).toBe(algorithm);
  });

  it("leaves alone what does not become a tenth smaller", () => {
    const noise = createHash("shake256", { outputLength: 4_096 }).update("noise").digest();
    const plain = { value: noise, encoding: CODEC.bytes };
    expect(compress(plain, method(algorithm))).toBe(plain);
    const nearlyNoise = { value: Buffer.concat([noise, Buffer.alloc(300)]), encoding: CODEC.bytes };
    expect(compress(nearlyNoise, method(algorithm))).toBe(nearlyNoise);
  });

  it(`never fails but with an error that says why, however damaged a value is (seed ${seed})`, () => {
    const { value, encoding } = compress({ value: TEXT, encoding: CODEC.json }, method(algorithm));
    const damaged = fc.oneof(
      fc.nat({ max: value.byteLength - 1 }).map((length) => value.subarray(0, length)),
      fc
        .tuple(fc.nat({ max: value.byteLength - 1 }), fc.integer({ min: 1, max: 255 }))
        .map(([at, change]) => {
          const copy = Buffer.from(value);
          copy[at] = (copy[at] ?? 0) ^ change;
          return copy;
        }),
      fc.uint8Array({ maxLength: 100 }),
    );
    fc.assert(
      fc.property(damaged, (bytes) => {
        try {
          // Brotli has no checksum: it may read something else, and its codec has to notice.
          const read = decompress({ value: bytes, encoding });
          if (algorithm !== "brotli") expect(Buffer.compare(read, TEXT)).toBe(0);
        } catch (error) {
          expect(error).toBeInstanceOf(CacheError);
          const { code, message } = error as CacheError;
          expect(["INVALID_ARGUMENT", "VALUE_TOO_LARGE"]).toContain(code);
          expect(message).toMatch(/^(the value is damaged: .* with|decompressed, the value has)/);
        }
      }),
      { seed, numRuns: 500 },
    );
  });

  it("says of a value that was cut off that it is damaged, and keeps the reason", () => {
    const { value, encoding } = compress({ value: TEXT, encoding: CODEC.json }, method(algorithm));
    for (const length of [0, 1, 17, value.byteLength >> 1]) {
      const cut = { value: value.subarray(0, length), encoding };
      expect(() => decompress(cut), `${length} bytes`).toThrowError(
        expect.objectContaining({
          code: "INVALID_ARGUMENT",
          message: `the value is damaged: it cannot be decompressed with ${algorithm}`,
          cause: expect.any(Error),
        }),
      );
    }
  });

  it("reads the largest value that there may be, and nothing beyond", () => {
    const most = compress({ value: Buffer.alloc(MAX_VALUE_BYTES), encoding: 0 }, method(algorithm));
    expect(decompress(most).byteLength).toBe(MAX_VALUE_BYTES);
    const bomb = { value: Buffer.alloc(MAX_VALUE_BYTES + 1), encoding: 0 };
    expect(() => decompress(compress(bomb, method(algorithm)))).toThrowError(
      expect.objectContaining({
        code: "VALUE_TOO_LARGE",
        message: "decompressed, the value has more than 4194304 bytes",
      }),
    );
  });
});

describe("Decompression", () => {
  it("hands out what is not compressed as it is", () => {
    expect(decompress({ value: TEXT, encoding: CODEC.string })).toBe(TEXT);
    expect(compressionNameOf(CODEC.string)).toBeUndefined();
  });

  it.each([4, 255, 0xffffff])("refuses algorithm %i, which there is none of", (number) => {
    const encoding = number * 256 + CODEC.json;
    expect(() => decompress({ value: TEXT, encoding })).toThrowError(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: `the value is compressed with algorithm ${number}, which is not known here`,
      }),
    );
    expect(compressionNameOf(encoding)).toBe(`algorithm ${number}`);
  });

  it.each([
    ["gzip", 0x0101, "H4sIAAAAAAAEA6tWKkmtKFGyUvLIz0lJSywuURhCDKVaAFical2/AAAA"],
    [
      "brotli",
      0x0201,
      "C18AAICqqqrq/3QV4MtRDie5XAVgOQmAHIQPAqCgcAAXv1J0imzsANb4hAfmEQqbjvKlxCPxBw==",
    ],
    ["zstd", 0x0301, "KLUv/SS/3QAAoHsidGV4dCI6IkhvbGRmYXN0ICJ9AQBQpEoYUicaUw=="],
  ] as const)(
    "reads what was stored once with %s, or says which Node.js does",
    (name, encoding, stored) => {
      const read = () => decompress({ value: Buffer.from(stored, "base64"), encoding });
      if (hasCompression(name)) {
        const document = JSON.stringify({ text: "Holdfast ".repeat(20) });
        expect(Buffer.from(read()).toString()).toBe(document);
      } else {
        expect(read).toThrowError(
          expect.objectContaining({
            code: "INVALID_ARGUMENT",
            message: `the value is compressed with ${name}, which Node.js ${process.version} does not have; 22.15 and later do`,
          }),
        );
      }
    },
  );
});
