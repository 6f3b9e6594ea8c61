/** Whose memory messages, and what is read from them, are in, and for how long. */
import { describe, expect, it } from "vitest";
import { BatchReader } from "./batch-reader.js";
import { BatchWriter } from "./batch-writer.js";
import { ReplyReader } from "./reply-reader.js";
import { ReplyWriter } from "./reply-writer.js";
import { pipeCodec } from "./services.js";

describe("the memory of messages", () => {
  it("leaves a message alone that was taken, and begins anew", () => {
    const terms = { cache: "c", maxStaleMs: undefined };
    const writer = new BatchWriter(pipeCodec);
    writer.begin(1, 0);
    writer.get(1, "first", terms, undefined);
    const first = writer.take();
    writer.begin(2, 0);
    // Larger than what a writer keeps.
    writer.operation(2, { kind: "SET", value: Buffer.alloc(200_000, 1) }, undefined);
    const second = writer.take();
    writer.begin(3, 0);
    writer.get(3, "third", terms, undefined);
    writer.take();
    const read = [first, second].map((message) => pipeCodec.readBatchGenerally(message));
    expect(read).toMatchObject([
      { epoch: 1, operations: [{ id: 1, key: Buffer.from("first") }] },
      { epoch: 2, operations: [{ id: 2, value: Buffer.alloc(200_000, 1) }] },
    ]);
  });

  it("gives values of their own, and keeps little memory for them", () => {
    const writer = new ReplyWriter(pipeCodec);
    const values = Array.from({ length: 300 }, (_, id) => Buffer.alloc(100, id));
    for (const [id, value] of values.entries()) writer.reply({ id, value });
    writer.reply({ id: 300, value: Buffer.alloc(5_000, 7) });
    writer.reply({ id: 301, value: Buffer.alloc(20_000, 7) });
    const message = writer.take();
    const reader = new ReplyReader(pipeCodec);
    reader.read(message);
    const copies = Array.from({ length: 302 }, (_, index) => reader.copy(index));
    reader.clear();
    message.fill(0xff);
    expect(copies.slice(0, 300)).toEqual(values);
    expect(copies[300]).toEqual(Buffer.alloc(5_000, 7));
    expect(copies[301]).toEqual(Buffer.alloc(20_000, 7));
    expect(copies[300]?.buffer.byteLength).toBe(5_000);
    for (const { buffer } of copies.slice(0, 300)) expect(buffer.byteLength).toBeLessThan(9_000);
  });

  it("uses the memory of messages again that were given back", () => {
    const writer = new ReplyWriter(pipeCodec);
    writer.reply({ id: 1 });
    const first = writer.take();
    writer.giveBack(first);
    writer.reply({ id: 2 });
    const second = writer.take();
    writer.reply({ id: 3 });
    expect(writer.take().buffer).toBe(first.buffer);
    const { replies } = pipeCodec.readRepliesGenerally(second);
    expect(replies.map(({ id }) => id)).toEqual([2]);
  });

  it("keeps messages apart from the buffers that they came in, as far as names go", () => {
    const message = pipeCodec.writeBatchGenerally({
      operations: [{ kind: "GET", cache: "one", key: Buffer.from("k") }],
    });
    const reader = new BatchReader(pipeCodec);
    const buffer = Buffer.from(message);
    reader.read(buffer);
    buffer.fill(0);
    reader.read(message);
    expect(reader.caches[0]).toBe("one");
  });
});
