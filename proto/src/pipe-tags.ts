/** Tags of the messages of a pipe, as pipe.proto numbers their fields. */
import { DELIMITED, tagOf, VARINT } from "./wire.js";

export const BATCH: Readonly<Record<"epoch" | "budgetMs" | "operation", number>> = {
  epoch: tagOf(2, VARINT),
  budgetMs: tagOf(3, VARINT),
  operation: tagOf(4, DELIMITED),
};

export const OPERATION: Readonly<
  Record<
    | "id"
    | "kind"
    | "cache"
    | "key"
    | "value"
    | "encoding"
    | "ttlMs"
    | "softTtlMs"
    | "expectedVersion"
    | "ack"
    | "maxStaleMs"
    | "forwarded"
    | "delta"
    | "version"
    | "letterVersion"
    | "budgetMs"
    | "waitMs",
    number
  >
> = {
  id: tagOf(1, VARINT),
  kind: tagOf(2, VARINT),
  cache: tagOf(3, DELIMITED),
  key: tagOf(4, DELIMITED),
  value: tagOf(5, DELIMITED),
  encoding: tagOf(6, VARINT),
  ttlMs: tagOf(7, VARINT),
  softTtlMs: tagOf(8, VARINT),
  expectedVersion: tagOf(9, VARINT),
  ack: tagOf(10, VARINT),
  maxStaleMs: tagOf(11, VARINT),
  forwarded: tagOf(12, VARINT),
  delta: tagOf(13, VARINT),
  version: tagOf(14, VARINT),
  letterVersion: tagOf(16, VARINT),
  budgetMs: tagOf(17, VARINT),
  waitMs: tagOf(19, VARINT),
};

export const REPLIES: Readonly<Record<"reply", number>> = { reply: tagOf(2, DELIMITED) };

export const REPLY: Readonly<
  Record<
    | "id"
    | "code"
    | "outcome"
    | "version"
    | "term"
    | "value"
    | "encoding"
    | "source"
    | "ageMs"
    | "stale"
    | "ttlLeftMs"
    | "degraded"
    | "message"
    | "unpersisted",
    number
  >
> = {
  id: tagOf(1, VARINT),
  code: tagOf(2, VARINT),
  outcome: tagOf(3, VARINT),
  version: tagOf(4, VARINT),
  term: tagOf(5, VARINT),
  value: tagOf(6, DELIMITED),
  encoding: tagOf(7, VARINT),
  source: tagOf(8, VARINT),
  ageMs: tagOf(9, VARINT),
  stale: tagOf(10, VARINT),
  ttlLeftMs: tagOf(11, VARINT),
  degraded: tagOf(12, VARINT),
  message: tagOf(13, DELIMITED),
  unpersisted: tagOf(19, VARINT),
};
