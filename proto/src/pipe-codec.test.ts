/** The codec of pipes against proto-loader's, which it stands in for. */
import { fromJSON, type MethodDefinition, type ServiceDefinition } from "@grpc/proto-loader";
import { viewOf } from "@holdfast/core";
import { testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BatchReader } from "./batch-reader.js";
import { BatchWriter } from "./batch-writer.js";
import { DESCRIPTOR } from "./gen/descriptor.js";
import type { Batch, Batch__Output } from "./gen/holdfast/v1/Batch.js";
import type { Operation } from "./gen/holdfast/v1/Operation.js";
import type { Replies, Replies__Output } from "./gen/holdfast/v1/Replies.js";
import type { Reply } from "./gen/holdfast/v1/Reply.js";
import { BATCH, OPERATION } from "./pipe-tags.js";
import { ReplyReader } from "./reply-reader.js";
import { ReplyWriter } from "./reply-writer.js";
import { pipeCodec } from "./services.js";
import { WireReader, WireWriter } from "./wire.js";

const seed = testSeed();

type PipeDefinition = MethodDefinition<Batch, Replies, Batch__Output, Replies__Output>;

const options = { longs: Number, enums: String, defaults: true, oneofs: true } as const;
const contract = fromJSON(DESCRIPTOR as Parameters<typeof fromJSON>[0], options);
/** By proto-loader. */
const general = (contract["holdfast.v1.Cache"] as ServiceDefinition)
  .Pipe as unknown as PipeDefinition;
/** What clients and nodes use. */
const hot = {
  requestSerialize: writeBatch,
  requestDeserialize: readBatch,
  responseSerialize: writeReplies,
  responseDeserialize: readReplies,
};

function writeBatch({ hello, epoch = 0, budgetMs = 0, operations = [] }: Batch): Buffer {
  const greeting = hello ? [pipeCodec.writeBatchGenerally({ hello })] : [];
  const writer = new BatchWriter(pipeCodec);
  writer.begin(Number(epoch), budgetMs);
  for (const operation of operations) {
    writer.operation(Number(operation.id ?? 0), operation, operation.budgetMs);
  }
  return Buffer.concat([...greeting, writer.take()]);
}

function readReplies(from: Buffer): Replies__Output {
  const reader = new ReplyReader(pipeCodec, 2);
  reader.read(from);
  const { hello } = reader;
  const replies = Array.from({ length: reader.count }, (_, index) => {
    const reply = reader.reply(index);
    const { id, term, encoding, code, value, version, degraded } = reply;
    expect(reader.isOk(index)).toBe(code === "OK");
    expect(reader.hasValue(index)).toBe(value !== undefined);
    const told = [reader.ids[index], reader.terms[index], reader.encodings[index]];
    expect(told).toEqual([id, term, encoding]);
    expect([reader.version(index), reader.isDegraded(index)]).toEqual([version, degraded]);
    if (value !== undefined) {
      const part = reader.bytes(index).subarray(reader.start(index), reader.end(index));
      expect(part.equals(value)).toBe(true);
      expect(reader.copy(index).equals(value)).toBe(true);
    }
    return reply;
  });
  return { replies, ...(hello && { hello }) };
}

/** One for all: nothing of a message may be left in the next one. */
const batchReader = new BatchReader(pipeCodec);

function readBatch(from: Buffer): Batch__Output {
  const reader = batchReader;
  reader.read(from);
  const { epoch, budgetMs, hello } = reader;
  const operations = Array.from({ length: reader.count }, (_, index) => {
    const operation = reader.operation(index);
    expect(reader.ids[index]).toBe(operation.id);
    expect(reader.caches[index]).toBe(operation.cache);
    const key = reader.bytes.subarray(reader.starts[index], reader.ends[index]);
    // Of what proto-loader had to read, keys are not parts of the message.
    if (key.length > 0 || reader.isPlain(index)) expect(key.equals(operation.key)).toBe(true);
    return operation;
  });
  return { epoch, budgetMs, operations, ...(hello && { hello }) };
}

function writeReplies({ replies = [] }: Replies): Buffer {
  const writer = new ReplyWriter(pipeCodec);
  for (const reply of replies) writer.reply(reply);
  return writer.take();
}

const numbers = fc.oneof(
  fc.nat({ max: 300 }),
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(0, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1, 2 ** 53 - 1),
  fc.constantFrom(2 ** 35 - 1, 2 ** 35, 2 ** 42 - 1, 2 ** 42, 2 ** 49 - 1, 2 ** 49),
);
const words = fc.oneof(fc.nat({ max: 2 ** 31 - 1 }), fc.constantFrom(0, 2 ** 32 - 1));
const bytes = fc
  .oneof(
    { weight: 4, arbitrary: fc.uint8Array({ maxLength: 60 }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 120, maxLength: 140 }) },
    { weight: 1, arbitrary: fc.nat({ max: 20_000 }).map((length) => new Uint8Array(length)) },
  )
  .map((some) => Buffer.from(some));
