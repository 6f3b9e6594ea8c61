/**
 * The journal: a node's record on disk of the writes that it has acknowledged and the database does
 * not have yet. One record for each key, the newest; it is forgotten once the database has it.
 * How records lie in it is in record-log.ts.
 *
 * Records belong to the incarnation that made them. What an earlier incarnation left behind is
 * never taken up directly, because somebody else may own its partitions by now: it is replayed
 * through the present owners (cluster/journal-replay.ts), and only then forgotten.
 *
 * Storage is LMDB, which only this folder knows. Without `fsync` a record has survived this
 * process when `write` resolves, since the operating system has it; with `fsync` it has survived the
 * machine. A disk that is full or fails shows as `problem`; what was recorded before stays readable.
 */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, delay, type Incarnation, type Logger } from "@holdfast/core";
import { type Database, open, type RootDatabase } from "lmdb";
import { JournalLock } from "./journal-lock.js";
import type { JournalRecord, RecordName } from "./record.js";
import { RecordLog, type SegmentChange } from "./record-log.js";
import { decodeName } from "./segment.js";
import { scanStorage } from "./storage-scan.js";

export interface JournalOptions {
  readonly dir: string;
  /** Whether a record must be on the disk itself before a write counts as recorded. */
  readonly fsync: boolean;
  /** Whose journal this is; it serves no other node. */
  readonly clusterId: string;
  readonly nodeId: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The journal cannot be used as it is; its text says why and what to do. */
export class JournalUnusableError extends Error {
  override readonly name = "JournalUnusableError";
}

interface Header {
  readonly formatVersion: number;
  readonly clusterId: string;
  readonly nodeId: string;
  /** Who wrote last. */
  readonly incarnation: Incarnation | undefined;
  /** Under which number each incarnation's records are kept. */
  readonly slots: readonly { readonly slot: number; readonly incarnation: Incarnation }[];
}

const FORMAT_VERSION = 2;
const DATABASES = { headers: "headers", segments: "segments" } as const;
const HEADER_KEY = "header";

/** Most bytes of records that wait for the disk; beyond it nothing more is taken. */
const MAX_UNDER_WAY_BYTES = 64 * 2 ** 20;
const BEHIND = "the disk does not keep up";

/** How often a disk that failed is tried again. */
const PROBE_MS = 1_000;

export class Journal {
  readonly #options: JournalOptions;
  readonly #lock: JournalLock;
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #headers: Database<string, string>;
  readonly #segments: Database<Buffer, Buffer>;
  /** By slot. */
  readonly #logs = new Map<number, RecordLog>();
  readonly #closing = new AbortController();
  /** Who wrote last before this process. */
  readonly predecessor: Incarnation | undefined;
  #header: Header;
  #slot: number | undefined;
  #problem: string | undefined;
  #probing: Promise<void> = Promise.resolve();
  #changing: Promise<void> = Promise.resolve();

  private constructor(
    options: JournalOptions,
    lock: JournalLock,
    storage: Pick<JournalStorage, "root" | "headers" | "segments">,
    header: Header,
  ) {
    this.#options = options;
    this.#lock = lock;
    this.#root = storage.root;
    this.#headers = storage.headers;
    this.#segments = storage.segments;
    this.#header = header;
    this.predecessor = header.incarnation;
  }

