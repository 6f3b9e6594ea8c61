/**
 * Soft lifetimes that callers have stated for single entries. The store knows nothing of them: one stands before the
 * value that is kept, and the encoding says so. So such an entry takes 8 bytes more, with the two that the store
 * needs for so large an encoding, every other one nothing, and it has it wherever the entry goes. Outside of memory,
 * in databases, journals and replies, values are plain.
 */
import { MAX_ENCODING } from "@holdfast/proto";
import type { Entry } from "../store/entry.js";

type Kept = Pick<Entry, "value" | "encoding">;

/** Added to the encoding: no caller's is so large. */
const FLAG: number = MAX_ENCODING + 1;

const BYTES = 6;

/** Whether an entry with this encoding has a soft lifetime of its own. */
export function hasOwnSoftTtl(encoding: number): boolean {
  return encoding >= FLAG;
}

/** In milliseconds, 0: it is never stale; `undefined`: it has none of its own. */
export function ownSoftTtlMs({ value, encoding }: Kept): number | undefined {
  if (value === undefined || !hasOwnSoftTtl(encoding)) return undefined;
  return bufferOf(value).readUIntLE(0, BYTES);
}

/** What is kept of a value with a soft lifetime of its own. */
export function withOwnSoftTtl({ value, encoding }: Kept, softTtlMs: number | undefined): Kept {
  if (value === undefined || softTtlMs === undefined) return { value, encoding };
  const kept = Buffer.allocUnsafe(BYTES + value.byteLength);
  kept.writeUIntLE(Math.ceil(softTtlMs), 0, BYTES);
  kept.set(value, BYTES);
  return { value: kept, encoding: encoding + FLAG };
}

/** The value as it was written. */
export function plain(kept: Kept): Kept {
  const { value, encoding } = kept;
  if (value === undefined || !hasOwnSoftTtl(encoding)) return kept;
  return { value: value.subarray(BYTES), encoding: encoding - FLAG };
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
