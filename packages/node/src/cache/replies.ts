/** Replies to reads and writes, as the pipe's messages have them. */
import type { Reply } from "@holdfast/proto";
import type { ReadResult } from "./context.js";
import type { WriteResult } from "./writes.js";

export function readReply(id: number, term: number, read: ReadResult): Reply {
  const { value, encoding, version, source, ageMs, stale, ttlLeftMs, unpersisted } = read;
  const reply: Reply = { id, code: "OK", version, term, encoding, source, ageMs };
  if (value !== undefined) reply.value = asBuffer(value);
  if (ttlLeftMs !== undefined) reply.ttlLeftMs = ttlLeftMs;
  if (stale) reply.stale = true;
  if (unpersisted) reply.unpersisted = true;
  return reply;
}

export function writeReply(id: number, term: number, { version, degraded }: WriteResult): Reply {
  return { id, code: "OK", outcome: "APPLIED", version, term, degraded };
}

/** The same bytes, as the type that proto-loader asks for. */
export function asBuffer(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value)
    ? value
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
