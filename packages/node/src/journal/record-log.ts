/**
 * The records of one incarnation, as a log: what is written in one turn, or while the disk is busy, is
 * put behind the rest as one segment, so that a record costs little more than its bytes. One record for
 * each name counts, the last one. Space comes back at the other end:
 *
 *     oldest segment ─ … ─ segment ─ segment   ◄─ what is written now, and notes of what was forgotten
 *     removed when none of its records counts
 *
 * Segments go strictly in their order. So a record never outlives one that took its place, nor the note
 * that it was forgotten. Where one that counts holds up too much that does not, the log is cleaned: what
 * counts in the oldest segment is written again at the end, in the transaction that removes the segment.
 *
 * After M. Rosenblum and J. K. Ousterhout, The design and implementation of a log-structured file system
 * (1992); unlike there, cleaning always takes the oldest segment.
 */
import {
  type Group,
  newGroup,
  openPart,
  type Part,
  type Pending,
  type Segment,
  type Stored,
} from "./log-group.js";
import type { JournalRecord, RecordName } from "./record.js";
import { RecordIndex } from "./record-index.js";
import { decodeRecord, decodeSegment, encodeName, SegmentDraft } from "./segment.js";

/** What the log needs of the storage below. */
export interface SegmentStorage {
  /** All of it, or nothing. @throws {Error} when it is nothing. */
  commit(changes: readonly SegmentChange[]): Promise<void>;
  /** Valid for this turn. */
  read(name: Buffer): Buffer | undefined;
}

/** `bytes` undefined: the segment is removed. */
export interface SegmentChange {
  readonly name: Buffer;
  readonly bytes: Buffer | undefined;
}

/** The log is cleaned when more bytes than these, and than those that count, do not count. */
const GARBAGE_BYTES = 8 * 2 ** 20;

export class RecordLog {
  readonly #storage: SegmentStorage;
  readonly #slot: number;
  readonly #index = new RecordIndex<Stored>();
  /** By sequence, the oldest first. */
  readonly #segments = new Map<number, Segment>();
  #nextSequence = 1;
  #bytes = 0;
  #liveBytes = 0;
  #underWayBytes = 0;
  #gathering: Group | undefined;
  #committing: Group | undefined;

  /** @param slot - number of the incarnation. */
  constructor(storage: SegmentStorage, slot: number) {
    this.#storage = storage;
    this.#slot = slot;
  }

  /** How many records count. */
  get count(): number {
    return this.#index.size;
  }

  /** Bytes of records that are not committed. */
  get underWayBytes(): number {
    return this.#underWayBytes;
  }

