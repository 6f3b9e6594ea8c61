/** Records of journals, and what becomes of them, in the form in which nodes send them to each other. */
import type {
  JournalRecord__Output,
  JournalRecord as JournalRecordMessage,
  ReplayResponse__Output,
} from "@holdfast/proto";

/** A record, without what its key says anyway. */
export interface JournalRecord {
  readonly cacheId: number;
  readonly key: string;
  readonly version: number;
  readonly value: Uint8Array | undefined;
  readonly encoding: number;
  readonly expiresAtMs: number | undefined;
  readonly writtenAtMs: number;
}

type WireOutcome = ReplayResponse__Output["outcomes"][number];

export type ReplayOutcome = "persisted" | "pending" | "later";

export const OUTCOMES: Readonly<Record<ReplayOutcome, WireOutcome>> = {
  persisted: "PERSISTED",
  pending: "PENDING",
  later: "LATER",
};

export function outcomeOf(outcome: WireOutcome): ReplayOutcome {
  if (outcome === "PERSISTED") return "persisted";
  return outcome === "PENDING" ? "pending" : "later";
}

export function toMessage(record: JournalRecord): JournalRecordMessage {
  const { cacheId, key, version, value, encoding, expiresAtMs, writtenAtMs } = record;
  return {
    cacheId,
    key: Buffer.from(key),
    version,
    encoding,
    writtenAtMs,
    ...(value !== undefined && { value: Buffer.from(value) }),
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  };
}

export function fromMessage(message: JournalRecord__Output): JournalRecord {
  const { key, value, expiresAtMs, ...rest } = message;
  return { ...rest, key: key.toString("utf8"), value, expiresAtMs };
}