const texts = fc
  .string({ unit: "binary", maxLength: 40 })
  .filter((text) => Buffer.from(text).toString() === text);

/** Fields that are there, of those that may be. */
function some<Fields extends object>(
  fields: {
    [Name in keyof Fields]: fc.Arbitrary<Fields[Name]>;
  },
): fc.Arbitrary<Partial<Fields>> {
  return fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<Partial<Fields>>;
}

const KINDS = [
  "KIND_UNSPECIFIED",
  "GET",
  "LOAD",
  "SET",
  "DELETE",
  "PERSISTED",
  "LOAD",
  "RENEW_FILL",
];
const operations: fc.Arbitrary<Operation> = some({
  id: numbers,
  kind: fc.constantFrom(...KINDS) as fc.Arbitrary<"GET">,
  cache: fc.oneof(fc.constantFrom("products", ""), texts),
  key: bytes,
  value: bytes,
  encoding: words,
  ttlMs: fc.oneof(numbers, fc.constant(-1)),
  softTtlMs: numbers,
  expectedVersion: numbers,
  ack: fc.constantFrom("ACK_DEFAULT", "JOURNAL", "DATABASE") as fc.Arbitrary<"JOURNAL">,
  maxStaleMs: numbers,
  forwarded: fc.boolean(),
  delta: fc.oneof(numbers, fc.maxSafeInteger()),
  version: numbers,
  letterVersion: numbers,
  budgetMs: words,
  waitMs: words,
});

const fills: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant("FILL" as const),
  fillToken: numbers,
  fill: fc.constantFrom("FOUND", "FAILED") as fc.Arbitrary<"FOUND">,
  fillError: texts,
});

const notOwners = some({ epoch: numbers, nodeId: texts, address: texts, term: words });
const flushed = some({ persisted: numbers, refusedKeys: fc.array(bytes, { maxLength: 3 }) });
const replies: fc.Arbitrary<Reply> = some({
  id: numbers,
  code: fc.constantFrom("OK", "NOT_OWNER", "COMPRESSION_REFUSED") as fc.Arbitrary<"OK">,
  outcome: fc.constantFrom("NOT_APPLIED", "APPLIED", "UNKNOWN") as fc.Arbitrary<"APPLIED">,
  version: numbers,
  term: words,
  value: bytes,
  encoding: words,
  source: fc.constantFrom("NONE", "MEMORY", "DATABASE", "LOADER") as fc.Arbitrary<"MEMORY">,
  ageMs: numbers,
  stale: fc.boolean(),
  ttlLeftMs: numbers,
  degraded: fc.boolean(),
  unpersisted: fc.boolean(),
});
const rareReplies = fc.oneof(
  { weight: 9, arbitrary: replies },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        replies,
        some({ message: texts, notOwner: notOwners, flushed, fillToken: numbers, leaseMs: words }),
        fc.boolean(),
      )
      .map(
        ([reply, rest, filling]) => ({ ...reply, ...rest, ...(filling && { filling }) }) as Reply,
      ),
  },
);

const batches: fc.Arbitrary<Batch> = fc
  .record({
    epoch: numbers,
    budgetMs: words,
    operations: fc.array(fc.oneof({ weight: 20, arbitrary: operations }, fills), { maxLength: 20 }),
    hello: fc.option(fc.record({ clusterId: texts, protocol: words }), {
      nil: undefined,
      freq: 10,
    }),
  })
  .map(({ hello, ...batch }) => (hello === undefined ? batch : { ...batch, hello }));
const messages: fc.Arbitrary<Replies> = fc.record({
  replies: fc.array(rareReplies, { maxLength: 20 }),
});

/** For comparisons: without what proto-loader adds to say which of several fields is there: nobody reads it. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  // Of bytes one by one, a comparison takes a thousand times as long.
  if (Buffer.isBuffer(value)) return value.toString("latin1");
  if (value === null || typeof value !== "object") return value;
  const fields = Object.entries(value).filter(([name]) => !name.startsWith("_"));
  return Object.fromEntries(fields.map(([name, field]) => [name, plain(field)]));
}

/** An operation as it is in a message: its fields without the tag and the length before them. */
function fieldsOf(operation: Operation): Buffer {
  const reader = new WireReader(general.requestSerialize({ operations: [operation] }));
  reader.varint();
  return reader.slice();
}

/** A batch of one operation of these fields. */
function operationOf(fields: readonly Buffer[]): Buffer {
  const writer = new WireWriter(Buffer.alloc(0));
  writer.optionalBytes(BATCH.operation, Buffer.concat(fields));
  return writer.written;
}

