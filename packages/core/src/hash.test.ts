import { describe, expect, it } from "vitest";
import { hash32, hash32OfAscii, hash32OfWords } from "./hash.js";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));

describe("hash32", () => {
  // Collected by Ian Boyd, https://stackoverflow.com/a/31929528, which made them with the reference.
  it.each([
    ["", 0x00000000, 0x00000000],
    ["", 0x00000001, 0x514e28b7],
    ["", 0xffffffff, 0x81f16f39],
    ["ffffffff", 0x00000000, 0x76293b50],
    ["21436587", 0x00000000, 0xf55b516b],
    ["21436587", 0x5082edee, 0x2362f9de],
    ["214365", 0x00000000, 0x7e4a8634],
    ["2143", 0x00000000, 0xa0f7b07a],
    ["21", 0x00000000, 0x72661cf4],
    ["00000000", 0x00000000, 0x2362f9de],
    ["000000", 0x00000000, 0x85f0b427],
    ["0000", 0x00000000, 0x30f4c306],
    ["00", 0x00000000, 0x514e28b7],
  ])("hashes the bytes %s with seed %i to the published value", (bytes, seed, expected) => {
    expect(hash32(hex(bytes), seed)).toBe(expected);
  });

  it.each([
    ["aaaa", 0x9747b28c, 0x5a97808a],
    ["aaa", 0x9747b28c, 0x283e0130],
    ["aa", 0x9747b28c, 0x5d211726],
    ["a", 0x9747b28c, 0x7fa09ea6],
    ["abcd", 0x9747b28c, 0xf0478627],
    ["abc", 0x9747b28c, 0xc84a62dd],
    ["ab", 0x9747b28c, 0x74875592],
    ["Hello, world!", 0x9747b28c, 0x24884cba],
    ["ππππππππ", 0x9747b28c, 0xd58063c1],
    ["a".repeat(256), 0x9747b28c, 0x37405bdc],
    ["abc", 0, 0xb3dd93fa],
    ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 0, 0xee925b90],
    ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
  ])("hashes the text %s with seed %i to the published value", (text, seed, expected) => {
    expect(hash32(utf8(text), seed)).toBe(expected);
  });

  it("is the same of words, wherever they lie and whatever is behind the last byte", () => {
    for (let length = 0; length <= 70; length++) {
      const key = Uint8Array.from({ length }, (_, index) => (index * 37 + length * 11 + 129) & 255);
      for (const start of [0, 1, 5]) {
        const memory = new Uint8Array(4 * (start + 20)).fill(0xa7);
        memory.set(key, 4 * start);
        const words = new Uint32Array(memory.buffer);
        expect(hash32OfWords(words, length, start, length)).toBe(hash32(key, length));
      }
    }
  });

  it("is the same of a text that is ASCII, and none of any other", () => {
    for (let length = 0; length <= 70; length++) {
      const codes = Array.from({ length }, (_, index) => (index * 37 + length * 11) & 127);
      const text = String.fromCharCode(...codes);
      expect(hash32OfAscii(text, length)).toBe(hash32(utf8(text), length));
      expect(hash32OfAscii(`${text}é`, length)).toBeUndefined();
      expect(hash32OfAscii(`é${text}`, length)).toBeUndefined();
      expect(hash32OfAscii(`${text}\u4100`, length)).toBeUndefined();
    }
  });

  // The reference's own self-test: 256 keys of growing length, each with another seed, then the
  // hash of all the hashes (KeysetTest.cpp, VerificationTest).
  it("reproduces the verification value of the reference implementation", () => {
    const hashes = new DataView(new ArrayBuffer(1024));
    const key = new Uint8Array(256);
    for (let length = 0; length < 256; length++) {
      key[length] = length;
      hashes.setUint32(length * 4, hash32(key.subarray(0, length), 256 - length), true);
    }
    expect(hash32(new Uint8Array(hashes.buffer), 0)).toBe(0xb0f57ee3);
  });
});