  /**
   * Opens the journal in a folder, which is made when missing, and reads all of it once.
   *
   * @throws {JournalInUseError} when another process has it open.
   * @throws {JournalUnusableError} when it is damaged, or another node's.
   */
  static async open(options: JournalOptions): Promise<Journal> {
    const { dir } = options;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const lock = await JournalLock.acquire(join(dir, "lock"));
    let storage: JournalStorage | undefined;
    try {
      const path = join(dir, "data");
      if (existsSync(join(path, "data.mdb"))) await scanStorage(path, Object.values(DATABASES));
      storage = openStorage(path, options.fsync);
      const header = readHeader(storage.headers) ?? emptyHeader(options);
      checkOwner(header, options);
      const journal = new Journal(options, lock, storage, header);
      journal.#load();
      return journal;
    } catch (error) {
      await storage?.root.close();
      await lock.release();
      if (error instanceof JournalUnusableError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new JournalUnusableError(
        `the journal in ${dir} cannot be read (${why}). It may hold acknowledged writes: ` +
          "restore the folder from its disk's backup, or move it away to start without them",
        { cause: error },
      );
    }
  }

  /** Incarnations before the present one that left records behind. */
  get leftovers(): readonly Incarnation[] {
    return this.#header.slots
      .filter(({ slot }) => slot !== this.#slot)
      .map(({ incarnation }) => incarnation);
  }

  /** Why nothing can be recorded at present; `undefined`: it can. */
  get problem(): string | undefined {
    return this.#problem ?? (this.#keepsUp ? undefined : BEHIND);
  }

  /** From now on records are made by this incarnation. */
  async begin(incarnation: Incarnation): Promise<void> {
    // What is being forgotten at this moment is not to be taken for left behind.
    await this.#presentLog?.settled();
    await this.#changeHeader((header) => {
      const kept = header.slots.filter(({ slot }) => this.#log(slot).count > 0);
      const slot = Math.max(0, ...header.slots.map((each) => each.slot)) + 1;
      return { ...header, incarnation, slots: [...kept, { slot, incarnation }] };
    });
    this.#slot = this.#slotOf(incarnation);
  }

  /**
   * Records a write; a later one of its key replaces it. Resolves when the record survives what
   * the journal is to survive; what is written together shares a promise. A failure that nobody waits
   * for is no unhandled one. @throws {Error} when it was not recorded; see `problem` then.
   */
  write(record: JournalRecord): Promise<void> {
    if (this.#keepsUp) return this.#present().write(record);
    const refused = Promise.reject(new Error(BEHIND));
    refused.catch(() => {});
    return refused;
  }

  /** Whether this version of a record of the present incarnation, or a later one, is here. */
  holds(name: RecordName, version: number): boolean {
    return this.#present().holds(name, version);
  }

  /** The database has this version of a record of the present incarnation, or a later one. */
  forget(name: RecordName, version: number): void {
    this.#present().forget(name, version);
  }

  /** As `forget`, of a record that was left behind. */
  forgetLeftover(incarnation: Incarnation, name: RecordName, version: number): void {
    this.#logOf(incarnation)?.forget(name, version);
  }

  /** How many records an incarnation left behind. */
  count(incarnation: Incarnation): number {
    return this.#logOf(incarnation)?.count ?? 0;
  }

  /** What an incarnation left behind, each record unless it is forgotten before its turn comes. */
  records(incarnation: Incarnation): Iterable<JournalRecord> {
    return this.#logOf(incarnation)?.records() ?? [];
  }

  /** Everything that this incarnation left behind has been replayed. */
  async finishLeftover(incarnation: Incarnation): Promise<void> {
    await this.#logOf(incarnation)?.settled();
    await this.#changeHeader((header) => ({
      ...header,
      slots: header.slots.filter((each) => each.incarnation !== incarnation),
    }));
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("closing"));
    await this.#probing;
    for (const log of this.#logs.values()) await log.settled();
    await this.#root.close();
    await this.#lock.release();
  }

  get #keepsUp(): boolean {
    return (this.#presentLog?.underWayBytes ?? 0) <= MAX_UNDER_WAY_BYTES;
  }

