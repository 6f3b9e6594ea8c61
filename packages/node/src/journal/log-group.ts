/** What a log writes together, while it is being put together: records for new segments, and notes. */
import type { RecordName } from "./record.js";
import { type Place, SegmentDraft } from "./segment.js";

/** A segment is closed when it has so many bytes. */
const SEGMENT_BYTES = 2 ** 20;

export interface Segment {
  readonly sequence: number;
  readonly records: Stored[];
  /** How many of its records count. */
  live: number;
  bytes: number;
}

/** A record that is in the log, and counts as long as the index has it. */
export interface Stored extends Place {
  readonly cacheId: number;
  readonly key: string;
  readonly version: number;
  readonly segment: Segment;
  readonly ordinal: number;
}

/** A record on its way. */
export interface Pending extends Place {
  readonly cacheId: number;
  readonly key: string;
  readonly version: number;
  /** Where it was taken from; it counts only if that still does. */
  readonly cleaned: Stored | undefined;
}

export interface Part {
  readonly draft: SegmentDraft;
  readonly records: Pending[];
}

/** What is committed together. */
export interface Group {
  readonly parts: Part[];
  /** What was forgotten and may need a note. */
  readonly forgotten: Stored[];
  /** To be forgotten as soon as it is in the log. */
  readonly forgetLater: { readonly name: RecordName; readonly version: number }[];
  bytes: number;
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** The part of a group that takes more. */
export function openPart({ parts }: Group): Part {
  const last = parts.at(-1);
  if (last !== undefined && last.draft.length < SEGMENT_BYTES) return last;
  const part: Part = { draft: new SegmentDraft(), records: [] };
  parts.push(part);
  return part;
}

export function newGroup(): Group {
  let resolve: () => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const done = new Promise<void>((onDone, onFailed) => {
    resolve = onDone;
    reject = onFailed;
  });
  // Not everybody waits for it.
  done.catch(() => {});
  return { parts: [], forgotten: [], forgetLater: [], bytes: 0, done, resolve, reject };
}
