/** What the flushes of all sources share: how a batch is checked, and how an answer is read. */
import type { FlushResult, FlushRow, RowResult } from "./source.js";

/** A row of the answer of a flush function. Ordinal 0 tells of the writer, others of rows. */
export interface FlushAnswer {
  /** The row's place in the batch, from 1. */
  readonly ordinal: number;
  /** What the database has, where that was not written now. */
  readonly version: number | null;
  readonly fence: "live" | "fenced" | "missing";
}

/** @throws {Error} when a key is there twice: which row wins would be left to chance. */
export function checkKeysDiffer(rows: readonly FlushRow[]): void {
  const keys = new Set(rows.map(({ key }) => key));
  if (keys.size !== rows.length) throw new Error("a batch holds two rows for one key");
}

const APPLIED: RowResult = { at: "applied" };

/** Every row that the answer does not mention was written. */
export function readFlushAnswer(
  rows: readonly FlushRow[],
  answer: readonly FlushAnswer[],
): FlushResult {
  const state = answer.find(({ ordinal }) => ordinal === 0)?.fence;
  if (state === undefined) throw new Error("the flush function answered without its state");
  if (state !== "live") return { at: state };
  const results: RowResult[] = rows.map(() => APPLIED);
  for (const { ordinal, version } of answer) {
    const row = rows[ordinal - 1];
    if (row === undefined || version === null) continue;
    results[ordinal - 1] = version === row.version ? { at: "equal" } : { at: "higher", version };
  }
  return { at: "flushed", rows: results };
}
