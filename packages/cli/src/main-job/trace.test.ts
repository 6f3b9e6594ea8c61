import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseTrace, readTrace, TRACE_MAX_OBJECTS } from "./trace.js";

function bytesOf(ids: readonly number[]): Buffer {
  const bytes = Buffer.alloc(ids.length * 4);
  for (const [index, id] of ids.entries()) bytes.writeUInt32LE(id, index * 4);
  return bytes;
}

describe("a trace", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-trace-"));
  });

  afterAll(() => rm(folder, { recursive: true }));

  it("is a sequence of little-endian numbers, plain or packed", async () => {
    const ids = [0, 1, 0, 258, 2];
    for (const [name, bytes] of [
      ["plain.u32", bytesOf(ids)],
      ["packed.u32.gz", gzipSync(bytesOf(ids))],
    ] as const) {
      const file = join(folder, name);
      await writeFile(file, bytes);
      const { requests, objects } = await readTrace(file);
      expect([...requests]).toEqual(ids);
      expect(objects).toBe(259);
    }
  });

  it("may begin at any address in memory", () => {
    const padded = Buffer.concat([Buffer.from([7]), bytesOf([3, 4])]);
    expect([...parseTrace(padded.subarray(1), "odd").requests]).toEqual([3, 4]);
  });

  it.each([
    ["empty", Buffer.alloc(0), /0 bytes, which is not a positive multiple of 4/],
    ["cut", Buffer.alloc(7), /7 bytes, which is not a positive multiple of 4/],
    ["no numbering", bytesOf([1, TRACE_MAX_OBJECTS]), /names object 20000000/],
  ])("is refused when it is %s", (_, bytes, message) => {
    expect(() => parseTrace(bytes, "x")).toThrow(message);
  });

  it("is refused with one line when the file is missing or broken", async () => {
    const missing = join(folder, "missing.u32.gz");
    await expect(readTrace(missing)).rejects.toThrow(`cannot read the trace ${missing}: ENOENT`);
    const broken = join(folder, "broken.u32.gz");
    await writeFile(broken, gzipSync(bytesOf([1, 2, 3])).subarray(0, 20));
    await expect(readTrace(broken)).rejects.toThrow(`cannot unpack the trace ${broken}`);
  });
});