  /** Bytes in the storage. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes up a segment that is in the storage, in their order. @throws {DamagedSegmentError} */
  load(sequence: number, name: Buffer, bytes: Buffer): void {
    const segment = this.#addSegment(sequence, bytes.byteLength);
    for (const frame of decodeSegment(name, bytes)) {
      if (frame.kind === "record") this.#admit(segment, { ...frame.record, ...frame.place });
      else {
        const { note } = frame;
        const stored = this.#segments.get(note.sequence)?.records[note.ordinal];
        if (stored !== undefined && this.#isLive(stored)) this.#drop(stored);
      }
    }
    this.#nextSequence = sequence + 1;
  }

  /** Removes what does not count from the storage, as far as it is the oldest. */
  tidy(): void {
    if (this.#oldest?.live === 0) this.#gather();
  }

  /**
   * Records a write. Resolves when it is committed; what is committed together shares one promise.
   *
   * @throws what the storage says when it was not recorded; the record before still counts then.
   */
  write(record: JournalRecord): Promise<void> {
    const group = this.#gather();
    const part = openPart(group);
    const { cacheId, key, version } = record;
    const { offset, length } = part.draft.add(record);
    part.records.push({ cacheId, key, version, offset, length, cleaned: undefined });
    group.bytes += length;
    this.#underWayBytes += length;
    return group.done;
  }

  /** Whether this version of a record, or a later one, is in the log. */
  holds(name: RecordName, version: number): boolean {
    return (this.#index.get(name)?.version ?? 0) >= version;
  }

  /** Forgets a record, unless it is of another version. */
  forget(name: RecordName, version: number): void {
    const stored = this.#index.get(name);
    if (stored?.version === version) {
      this.#drop(stored);
      this.#gather().forgotten.push(stored);
      return;
    }
    const group = this.#gathering ?? this.#committing;
    group?.forgetLater.push({ name, version });
  }

  /** Every record that counts when its turn comes, in the order in which they were written. */
  *records(): Iterable<JournalRecord> {
    for (const segment of this.#segments.values()) {
      const live = segment.records.filter((stored) => this.#isLive(stored));
      const bytes = live.length === 0 ? undefined : this.#read(segment);
      // What has been cleaned away a moment ago comes once more, at the end.
      if (bytes === undefined) continue;
      const copies = live.map((stored) => ({ stored, record: decodeRecord(bytes, stored.offset) }));
      for (const { stored, record } of copies) if (this.#isLive(stored)) yield record;
    }
  }

  /** Resolves when everything so far is committed, or has failed. */
  async settled(): Promise<void> {
    while (this.#committing !== undefined || this.#gathering !== undefined) {
      await (this.#committing ?? this.#gathering)?.done.catch(() => {});
    }
  }

  get #oldest(): Segment | undefined {
    const [oldest] = this.#segments.values();
    return oldest;
  }

  #gather(): Group {
    if (this.#gathering === undefined) {
      this.#gathering = newGroup();
      // At the end of the turn, when everything that it brings is there.
      if (this.#committing === undefined) setImmediate(() => this.#commit());
    }
    return this.#gathering;
  }

  #commit(): void {
    const group = this.#gathering;
    if (group === undefined || this.#committing !== undefined) return;
    this.#gathering = undefined;
    this.#committing = group;
    const removed = this.#removable();
    const cleaned = this.#clean(removed);
    const parts = [...cleaned, ...this.#noted(group, removed)].filter(
      ({ draft }) => !draft.isEmpty,
    );
    const sequences = parts.map(() => this.#nextSequence++);
    const changes = removed.map(({ sequence }): SegmentChange => {
      return { name: encodeName(this.#slot, sequence), bytes: undefined };
    });
    for (const [index, { draft }] of parts.entries()) {
      const name = encodeName(this.#slot, sequences[index] ?? 0);
      changes.push({ name, bytes: draft.finish(name) });
    }
    const committed = changes.length === 0 ? Promise.resolve() : this.#storage.commit(changes);
    committed.then(
      () => {
        for (const { sequence, bytes } of removed) {
          this.#segments.delete(sequence);
          this.#bytes -= bytes;
        }
        for (const [index, part] of parts.entries()) this.#take(sequences[index] ?? 0, part);
        this.#end(group);
        this.tidy();
        group.resolve();
      },
      (error: unknown) => {
        this.#end(group);
        group.reject(error);
      },
    );
  }

  #end(group: Group): void {
    this.#committing = undefined;
    this.#underWayBytes -= group.bytes;
    for (const { name, version } of group.forgetLater) this.forget(name, version);
    if (this.#gathering !== undefined) setImmediate(() => this.#commit());
  }

  /** Oldest segments of which nothing counts. */
  #removable(): Segment[] {
    const removed: Segment[] = [];
    for (const segment of this.#segments.values()) {
      if (segment.live > 0) break;
      removed.push(segment);
    }
    return removed;
  }

  /** Moves what counts in the oldest segment to the end, if there is too much that does not count. */
  #clean(removed: Segment[]): Part[] {
    const freed = removed.reduce((sum, { bytes }) => sum + bytes, 0);
    const garbage = this.#bytes - freed - this.#liveBytes;
    if (garbage <= Math.max(GARBAGE_BYTES, this.#liveBytes)) return [];
    const oldest = [...this.#segments.values()][removed.length];
    const bytes = oldest && this.#read(oldest);
    if (oldest === undefined || bytes === undefined) return [];
    const part: Part = { draft: new SegmentDraft(), records: [] };
    for (const stored of oldest.records) {
      if (!this.#isLive(stored)) continue;
      const { cacheId, key, version } = stored;
      const place = part.draft.copy(bytes, stored);
      part.records.push({ cacheId, key, version, ...place, cleaned: stored });
    }
    removed.push(oldest);
    return [part];
  }

  /** The group's parts, with notes of what was forgotten in segments that stay. */
  #noted(group: Group, removed: readonly Segment[]): readonly Part[] {
    const gone = new Set(removed);
    const notes = group.forgotten.filter(
      ({ segment }) => this.#segments.has(segment.sequence) && !gone.has(segment),
    );
    for (const { segment, ordinal } of notes) {
      openPart(group).draft.note({ sequence: segment.sequence, ordinal });
    }
    return group.parts;
  }

  /** A segment is in the storage: its records count from now on. */
  #take(sequence: number, { draft, records }: Part): void {
    const segment = this.#addSegment(sequence, draft.length);
    for (const pending of records) {
      const { cleaned } = pending;
      if (cleaned === undefined || this.#isLive(cleaned)) this.#admit(segment, pending);
      // Forgotten meanwhile, by its place in the segment that is gone.
      else this.#gather().forgotten.push(store(segment, pending));
    }
  }

  #addSegment(sequence: number, bytes: number): Segment {
    const segment: Segment = { sequence, records: [], live: 0, bytes };
    this.#segments.set(sequence, segment);
    this.#bytes += bytes;
    return segment;
  }

  /** From now on this one counts, and whichever did before does not. */
  #admit(segment: Segment, record: Omit<Pending, "cleaned">): void {
    const previous = this.#index.get(record);
    if (previous !== undefined) this.#drop(previous);
    const stored = store(segment, record);
    this.#index.set(stored, stored);
    segment.live += 1;
    this.#liveBytes += stored.length;
  }

  #drop(stored: Stored): void {
    this.#index.delete(stored);
    stored.segment.live -= 1;
    this.#liveBytes -= stored.length;
  }

  #isLive(stored: Stored): boolean {
    return this.#index.get(stored) === stored;
  }

  #read({ sequence }: Segment): Buffer | undefined {
    return this.#storage.read(encodeName(this.#slot, sequence));
  }
}

function store(segment: Segment, record: Omit<Pending, "cleaned">): Stored {
  const { cacheId, key, version, offset, length } = record;
  const ordinal = segment.records.length;
  const stored = { cacheId, key, version, offset, length, segment, ordinal };
  segment.records.push(stored);
  return stored;
}