  get #presentLog(): RecordLog | undefined {
    return this.#slot === undefined ? undefined : this.#log(this.#slot);
  }

  #present(): RecordLog {
    const log = this.#presentLog;
    if (log === undefined) throw new TypeError("no incarnation has begun");
    return log;
  }

  #slotOf(incarnation: Incarnation): number | undefined {
    return this.#header.slots.find((each) => each.incarnation === incarnation)?.slot;
  }

  #logOf(incarnation: Incarnation): RecordLog | undefined {
    const slot = this.#slotOf(incarnation);
    return slot === undefined ? undefined : this.#log(slot);
  }

  #log(slot: number): RecordLog {
    const known = this.#logs.get(slot);
    if (known !== undefined) return known;
    const storage = {
      commit: (changes: readonly SegmentChange[]) => this.#commit(changes),
      read: (name: Buffer) => this.#segments.get(name),
    };
    const log = new RecordLog(storage, slot);
    this.#logs.set(slot, log);
    return log;
  }

  async #commit(changes: readonly SegmentChange[]): Promise<void> {
    try {
      await this.#segments.batch(() => {
        for (const { name, bytes } of changes) {
          void (bytes === undefined
            ? this.#segments.remove(name)
            : this.#segments.put(name, bytes));
        }
      });
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Changes follow one another, each made of what the one before has left. */
  #changeHeader(change: (header: Header) => Header): Promise<void> {
    const changed = this.#changing.then(async () => {
      const header = change(this.#header);
      try {
        await this.#headers.put(HEADER_KEY, JSON.stringify(header));
      } catch (error) {
        throw this.#failed(error);
      }
      this.#header = header;
    });
    this.#changing = changed.catch(() => {});
    return changed;
  }

  /** Notes that the disk fails, and looks from then on whether it has recovered. */
  #failed(reason: unknown): Error {
    const error = toError(reason);
    // It is reported once more by a promise that belongs to nobody.
    const details = commitErrorOf(reason);
    details?.catch((cause: unknown) => this.#note(toError(cause).message.split(":")[0] ?? ""));
    if (this.#problem !== undefined || this.#closing.signal.aborted) return error;
    this.#problem = "the disk refuses to write";
    this.#options.logger.error({ err: error }, "the journal cannot be written; writes are refused");
    this.#probing = this.#probe();
    return error;
  }

  #note(why: string): void {
    if (this.#problem !== undefined && why !== "") this.#problem = why;
  }

  async #probe(): Promise<void> {
    const { clock, logger } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await delay(clock, PROBE_MS, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#headers.put("probe", String(clock.now()));
        this.#problem = undefined;
        logger.info({}, "the journal can be written again");
        return;
      } catch (error) {
        commitErrorOf(error)?.catch(() => {});
      }
    }
  }

  #load(): void {
    for (const { key, value } of this.#segments.getRange({})) {
      const { slot, sequence } = decodeName(key);
      this.#log(slot).load(sequence, key, value);
    }
    const slots = new Set(this.#header.slots.map(({ slot }) => slot));
    for (const [slot, log] of this.#logs) {
      const isKnown = slots.has(slot) || log.count === 0;
      if (!isKnown) throw new Error("a record belongs to no known incarnation");
    }
    for (const log of this.#logs.values()) log.tidy();
  }
}

interface JournalStorage {
  readonly root: RootDatabase<Buffer, Buffer>;
  readonly headers: Database<string, string>;
  readonly segments: Database<Buffer, Buffer>;
}

function openStorage(path: string, fsync: boolean): JournalStorage {
  const root = open<Buffer, Buffer>({
    path,
    maxDbs: 2,
    encoding: "binary",
    keyEncoding: "binary",
    // Without fsync the disk is written in the background, as the system sees fit. With it a commit
    // ends when the disk has it; promises of a later flush would never settle once a commit failed.
    noSync: !fsync,
    overlappingSync: false,
    // Its own batching raises failed commits where nobody can catch them.
    eventTurnBatching: false,
  });
  const headers = root.openDB<string, string>({ name: DATABASES.headers, encoding: "string" });
  const segments = root.openDB<Buffer, Buffer>({
    name: DATABASES.segments,
    encoding: "binary",
    keyEncoding: "binary",
  });
  return { root, headers, segments };
}

function readHeader(headers: Database<string, string>): Header | undefined {
  const text = headers.get(HEADER_KEY);
  // Written by this class only, and checked field by field where it matters.
  return text === undefined ? undefined : (JSON.parse(text) as Header);
}

function emptyHeader({ clusterId, nodeId }: JournalOptions): Header {
  return { formatVersion: FORMAT_VERSION, clusterId, nodeId, incarnation: undefined, slots: [] };
}

function checkOwner(header: Header, { dir, clusterId, nodeId }: JournalOptions): void {
  if (header.formatVersion !== FORMAT_VERSION) {
    throw new JournalUnusableError(
      `the journal in ${dir} has format ${header.formatVersion}, and this release reads ${FORMAT_VERSION}`,
    );
  }
  if (header.clusterId === clusterId && header.nodeId === nodeId) return;
  throw new JournalUnusableError(
    `the journal in ${dir} belongs to node "${header.nodeId}" of cluster ${header.clusterId}, ` +
      `not to "${nodeId}" of ${clusterId}; give each node a folder of its own`,
  );
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** LMDB's errors of a commit carry a promise that is rejected with the cause. */
function commitErrorOf(reason: unknown): Promise<unknown> | undefined {
  if (!(reason instanceof Error) || !("commitError" in reason)) return undefined;
  return reason.commitError instanceof Promise ? reason.commitError : undefined;
}
