/**
 * What a flush does: which rows of a batch may be sent now, what the database's answer means for them,
 * and what becomes of an entry that is no longer dirty. When which entries are sent is the queue's part.
 */
import { type Clock, termOf } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import type { Tenure } from "../../ownership/tenure.js";
import type {
  DirtyEntry,
  FlushFailure,
  FlushSink,
  RowOutcome,
} from "../../write-behind/dirty-entry.js";
import type { NodeServices } from "../context.js";
import { withDeadline } from "../deadline.js";
import type { Memory } from "../memory.js";
import type { Persister } from "../persister.js";
import type { Copies } from "./copies.js";
import type { DirtyWrites } from "./dirty-writes.js";
import type { Receipts } from "./receipts.js";

/** Violations that another write may cure: of a foreign key, and of a unique index. */
const PATIENT_SQLSTATES = new Set(["23503", "23505"]);

/** How long a batch waits for rows in it that are not committed yet, in milliseconds. */
const COMMIT_WAIT_MS = 20;

export interface FlushesOptions {
  readonly dirtyWrites: DirtyWrites;
  readonly copies: Copies;
  readonly receipts: Receipts;
  readonly memory: Memory;
  readonly persister: Persister;
  readonly services: NodeServices;
  readonly clock: Clock;
  /** The database refuses a replayed write for good. */
  readonly onReplayParked: (key: string, version: number) => void;
}

export class Flushes implements FlushSink {
  readonly #options: FlushesOptions;
  /** Entries that a newer write of their key stands for. */
  readonly #outdated = new WeakSet<DirtyEntry>();

  constructor(options: FlushesOptions) {
    this.#options = options;
  }

  async flush(rows: readonly DirtyEntry[]): Promise<readonly RowOutcome[]> {
    const { persister, memory, dirtyWrites } = this.#options;
    await this.#awaitCommits(rows);
    const done = new Set(rows.filter((row) => this.#isOutdated(row)));
    for (const row of done) this.#outdated.add(row);
    const sent = rows.filter((row) => !done.has(row) && this.#maySend(row));
    const outcomes = sent.length === 0 ? [] : await persister.send(sent);
    for (const [index, row] of sent.entries()) {
      const at = outcomes[index]?.at;
      if (at === "done" || at === "superseded") done.add(row);
      if (at === "superseded" && dirtyWrites.newest(row.key) === row) {
        // A newer row stands in the database; the copy here is the older one.
        memory.remove(row.key, row.partition);
      }
    }
    return rows.map((row) => (done.has(row) ? "done" : "again"));
  }

  classify(error: unknown): FlushFailure {
    if (!(error instanceof DatabaseError) || error.kind !== "refused" || error.fault !== "row") {
      return { at: "retry" };
    }
    return { at: "refused", patient: PATIENT_SQLSTATES.has(error.sqlstate ?? "") };
  }

  park(row: DirtyEntry, error: unknown): Promise<void> {
    if (!(error instanceof DatabaseError)) throw new TypeError("only refused rows are parked");
    return this.#options.persister.park(row, error);
  }

  settled(row: DirtyEntry, how: "persisted" | "parked"): void {
    const { memory, copies, receipts, dirtyWrites } = this.#options;
    const { key, partition, version } = row;
    receipts.settled(row, how);
    // Copies of an outdated one stand until the newer write's have taken their place.
    if (!this.#outdated.has(row)) copies.forget(row);
    if (how === "parked" && row.isReplayed) this.#options.onReplayParked(key, version);
    // A newer write of the key is dirty: it holds the entry.
    if (dirtyWrites.newest(key) !== undefined) return;
    if (how === "parked" || dirtyWrites.isCleared(row)) memory.remove(key, partition);
    else memory.clean(key, partition, version);
  }

  /** Rows that were written a moment ago are better sent with the others than on their own. */
  async #awaitCommits(rows: readonly DirtyEntry[]): Promise<void> {
    const { clock, copies } = this.#options;
    const commits = rows.flatMap((row) => copies.uncommitted(row) ?? []);
    if (commits.length === 0) return;
    const untilMs = clock.monotonic() + COMMIT_WAIT_MS;
    await withDeadline(Promise.allSettled(commits), clock, untilMs, () => new Error("later")).catch(
      () => {},
    );
  }

  /**
   * Whether a row needs a new version, and a newer write of its key is dirty: the new version might
   * be higher than that one's. The newer write stands for both.
   */
  #isOutdated(row: DirtyEntry): boolean {
    const { services, dirtyWrites } = this.#options;
    if (row.isReplayed) return false;
    const requiredTerm = services.tenureOf(row.partition)?.requiredTerm ?? 0;
    return termOf(row.version) < requiredTerm && dirtyWrites.newest(row.key) !== row;
  }

  /**
   * Whether a row may be sent now. Where the database was found to hold versions of a higher term,
   * all rows of lower ones wait until this owner has reached it, and get new versions then.
   */
  #maySend(row: DirtyEntry): boolean {
    const { services, copies } = this.#options;
    const tenure = services.tenureOf(row.partition);
    if (tenure === undefined || copies.uncommitted(row) !== undefined) return false;
    if (row.isReplayed || termOf(row.version) >= tenure.requiredTerm) return true;
    if (tenure.term < tenure.requiredTerm) return false;
    this.#renew(row, tenure);
    return copies.uncommitted(row) === undefined;
  }

  #renew(row: DirtyEntry, tenure: Tenure): void {
    const { memory, copies, dirtyWrites } = this.#options;
    const entry = memory.find(row.key, row.partition);
    const isHeld = entry?.pinned === true && entry.version === row.version;
    row.version = tenure.nextVersion();
    dirtyWrites.dispatch(row, copies.ownNeeds);
    if (!isHeld) return;
    const { expiresAtMs: rowExpiresAtMs, ...written } = row;
    memory.keepDirty({ ...written, rowExpiresAtMs, copyExpiresAtMs: entry.expiresAtMs });
  }
}
