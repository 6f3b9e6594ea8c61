/** Whether the comparisons of a transaction hold. */
import type { StoredEntry } from "./history.js";
import type { KeyValueStore } from "./key-value-store.js";
import { type CompareMessage, toRange } from "./messages.js";

/** A comparison of a range holds when it holds for every key in it. */
export function compareHolds(compare: CompareMessage, store: KeyValueStore): boolean {
  const entries = store.list(toRange(compare));
  if (entries.length === 0) return holdsFor(compare, undefined);
  return entries.every((entry) => holdsFor(compare, entry));
}

/** An absent key has 0 in place of every number, and no value: nothing compares to that. */
function holdsFor(compare: CompareMessage, entry: StoredEntry | undefined): boolean {
  if (compare.target !== "Value") {
    const [actual, wanted] = numbersOf(compare, entry);
    return isResult(compare.result, actual < wanted ? -1 : actual > wanted ? 1 : 0);
  }
  if (entry === undefined) return false;
  return isResult(compare.result, Buffer.compare(entry.value, compare.value ?? Buffer.alloc(0)));
}

function numbersOf(
  compare: CompareMessage,
  entry: StoredEntry | undefined,
): readonly [actual: bigint, wanted: bigint] {
  switch (compare.target) {
    case "Version":
      return [BigInt(entry?.version ?? 0), BigInt(compare.version ?? 0)];
    case "Create":
      return [BigInt(entry?.createRevision ?? 0), BigInt(compare.create_revision ?? 0)];
    case "Mod":
      return [BigInt(entry?.modRevision ?? 0), BigInt(compare.mod_revision ?? 0)];
    // Lease ids use all 63 bits, more than a number can tell apart.
    case "Lease":
      return [BigInt(entry?.leaseId ?? 0), BigInt(compare.lease ?? 0)];
    case "Value":
      return [0n, 0n];
  }
}

function isResult(result: CompareMessage["result"], order: number): boolean {
  switch (result) {
    case "Equal":
      return order === 0;
    case "NotEqual":
      return order !== 0;
    case "Greater":
      return order > 0;
    case "Less":
      return order < 0;
  }
}
