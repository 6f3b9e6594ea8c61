/**
 * Brings back what earlier incarnations of this node left in its journal, and what it had to give up as
 * a backup: each record is offered to the present owner of its key, again and again, until the
 * database has it, or the owner at least; only then is it forgotten. Nothing here is urgent to this node, and everything of it to somebody: it goes on
 * through failovers and outages, at a pace that leaves room for the traffic of the moment.
 */
import {
  type Clock,
  delay,
  findMember,
  type Incarnation,
  type Logger,
  type Topology,
} from "@holdfast/core";
import type { JournalRecord, ReplayOutcome } from "../journal/record.js";

/** The journal, as this needs it. */
export interface Leftovers {
  readonly leftovers: readonly Incarnation[];
  count(incarnation: Incarnation): number;
  /** Each unless it is forgotten before its turn comes. */
  records(incarnation: Incarnation): Iterable<JournalRecord>;
  forgetLeftover(incarnation: Incarnation, record: JournalRecord, version: number): void;
  finishLeftover(incarnation: Incarnation): Promise<void>;
}

export interface JournalReplayParts {
  readonly journal: Leftovers;
  /** The outcome with which a record is done with, or anything better. */
  readonly doneWhen: "persisted" | "pending";
  readonly topology: { readonly topology: Topology | undefined };
  readonly incarnation: () => Incarnation;
  /** Replays at this node, for what it owns itself. */
  readonly local: (
    records: readonly JournalRecord[],
    deadlineMs: number,
  ) => Promise<readonly ReplayOutcome[]>;
  /** Replays at another node. @throws {CacheError} when it does not answer. */
  readonly remote: (
    address: string,
    records: readonly JournalRecord[],
    deadlineMs: number,
  ) => Promise<readonly ReplayOutcome[]>;
  /** Called whenever an incarnation's records are all in the database. */
  readonly onFinished: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Records, and bytes of them, that are offered together. */
const PAGE = { records: 500, bytes: 2 ** 20 };
const CALL_BUDGET_MS = 5_000;

/** Pause between two rounds: short at first, because most of it is flushed at once. */
const PAUSE = { minMs: 50, maxMs: 2_000 };

export class JournalReplay {
  readonly #parts: JournalReplayParts;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(parts: JournalReplayParts) {
    this.#parts = parts;
  }

  /** Records that are not known to be in the database. */
  get remaining(): number {
    const { journal } = this.#parts;
    return journal.leftovers.reduce((sum, each) => sum + journal.count(each), 0);
  }

  /** Starts replaying what there is now. Harmless while it runs. */
  wake(): void {
    if (this.#stopping.signal.aborted || this.#parts.journal.leftovers.length === 0) return;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // A new incarnation may have begun meanwhile, and left the one before to be replayed.
      this.wake();
    });
  }

  /** Resolves when nothing remains, or at the deadline. */
  async finish(deadlineMs: number): Promise<void> {
    const { clock } = this.#parts;
    while (this.remaining > 0 && clock.monotonic() < deadlineMs) await delay(clock, PAUSE.minMs);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("stopping"));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { journal, clock, logger } = this.#parts;
    const { signal } = this.#stopping;
    logger.info(
      { records: this.remaining, incarnations: journal.leftovers },
      "replaying what earlier incarnations had acknowledged",
    );
    let pauseMs = PAUSE.minMs;
    while (!signal.aborted && journal.leftovers.length > 0) {
      const before = this.remaining;
      try {
        for (const incarnation of journal.leftovers) await this.#round(incarnation);
      } catch (error) {
        logger.warn({ err: error }, "replaying the journal failed; trying again");
      }
      pauseMs = this.remaining < before ? PAUSE.minMs : Math.min(pauseMs * 2, PAUSE.maxMs);
      if (journal.leftovers.length > 0) await delay(clock, pauseMs, signal).catch(() => {});
    }
  }

  /** Offers every record of an incarnation once. */
  async #round(incarnation: Incarnation): Promise<void> {
    const { journal, logger, onFinished } = this.#parts;
    for (const page of pagesOf(journal.records(incarnation))) {
      if (this.#stopping.signal.aborted) return;
      await this.#offer(incarnation, page);
    }
    if (journal.count(incarnation) > 0) return;
    await journal.finishLeftover(incarnation);
    logger.info({ replayed: incarnation }, "all that this incarnation had acknowledged is written");
    onFinished();
  }

  async #offer(incarnation: Incarnation, records: readonly JournalRecord[]): Promise<void> {
    const { topology } = this.#parts.topology;
    if (topology === undefined) return;
    const byOwner = new Map<string | undefined, JournalRecord[]>();
    for (const record of records) {
      const owner = topology.partitions[record.partition]?.owner;
      const group = byOwner.get(owner);
      if (group === undefined) byOwner.set(owner, [record]);
      else group.push(record);
    }
    await Promise.all(
      [...byOwner].map(([owner, group]) => this.#offerTo(topology, owner, incarnation, group)),
    );
  }

  async #offerTo(
    topology: Topology,
    owner: Incarnation | undefined,
    from: Incarnation,
    records: readonly JournalRecord[],
  ): Promise<void> {
    const { journal, doneWhen, clock, local, remote, logger } = this.#parts;
    if (owner === undefined) return;
    const deadlineMs = clock.monotonic() + CALL_BUDGET_MS;
    const address = findMember(topology, owner)?.addresses.peer ?? "";
    try {
      const outcomes =
        owner === this.#parts.incarnation()
          ? await local(records, deadlineMs)
          : await remote(address, records, deadlineMs);
      for (const [index, record] of records.entries()) {
        const outcome = outcomes[index];
        const isDone = outcome === "persisted" || outcome === doneWhen;
        if (isDone) journal.forgetLeftover(from, record, record.version);
      }
    } catch (error) {
      logger.debug({ err: error, address }, "an owner took no replayed writes");
    }
  }
}

function* pagesOf(records: Iterable<JournalRecord>): Iterable<readonly JournalRecord[]> {
  let page: JournalRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const recordBytes = record.key.length + (record.value?.byteLength ?? 0);
    if (page.length === PAGE.records || (page.length > 0 && bytes + recordBytes > PAGE.bytes)) {
      yield page;
      page = [];
      bytes = 0;
    }
    page.push(record);
    bytes += recordBytes;
  }
  if (page.length > 0) yield page;
}
