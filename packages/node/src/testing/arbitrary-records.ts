/** Records of any content, for tests of the forms in which they are kept and sent. */
import fc from "fast-check";
import type { JournalRecord } from "../journal/record.js";

/** @param partition - by default, any. */
export function journalRecords(
  partition: fc.Arbitrary<number> = fc.nat({ max: 16_383 }),
): fc.Arbitrary<JournalRecord> {
  return fc.record({
    cacheId: fc.nat({ max: 2 ** 32 - 1 }),
    partition,
    key: fc.string({ minLength: 1, maxLength: 100, unit: "grapheme" }),
    version: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    value: fc.option(
      fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
      { nil: undefined },
    ),
    encoding: fc.nat({ max: 65_535 }),
    expiresAtMs: fc.option(fc.nat(), { nil: undefined }),
    writtenAtMs: fc.nat(),
  });
}
