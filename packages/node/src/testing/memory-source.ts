/**
 * A source in memory, for tests: keeps versions and tombstones as the database does, knows fenced
 * incarnations, and fails in the ways a test asks for.
 */
import { CacheError } from "@holdfast/core";
import { DatabaseError } from "@holdfast/process";
import type {
  FlushResult,
  FlushRow,
  LoadedRow,
  RowFacts,
  RowResult,
  Source,
} from "../database/source.js";

export class MemorySource implements Source {
  readonly rows: Map<string, FlushRow> = new Map();
  readonly deadLetters: FlushRow[] = [];
  readonly fenced: Set<string> = new Set();
  /** Keys of each load and rows of each flush, in order. */
  readonly loads: (readonly string[])[] = [];
  readonly flushes: (readonly FlushRow[])[] = [];
  /** Called before a statement is carried out; may wait, or throw instead. */
  beforeLoad: () => Promise<void> | void = () => {};
  beforeFlush: (rows: readonly FlushRow[]) => Promise<void> | void = () => {};
  /** Called before a refused row is put aside; as above. */
  beforePark: () => Promise<void> | void = () => {};
  /** Called after a flush was carried out; throwing makes its outcome unknown to the caller. */
  afterFlush: () => Promise<void> | void = () => {};
  /** Keys whose rows the database refuses, and with which SQLSTATE. */
  readonly refused: Map<string, string> = new Map();

  /** Until when tombstones are gone. */
  goneUntilMs: number | undefined;

  async prepare(): Promise<void> {}

  async load(keys: readonly string[]): Promise<(LoadedRow | CacheError)[]> {
    this.loads.push([...keys]);
    // What is read is what stood there when the statement began.
    const rows = keys.map((key) => this.rows.get(key));
    await this.beforeLoad();
    return rows.map((row) => ({
      value: row?.value,
      encoding: row?.encoding ?? 0,
      version: row?.version ?? 0,
      expiresAtMs: row?.expiresAtMs,
    }));
  }

  async flush(incarnation: string, rows: readonly FlushRow[]): Promise<FlushResult> {
    // The rows as they are now: callers may renew a version later.
    this.flushes.push(rows.map((row) => ({ ...row })));
    await this.beforeFlush(rows);
    if (this.fenced.has(incarnation)) return { at: "fenced" };
    for (const { key } of rows) {
      const sqlstate = this.refused.get(key);
      if (sqlstate !== undefined) throw DatabaseError.refused({ sqlstate });
    }
    const results = rows.map((row) => this.#write(row));
    await this.afterFlush();
    return { at: "flushed", rows: results };
  }

  check(key: string): void {
    if (key.startsWith("bad"))
      throw new CacheError("INVALID_ARGUMENT", "this source has no such key");
  }

  async *keysOf(): AsyncIterable<readonly string[]> {
    yield [...this.rows.keys()];
  }

  async inspect(key: string): Promise<RowFacts> {
    const row = this.rows.get(key);
    const state = row === undefined ? "absent" : row.value === undefined ? "tombstone" : "present";
    const { version = 0, expiresAtMs } = row ?? {};
    return { state, version, expiresAtMs, updatedAtMs: undefined };
  }

  async tombstonesGoneUntil(): Promise<number | undefined> {
    return this.goneUntilMs;
  }

  async deadLetter(_incarnation: string, row: FlushRow): Promise<{ readonly at: "parked" }> {
    await this.beforePark();
    this.deadLetters.push(row);
    return { at: "parked" };
  }

  async isDeadLetter(key: string, version: number): Promise<boolean> {
    return this.deadLetters.some((row) => row.key === key && row.version >= version);
  }

  /** What the database holds of a key, as text. */
  textOf(key: string): string | undefined {
    const value = this.rows.get(key)?.value;
    return value === undefined ? undefined : Buffer.from(value).toString();
  }

  /** Puts a row there as another program would. */
  plant(key: string, text: string, version = 1): void {
    const value = Buffer.from(text);
    this.rows.set(key, { key, version, value, encoding: 2, expiresAtMs: undefined });
  }

  #write(row: FlushRow): RowResult {
    const present = this.rows.get(row.key);
    if (present !== undefined && present.version > row.version) {
      return { at: "higher", version: present.version };
    }
    if (present?.version === row.version) return { at: "equal" };
    this.rows.set(row.key, { ...row });
    return { at: "applied" };
  }
}
