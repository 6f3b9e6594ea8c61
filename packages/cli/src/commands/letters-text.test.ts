import { CODEC, compress, type DeadLetter__Output } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { describeLetter, toLetterJson } from "./letters-text.js";

const DOCUMENT = { name: "laptop ".repeat(500) };

function letterOf(value: Uint8Array, encoding: number): DeadLetter__Output {
  return {
    name: { cache: "stock", key: Buffer.from("a"), version: 7 },
    deleted: false,
    encoding,
    value: Buffer.from(value),
    valueBytes: value.byteLength,
    sqlstate: "23514",
    message: "no",
    atMs: 0,
    incarnation: "node-1-x",
  };
}

/** As a client would have stored it. */
function compressedLetter(codec: number): DeadLetter__Output {
  const plain = { value: Buffer.from(JSON.stringify(DOCUMENT)), encoding: codec };
  const { value, encoding } = compress(plain, { algorithm: "gzip", level: 1 });
  return letterOf(value, encoding);
}

describe("A dead letter", () => {
  it("shows a value that is compressed as it was written, and says so", () => {
    const letter = compressedLetter(CODEC.json);
    const json = toLetterJson(letter);
    expect(json).toMatchObject({ value: DOCUMENT, compression: "gzip" });
    expect(json.valueBytes).toBeLessThan(200);
    const [first, second] = describeLetter(json).split("\n");
    expect(first).toContain(`  ${letter.valueBytes} bytes compressed with gzip  `);
    expect(second?.trim()).toBe(JSON.stringify(DOCUMENT));
    expect(toLetterJson(compressedLetter(CODEC.string)).value).toBe(JSON.stringify(DOCUMENT));
    const bytes = Buffer.from(
      toLetterJson(compressedLetter(CODEC.bytes)).valueBase64 ?? "",
      "base64",
    );
    expect(bytes.toString()).toBe(JSON.stringify(DOCUMENT));
  });

  it("shows what is stored where that cannot be decompressed, and why", () => {
    const { encoding } = compressedLetter(CODEC.json);
    const damaged = toLetterJson(letterOf(Buffer.from("?"), encoding));
    expect(damaged).toMatchObject({
      compression: "gzip",
      valueBase64: "Pw==",
      valueProblem: "the value is damaged: it cannot be decompressed with gzip",
    });
    expect(damaged).not.toHaveProperty("value");
    expect(describeLetter(damaged)).toMatch(/\n +the value is damaged: .*\n +base64 Pw==$/);
    const unknown = toLetterJson(letterOf(Buffer.from("?"), 0x0901));
    expect(unknown).toMatchObject({ compression: "algorithm 9", valueBase64: "Pw==" });
  });

  it("says nothing of compression where there is none", () => {
    const json = toLetterJson(letterOf(Buffer.from('"v"'), CODEC.json));
    expect(json).toMatchObject({ value: "v", valueBytes: 3 });
    expect(json).not.toHaveProperty("compression");
    expect(describeLetter(json)).toContain("  3 bytes  ");
  });
});
