import { describe, expect, it } from "vitest";
import { IN_HEAP_MAX_BYTES, ownBytes } from "./own-bytes.js";

function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index);
}

describe("ownBytes", () => {
  it.each([0, 1, IN_HEAP_MAX_BYTES, IN_HEAP_MAX_BYTES + 1, 5_000])(
    "copies a slice of %i bytes into memory of exactly that size",
    (length) => {
      const message = Buffer.from([7, ...bytesOf(length), 7]);
      const slice = message.subarray(1, 1 + length);
      const owned = ownBytes(slice);
      message.fill(0xff);
      expect([...owned]).toEqual([...bytesOf(length)]);
      expect(owned.buffer.byteLength).toBe(length);
    },
  );

  it("copies a slice that begins where its buffer begins", () => {
    const owned = ownBytes(new Uint8Array(1_000).subarray(0, 999));
    expect(owned.buffer.byteLength).toBe(999);
  });

  it("keeps a large value that has its buffer to itself", () => {
    const value = bytesOf(1_000);
    expect(ownBytes(value)).toBe(value);
  });
});
