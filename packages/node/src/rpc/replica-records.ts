/** Batches of replication between their wire form and the one that both sides work with. */
import type {
  ReplicaBatch__Output,
  ReplicaBatch as ReplicaBatchMessage,
  ReplicaRecord__Output,
  ReplicaRecord as ReplicaRecordMessage,
} from "@holdfast/proto";
import type {
  JournalRecord,
  ReplicaBatch,
  ReplicaHello,
  ReplicaRecord,
} from "../replication/messages.js";
import { fromMessage, toMessage } from "./journal-records.js";

export function toBatchMessage(
  { id, first, records, cleaned }: ReplicaBatch,
  hello: ReplicaHello | undefined,
): ReplicaBatchMessage {
  return {
    id,
    first,
    records: records.map(toRecordMessage),
    cleaned: cleaned.map(toRecordMessage),
    ...(hello && { hello }),
  };
}

/** @throws {TypeError} when a record lacks what its kind needs. */
export function fromBatchMessage(message: ReplicaBatch__Output): ReplicaBatch {
  const { id, first, records, cleaned } = message;
  return {
    id,
    first,
    records: records.map(fromRecordMessage),
    cleaned: cleaned.map(fromRecordMessage).filter((record) => record.kind === "CLEAN"),
  };
}

function toRecordMessage(record: ReplicaRecord): ReplicaRecordMessage {
  const { kind, partition, term, sync } = record;
  const header = { kind, partition, term, sync };
  if (record.kind === "PUT") {
    return { ...header, entry: toMessage(record.entry), journal: record.journal };
  }
  if (record.kind === "FILL") return { ...header, entry: toMessage(record.entry) };
  if (record.kind === "CLEAN") {
    const { cacheId, key, version } = record.entry;
    return { ...header, entry: { cacheId, key: Buffer.from(key), version } };
  }
  if (record.kind === "DROP") {
    const { cacheId, key } = record.entry;
    return { ...header, entry: { cacheId, key: Buffer.from(key) } };
  }
  return "epoch" in record ? { ...header, epoch: record.epoch } : header;
}

function fromRecordMessage(message: ReplicaRecord__Output): ReplicaRecord {
  const { kind, partition, term, sync, entry, journal, epoch } = message;
  const header = { partition, term, sync };
  if (kind === "BEGIN" || kind === "MERGE") return { kind, ...header, epoch };
  if (kind === "END" || kind === "FORGET") return { kind, ...header };
  if (entry === null) throw new TypeError(`a ${kind} without an entry`);
  const named: JournalRecord = { ...fromMessage(entry), partition };
  return kind === "PUT"
    ? { kind, ...header, entry: named, journal }
    : { kind, ...header, entry: named };
}
