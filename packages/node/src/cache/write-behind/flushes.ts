/**
 * What a flush does: which rows of a batch may be sent now, what the database's answer means for them,
 * and what becomes of an entry that is no longer dirty. When which entries are sent is the queue's part.
 */
import { type Clock, termOf } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import type { Tenure } from "../../ownership/tenure.js";
import type {
  DirtyEntry,
  Fate,
  FlushFailure,
  FlushSink,
  RowOutcome,
} from "../../write-behind/dirty-entry.js";
import type { NodeServices } from "../context.js";
import { withDeadline } from "../deadline.js";
import type { Loads } from "../loads.js";
import type { Memory } from "../memory.js";
import { ownSoftTtlMs } from "../own-soft-ttl.js";
import type { Persister } from "../persister.js";
import type { Copies } from "./copies.js";
import type { DirtyWrites } from "./dirty-writes.js";
import type { Receipts } from "./receipts.js";

/** Violations that another write may cure: of a foreign key, and of a unique index. */
const PATIENT_SQLSTATES = new Set(["23503", "23505"]);

/** Of statements that took the database too long, alone or waiting for a lock. */
const TIMEOUT_SQLSTATES = new Set(["57014", "55P03"]);

/** How long a batch waits for rows in it that are not committed yet, in milliseconds. */
const COMMIT_WAIT_MS = 20;

export interface FlushesOptions {
  readonly dirtyWrites: DirtyWrites;
  readonly copies: Copies;
  readonly receipts: Receipts;
  readonly memory: Memory;
  readonly loads: Loads;
  readonly persister: Persister;
  readonly services: NodeServices;
  readonly clock: Clock;
  /** The database refuses a replayed write for good. */
  readonly onReplayParked: (key: string, version: number) => void;
  /** Whether a write was acknowledged, or may have been: nobody was told that it was refused. */
  readonly isAcknowledged: (row: DirtyEntry) => boolean;
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
    const readiness = rows.map((row) => this.#readinessOf(row));
    const isReady = (_row: DirtyEntry, index: number) => readiness[index] === "ready";
    const sent = rows.every(isReady) ? rows : rows.filter(isReady);
    const answers = sent.length === 0 ? [] : await persister.send(sent);
    let next = 0;
    return rows.map((row, index) => {
      if (readiness[index] !== "ready") return readiness[index] === "outdated" ? "done" : "again";
      const at = answers[next++]?.at;
      if (row.at === "left") this.#dropOlder(row);
      if (at === "superseded" && dirtyWrites.newest(row) === row) {
        // A newer row stands in the database; the copy here is the older one.
        memory.remove(row.key);
      }
      return at === "done" || at === "superseded" ? "done" : "again";
    });
  }

  /**
   * The partition has left while the row was under way, and may have come back: what was loaded
   * meanwhile is older than the row.
   */
  #dropOlder({ key, version }: DirtyEntry): void {
    const { memory, loads } = this.#options;
    loads.detach(key);
    const held = memory.facts(key);
    if (held !== undefined && !held.pinned && held.version < version) memory.remove(key);
  }

  classify(error: unknown): FlushFailure {
    if (!(error instanceof DatabaseError) || error.kind !== "refused" || error.fault !== "row") {
      const { sqlstate = "" } = error instanceof DatabaseError ? error : {};
      return { at: "retry", isTimeout: TIMEOUT_SQLSTATES.has(sqlstate) };
    }
    return { at: "refused", patient: PATIENT_SQLSTATES.has(error.sqlstate ?? "") };
  }

  park(row: DirtyEntry, error: unknown): Promise<void> {
    if (!(error instanceof DatabaseError)) throw new TypeError("only refused rows are parked");
    return this.#options.persister.park(row, error);
  }

  settled(rows: readonly DirtyEntry[], how: Fate): void {
    const { copies, receipts } = this.#options;
    // For an outdated one the newer write stands: with its copies, and for whoever waits for it.
    const own = rows.filter((row) => !this.#outdated.has(row));
    receipts.settled(own, how);
    copies.forget(own);
    for (const row of rows) this.#release(row, how);
  }

  /** What memory keeps of an entry that is no longer dirty; of a parked one only what was acknowledged. */
  #release(row: DirtyEntry, how: Fate): void {
    const { memory, dirtyWrites, isAcknowledged } = this.#options;
    const { key, version } = row;
    if (how === "parked" && row.isReplayed) this.#options.onReplayParked(key, version);
    // A newer write of the key is dirty: it holds the entry.
    if (dirtyWrites.newest(row) !== undefined) return;
    const isKept = how === "persisted" || isAcknowledged(row);
    if (!isKept || dirtyWrites.isCleared(row)) memory.remove(key);
    else if (how === "persisted") memory.clean(key, version);
    else memory.keepUnpersisted(key, version);
  }

  /** Rows that were written a moment ago are better sent with the others than on their own. */
  async #awaitCommits(rows: readonly DirtyEntry[]): Promise<void> {
    const { clock, copies } = this.#options;
    if (!copies.hasUncommitted) return;
    const commits = rows.flatMap((row) => copies.uncommitted(row) ?? []);
    if (commits.length === 0) return;
    const untilMs = clock.monotonic() + COMMIT_WAIT_MS;
    await withDeadline(Promise.allSettled(commits), clock, untilMs, () => new Error("later")).catch(
      () => {},
    );
  }

  /**
   * Whether a row may be sent now. Where the database was found to hold versions of a higher term,
   * all rows of lower ones wait until this owner has reached it, and get new versions then. One whose
   * key has a newer dirty write gets none, since that might be higher than the newer write's: it is
   * outdated, and the newer write stands for both.
   */
  #readinessOf(row: DirtyEntry): "ready" | "outdated" | "later" {
    const { services, copies, dirtyWrites } = this.#options;
    const tenure = services.tenureOf(row.partition);
    const requiredTerm = row.isReplayed ? 0 : (tenure?.requiredTerm ?? 0);
    const isBehind = requiredTerm > 0 && termOf(row.version) < requiredTerm;
    if (isBehind && dirtyWrites.newest(row) !== row) {
      this.#outdated.add(row);
      return "outdated";
    }
    if (tenure === undefined || copies.uncommitted(row) !== undefined) return "later";
    if (!isBehind) return "ready";
    if (tenure.term < requiredTerm) return "later";
    this.#renew(row, tenure);
    return copies.uncommitted(row) === undefined ? "ready" : "later";
  }

  #renew(row: DirtyEntry, tenure: Tenure): void {
    const { memory, copies, dirtyWrites } = this.#options;
    const entry = memory.find(row.key);
    const isHeld = entry?.pinned === true && entry.version === row.version;
    row.version = tenure.nextVersion();
    dirtyWrites.dispatch(row, copies.ownNeeds);
    if (!isHeld) return;
    const { expiresAtMs: rowExpiresAtMs, ...written } = row;
    const copy = { copyExpiresAtMs: entry.expiresAtMs, softTtlMs: ownSoftTtlMs(entry) };
    memory.keepDirty({ ...written, rowExpiresAtMs, ...copy });
  }
}