/** Without lone surrogates. */
function unicode(text: string): string {
  return Buffer.from(text).toString();
}

describe("the codec of pipes", () => {
  it(`reads batches as proto-loader does, whoever wrote them (seed ${seed})`, () => {
    fc.assert(
      fc.property(batches, (batch) => {
        const expected = plain(general.requestDeserialize(general.requestSerialize(batch)));
        expect(plain(hot.requestDeserialize(general.requestSerialize(batch)))).toEqual(expected);
        expect(plain(hot.requestDeserialize(hot.requestSerialize(batch)))).toEqual(expected);
        expect(plain(general.requestDeserialize(hot.requestSerialize(batch)))).toEqual(expected);
      }),
      { seed, numRuns: 300 },
    );
  });

  it(`reads operations as proto-loader does, in whatever order their fields are (seed ${seed})`, () => {
    const fields = fc.record({
      id: numbers,
      kind: fc.constantFrom("GET", "LOAD", "SET", "DELETE") as fc.Arbitrary<"GET">,
      cache: fc.constantFrom("products", "users"),
      key: bytes,
      value: bytes,
      encoding: words,
    });
    const parts = fields.chain((all) => {
      const each = Object.entries(all).map(([name, field]) => ({ [name]: field }) as Operation);
      // In their own order, with some left out, and in any other, with some more than once.
      return fc.oneof(fc.subarray(each), fc.array(fc.constantFrom(...each), { maxLength: 8 }));
    });
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 10 }), words, (some, budgetMs) => {
        const message = Buffer.concat([
          ...some.map((operation) => operationOf(operation.map(fieldsOf))),
          general.requestSerialize({ budgetMs }),
        ]);
        const expected = plain(general.requestDeserialize(message));
        expect(plain(hot.requestDeserialize(message))).toEqual(expected);
      }),
      { seed, numRuns: 1_000 },
    );
  });

  it(`reads replies as proto-loader does, whoever wrote them (seed ${seed})`, () => {
    fc.assert(
      fc.property(messages, (message) => {
        const expected = plain(general.responseDeserialize(general.responseSerialize(message)));
        expect(plain(hot.responseDeserialize(general.responseSerialize(message)))).toEqual(
          expected,
        );
        expect(plain(hot.responseDeserialize(hot.responseSerialize(message)))).toEqual(expected);
        expect(plain(general.responseDeserialize(hot.responseSerialize(message)))).toEqual(
          expected,
        );
      }),
      { seed, numRuns: 300 },
    );
  });

  it(`makes of damaged messages what proto-loader makes of them (seed ${seed})`, () => {
    const damages = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 });
    const attempt = (read: (from: Buffer) => unknown, from: Buffer) => {
      try {
        return plain(read(from));
      } catch {
        return "an error";
      }
    };
    const damaged = (whole: Buffer, changes: readonly [number, number][], cut: number) => {
      const copy = Buffer.from(whole.subarray(0, whole.length - (cut % (whole.length + 1))));
      for (const [at, byte] of changes) if (copy.length > 0) copy[at % copy.length] = byte;
      return copy;
    };
    fc.assert(
      fc.property(batches, messages, damages, fc.nat({ max: 20 }), (batch, message, ...how) => {
        const request = damaged(general.requestSerialize(batch), ...how);
        const expected = attempt(general.requestDeserialize, request);
        expect(attempt(hot.requestDeserialize, request)).toEqual(expected);
        const response = damaged(general.responseSerialize(message), ...how);
        const other = attempt(general.responseDeserialize, response);
        expect(attempt(hot.responseDeserialize, response)).toEqual(other);
      }),
      { seed, numRuns: 1_000 },
    );
  });

  it(`makes of random bytes what proto-loader makes of them (seed ${seed})`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (some) => {
        const from = Buffer.from(some);
        const results = [general, hot].map((codec) => {
          try {
            return plain([codec.requestDeserialize(from), codec.responseDeserialize(from)]);
          } catch {
            return "an error";
          }
        });
        expect(results[1]).toEqual(results[0]);
      }),
      { seed, numRuns: 2_000 },
    );
  });

  it(`writes hits as any other reply (seed ${seed})`, () => {
    const hits = fc.record({
      id: numbers,
      term: words,
      version: numbers,
      encoding: words,
      ageMs: numbers,
      ttlLeftMs: fc.oneof(numbers, fc.constant(Number.POSITIVE_INFINITY)),
      before: bytes,
      value: bytes,
    });
    fc.assert(
      fc.property(fc.array(hits, { maxLength: 10 }), (some) => {
        const writer = new ReplyWriter(pipeCodec);
        const expected = new ReplyWriter(pipeCodec);
        for (const { id, term, before, value, ttlLeftMs, ...told } of some) {
          const place = { start: before.length, end: before.length + value.length };
          const bytes = Buffer.concat([before, value, before]);
          const view = viewOf(bytes);
          writer.hit(id, term, { ...told, ttlLeftMs, ...place, bytes, view });
          const ends = Number.isFinite(ttlLeftMs) ? { ttlLeftMs } : {};
          expected.reply({ id, term, ...told, ...ends, value, source: "MEMORY" });
        }
        expect(writer.take().toString("latin1")).toBe(expected.take().toString("latin1"));
      }),
      { seed, numRuns: 300 },
    );
  });

  it(`writes reads as any other operation (seed ${seed})`, () => {
    const keys = fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.string()).map(unicode);
    const reads = fc.record({
      id: numbers,
      cache: fc.oneof(fc.constantFrom("products", "users"), keys),
      key: keys,
      maxStaleMs: fc.option(numbers, { nil: undefined }),
      budgetMs: fc.option(words, { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(reads, { maxLength: 10 }), fc.nat(), (some, epoch) => {
        const writer = new BatchWriter(pipeCodec);
        writer.begin(epoch, 5_000);
        for (const { id, key, budgetMs, ...terms } of some) writer.get(id, key, terms, budgetMs);
        const operations = some.map(({ id, cache, key, maxStaleMs, budgetMs }) => ({
          id,
          kind: "GET" as const,
          cache,
          key: Buffer.from(key),
          ...(maxStaleMs === undefined ? {} : { maxStaleMs }),
          ...(budgetMs === undefined ? {} : { budgetMs }),
        }));
        const expected = general.requestSerialize({ epoch, budgetMs: 5_000, operations });
        const read = general.requestDeserialize(writer.take());
        expect(plain(read)).toEqual(plain(general.requestDeserialize(expected)));
      }),
      { seed, numRuns: 300 },
    );
  });

  it(`writes values as any other operation (seed ${seed})`, () => {
    const keys = fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.string()).map(unicode);
    const operations = fc.record({
      kind: fc.constantFrom("GET", "SET"),
      id: numbers,
      cache: fc.constantFrom("products", "users"),
      key: keys,
      value: bytes,
      encoding: fc.nat({ max: 255 }),
      budgetMs: fc.option(words, { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(operations, { maxLength: 10 }), (some) => {
        const writer = new BatchWriter(pipeCodec);
        writer.begin(0, 5_000);
        for (const { kind, id, budgetMs, key, ...write } of some) {
          const { cache } = write;
          if (kind === "SET") writer.set(id, { key, ...write }, budgetMs);
          else writer.get(id, key, { cache, maxStaleMs: undefined }, budgetMs);
        }
        const expected = some.map(({ kind, id, cache, key, value, encoding, budgetMs }) => ({
          id,
          kind: kind as "GET",
          cache,
          key: Buffer.from(key),
          ...(kind === "SET" && { value, encoding }),
          ...(budgetMs === undefined ? {} : { budgetMs }),
        }));
        const written = general.requestDeserialize(writer.take());
        const whole = general.requestSerialize({ budgetMs: 5_000, operations: expected });
        expect(plain(written)).toEqual(plain(general.requestDeserialize(whole)));
      }),
      { seed, numRuns: 300 },
    );
  });

  it("takes no kind for another one that is equal in its low bits", () => {
    const writer = new WireWriter(Buffer.alloc(0));
    writer.optionalNumber(OPERATION.id, 5);
    writer.optionalNumber(OPERATION.kind, 256 + pipeCodec.numberOfKind("GET"));
    writer.optionalBytes(OPERATION.cache, Buffer.from("products"));
    writer.optionalBytes(OPERATION.key, Buffer.from("42"));
    const reader = new BatchReader(pipeCodec);
    reader.read(operationOf([writer.written]));
    expect(reader.isPlain(0)).toBe(false);
    expect(reader.operation(0)).toMatchObject({ id: 5, cache: "products" });
    expect(reader.operation(0).kind).not.toBe("GET");
  });

  it("numbers operations anew each time they are written", () => {
    const operation = { id: 7, kind: "GET", budgetMs: 9, fillToken: 3 } as const;
    const writer = new BatchWriter(pipeCodec);
    writer.begin(0, 0);
    writer.operation(1, operation, undefined);
    writer.operation(2, { ...operation, kind: "DELETE" }, 5);
    const { operations } = general.requestDeserialize(writer.take());
    expect(operations).toMatchObject([{ id: 1 }, { id: 2, budgetMs: 5 }]);
    expect(operations[0]?.budgetMs).toBeUndefined();
  });
});
