import { hasCompression } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { type Compression, checkCompression } from "./compression.js";

describe("Compression options", () => {
  it("default to what every client can read", () => {
    const usual = { thresholdBytes: 4_096, algorithm: "gzip", level: 1 };
    expect(checkCompression()).toEqual(usual);
    expect(checkCompression({})).toEqual(usual);
    expect(checkCompression({ thresholdBytes: 100, algorithm: "brotli", level: 0 })).toEqual({
      thresholdBytes: 100,
      algorithm: "brotli",
      level: 0,
    });
    expect(checkCompression(false)).toBeUndefined();
  });

  it.each([
    [{ thresholdBytes: 0.5 }, "compression.thresholdBytes is 0.5; it must be a whole number"],
    [{ thresholdBytes: "4KiB" }, "compression.thresholdBytes is 4KiB; it must be a whole number"],
    [{ threshold: 4_096 }, "compression has no option threshold"],
    [{ algorithm: "lz4" }, 'compression.algorithm is "lz4"; it must be one of gzip, brotli, zstd'],
    [{ algorithm: "toString" }, 'compression.algorithm is "toString"; it must be one of'],
    [{ level: 0 }, "compression.level is 0; for gzip it must be 1 to 9"],
    [{ algorithm: "brotli", level: 12 }, "compression.level is 12; for brotli it must be 0 to 11"],
    [true, "compression is true; it must be false or an object"],
    [null, "compression is null; it must be false or an object"],
  ])("refuse %j", (given, message) => {
    // What an application without types may pass.
    expect(() => checkCompression(given as Compression)).toThrowError(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining(message),
      }),
    );
  });

  it("take zstd exactly where it can be read", () => {
    const check = () => checkCompression({ algorithm: "zstd" });
    if (hasCompression("zstd")) expect(check()?.algorithm).toBe("zstd");
    else expect(check).toThrowError(/"zstd", which Node.js v\S+ does not have; 22.15 and later do/);
  });
});
