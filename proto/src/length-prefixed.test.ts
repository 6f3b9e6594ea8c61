import { PassThrough } from "node:stream";
import { CacheError } from "@holdfast/core";
import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MessageReader, writeMessage } from "./length-prefixed.js";

function bytesOf(messages: readonly Buffer[]): Buffer {
  const stream = new PassThrough({ highWaterMark: 2 ** 24 });
  for (const message of messages) writeMessage(stream, message);
  return stream.read() ?? Buffer.alloc(0);
}

describe("Length-prefixed messages", () => {
  const seed = testSeed();

  it(`come as they were written, however their bytes are cut (seed ${seed})`, () => {
    const length = fc.oneof(fc.nat(20), fc.constantFrom(16_384, 16_385, 70_000));
    const cut = fc.integer({ min: 1, max: 30_000 });
    fc.assert(
      fc.property(fc.array(length), fc.array(cut, { minLength: 1 }), (lengths, cuts) => {
        const written = lengths.map((bytes, index) => Buffer.alloc(bytes, index));
        const reader = new MessageReader(2 ** 20);
        const messages: Buffer[] = [];
        const bytes = bytesOf(written);
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = at + (cuts[turn % cuts.length] as number);
          messages.push(...reader.read(bytes.subarray(at, end)));
          at = end;
        }
        expect(messages.map((message) => message.length)).toEqual(lengths);
        expect(messages.every((message, index) => message.equals(written[index] as Buffer))).toBe(
          true,
        );
      }),
      { seed },
    );
  });

  it("are parts of what came", () => {
    const bytes = bytesOf([Buffer.from("one"), Buffer.from("two")]);
    const messages = new MessageReader(2 ** 20).read(bytes);
    expect(messages.map(({ buffer }) => buffer)).toEqual([bytes.buffer, bytes.buffer]);
  });

  it("are refused when they are too large, before they have come", () => {
    const reader = new MessageReader(10);
    const tooLarge = bytesOf([Buffer.alloc(11)]);
    const piece = Buffer.concat([bytesOf([Buffer.alloc(10)]), tooLarge.subarray(0, 5)]);
    expect(reader.read(piece)).toHaveLength(1);
    expect(reader.problem).toEqual(
      new CacheError("VALUE_TOO_LARGE", "a message has 11 bytes; at most 10 are taken"),
    );
    expect(reader.read(tooLarge.subarray(5))).toEqual([]);
    expect(reader.read(bytesOf([Buffer.alloc(1)]))).toEqual([]);
  });

  it("are refused when they are compressed", () => {
    const reader = new MessageReader(10);
    expect(reader.read(Buffer.from([1, 0, 0, 0, 0]))).toEqual([]);
    expect(reader.problem).toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
