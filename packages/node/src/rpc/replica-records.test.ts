import { testSeed } from "@holdfast/core/testing";
import type { ReplicaBatch__Output } from "@holdfast/proto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReplicaBatch, ReplicaRecord } from "../replication/messages.js";
import { journalRecords } from "../testing/arbitrary-records.js";
import { fromBatchMessage, toBatchMessage } from "./replica-records.js";

const seed = testSeed();
const partition = fc.nat({ max: 16_383 });
const key = fc.string({ minLength: 1, maxLength: 60, unit: "grapheme" });
const cacheId = fc.nat({ max: 2 ** 32 - 1 });
const version = fc.nat({ max: Number.MAX_SAFE_INTEGER });

function kindOf<Kind extends ReplicaRecord["kind"], Rest>(
  kind: Kind,
  rest: (partition: number) => fc.Arbitrary<Rest>,
): fc.Arbitrary<ReplicaRecord> {
  return partition.chain((number) =>
    fc
      .tuple(
        fc.record({
          kind: fc.constant(kind),
          partition: fc.constant(number),
          term: fc.nat({ max: 2 ** 21 - 1 }),
          sync: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
        }),
        rest(number),
      )
      .map(([header, more]) => ({ ...header, ...more }) as unknown as ReplicaRecord),
  );
}

const entryIn = (number: number) => journalRecords(fc.constant(number));
const nameIn = (number: number) => fc.record({ cacheId, partition: fc.constant(number), key });
const nothing = () => fc.constant({});
const epoch = () => fc.record({ epoch: version });
const cleanRecords = kindOf("CLEAN", (number) =>
  fc.record({ entry: fc.record({ cacheId, partition: fc.constant(number), key, version }) }),
);
const records: fc.Arbitrary<ReplicaRecord> = fc.oneof(
  kindOf("PUT", (number) => fc.record({ entry: entryIn(number), journal: fc.boolean() })),
  kindOf("FILL", (number) => fc.record({ entry: entryIn(number) })),
  kindOf("DROP", (number) => fc.record({ entry: nameIn(number) })),
  cleanRecords,
  kindOf("BEGIN", epoch),
  kindOf("MERGE", epoch),
  kindOf("END", nothing),
  kindOf("FORGET", nothing),
);

/** As if it had been sent. */
function sent(batch: ReplicaBatch): ReplicaBatch__Output {
  return toBatchMessage(batch, undefined) as unknown as ReplicaBatch__Output;
}

describe("a batch of replication", () => {
  it(`arrives as it was sent (seed ${seed})`, () => {
    const batches = fc.record({
      id: version,
      first: version,
      records: fc.array(records, { maxLength: 40 }),
      cleaned: fc.array(cleanRecords, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(batches, (batch) => {
        expect(fromBatchMessage(sent(batch as ReplicaBatch))).toEqual(batch);
      }),
      { seed },
    );
  });

  it(`is refused as a whole when its bytes are cut off or none (seed ${seed})`, () => {
    const list = fc.array(records, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(list, fc.nat(), fc.uint8Array({ maxLength: 80 }), (some, cut, noise) => {
        const message = sent({ id: 1, first: 1, records: some, cleaned: [] });
        const { records: bytes } = message;
        const length = cut % bytes.length;
        const ends = new Set([0, ...framesOf(bytes)]);
        const cutOff = { ...message, records: bytes.subarray(0, length) };
        if (ends.has(length)) expect(fromBatchMessage(cutOff).records.length).toBeLessThan(6);
        else expect(() => fromBatchMessage(cutOff)).toThrow(RangeError);
        try {
          fromBatchMessage({ ...message, records: Buffer.from(noise) });
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { seed },
    );
  });
});

/** Where the frames of packed records end. */
function framesOf(bytes: Buffer): number[] {
  const ends: number[] = [];
  for (let end = 0; end < bytes.length; ends.push(end)) end += bytes.readUInt32LE(end);
  return ends;
}
