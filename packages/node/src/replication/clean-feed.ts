/**
 * The clean entries of a partition on their way to the member that it is to move to: what there is,
 * hottest first, a few at a time, and in between every change. It ends with the copy (replica-set.ts)
 * that it belongs to.
 *
 * What changes is sent as it is then, and what has its turn as it is then; so it does no harm that
 * an entry that changes before its turn is sent twice.
 */
import type { JournalRecord } from "../journal/record.js";
import { type CleanEntries, type RecordHeader, recordBytesOf } from "./messages.js";
import type { ReplicaLink, Taker } from "./replica-link.js";
import type { Copy } from "./replica-member.js";

/** Entries that are sent in one turn of the event loop, and their bytes. */
const PORTION = { maxEntries: 128, maxBytes: 128 * 1_024 };

export class CleanFeed implements Taker {
  readonly #copy: Copy;
  readonly #header: RecordHeader;
  readonly #entries: Iterator<JournalRecord>;
  readonly #unwatch: () => void;
  readonly #onThrough: () => void;
  #isAllSent = false;
  #untaken = 0;
  #isOver = false;

  /** @param onThrough - called whenever the target has everything that was sent, which is all there is. */
  constructor(copy: Copy, header: RecordHeader, clean: CleanEntries, onThrough: () => void) {
    this.#copy = copy;
    this.#header = header;
    this.#onThrough = onThrough;
    const { partition } = header;
    this.#append({ kind: "FORGET", ...header });
    this.#entries = clean.hottest(partition)[Symbol.iterator]();
    this.#unwatch = clean.watch(partition, {
      kept: (entry) => this.#append({ kind: "FILL", ...header, entry }, entry),
      gone: (name) => this.#append({ kind: "DROP", ...header, entry: name }, name),
    });
  }

  /** Whether the target has everything there is. */
  get isThrough(): boolean {
    return this.#isAllSent && this.#untaken === 0 && !this.#isOver;
  }

  /** Whether changes came faster than they could be sent: it is to be begun again. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends the next few. Returns whether there was anything to send. */
  pump(): boolean {
    if (this.#isAllSent || this.#isOver) return false;
    let bytes = 0;
    for (let count = 0; count < PORTION.maxEntries && bytes < PORTION.maxBytes; count++) {
      const { done, value: entry } = this.#entries.next();
      if (done === true) {
        this.#isAllSent = true;
        if (this.#untaken === 0) this.#onThrough();
        return true;
      }
      bytes += this.#append({ kind: "FILL", ...this.#header, entry }, entry);
    }
    return true;
  }

  taken(): void {
    this.#untaken -= 1;
    if (this.isThrough) this.#onThrough();
  }

  /** The move is off: the target forgets what it has got. */
  callOff(): void {
    this.stop();
    this.#copy.link.append({ kind: "FORGET", ...this.#header }, recordBytesOf());
  }

  stop(): void {
    this.#isOver = true;
    this.#unwatch();
    this.#entries.return?.();
  }

  #append(record: Parameters<ReplicaLink["append"]>[0], entry?: Partial<JournalRecord>): number {
    const { link } = this.#copy;
    if (!link.hasRoom) {
      this.stop();
      return 0;
    }
    const bytes = recordBytesOf(entry);
    this.#untaken += 1;
    link.append(record, bytes, this);
    return bytes;
  }
}
