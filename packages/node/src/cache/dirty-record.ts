/** A dirty entry as journals and backups have it: the write, without what the queue notes of it. */
import type { JournalRecord } from "../journal/record.js";
import type { AcknowledgedWrite } from "./patterns/pattern.js";

/** A copy, field by field: the version of a dirty entry may be replaced later. */
export function toDirtyRecord(cacheId: number, write: AcknowledgedWrite): JournalRecord {
  const { partition, key, version, value, encoding, expiresAtMs, writtenAtMs } = write;
  return { cacheId, partition, key, version, value, encoding, expiresAtMs, writtenAtMs };
}
