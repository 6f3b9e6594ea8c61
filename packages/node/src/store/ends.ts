/**
 * When the entries of a store end: at the instant that they were given, or once they have been idle for too long. A
 * value that ended at its instant is kept for its store's *grace* beyond that, for those who ask for just that.
 *
 * It knows what has passed, and brings up what may have: what was given an instant through the wheel (expiry.ts),
 * whose links lie with the ends in the records; what was idle by looking through the times of last uses
 * (last-uses.ts). What becomes of entries that end is the store's matter: it has those scheduled that may expire, and
 * not the dirty ones. A store in which nothing ever ends pays nothing.
 */
import type { Clock } from "@holdfast/core";
import type { Entries } from "./entries.js";
import { ExpiryWheel, type WheelLinks } from "./expiry.js";
import { LastUses } from "./last-uses.js";

const NEVER: number = Number.POSITIVE_INFINITY;

/** No entry has this id. */
const NONE = 0;

/** Which link of an end is which. */
const PREVIOUS = 0;
const NEXT = 1;

export class Ends {
  readonly #entries: Entries;
  readonly #clock: Clock;
  readonly #wheel: ExpiryWheel;
  readonly #lastUses = new LastUses();
  #maxId = 0;
  #graceMs = 0;

  constructor(entries: Entries, clock: Clock) {
    this.#entries = entries;
    this.#clock = clock;
    this.#wheel = new ExpiryWheel(linksOf(entries), clock.now());
  }

  get maxIdleMs(): number {
    return this.#lastUses.maxIdleMs;
  }

  get graceMs(): number {
    return this.#graceMs;
  }

  /** Memory that has been written to, beside the records. */
  get tableBytes(): number {
    return this.#lastUses.bytesOf(this.#entries.table.highest);
  }

  /** From now on ids may be as large as this. */
  reserve(maxId: number): void {
    this.#maxId = maxId;
    this.#lastUses.reserve(maxId);
  }

  /** Infinity: entries may be idle for ever. Where uses were not followed before, all count as used now. */
  setMaxIdle(maxIdleMs: number): void {
    if (maxIdleMs !== this.maxIdleMs) {
      this.#lastUses.setMaxIdle(maxIdleMs, this.#maxId, this.#clock.now());
    }
  }

  /** Holds for the entries that are here, too: `take` brings them up once more. */
  setGrace(graceMs: number): void {
    if (graceMs === this.#graceMs) return;
    this.#graceMs = graceMs;
    this.#wheel.scatter();
  }

  use(id: number): void {
    if (this.#lastUses.isOn) this.#lastUses.use(id, this.#clock.now());
  }

  /** Whether the entry is one that has to be missed, unless something else keeps it. */
  hasPassed(id: number): boolean {
    const { records, table } = this.#entries;
    const endMs = records.endMs(table.place(id));
    const { isOn } = this.#lastUses;
    if (endMs === NEVER && !isOn) return false;
    const nowMs = this.#clock.now();
    return endMs <= nowMs || (isOn && this.#lastUses.endMs(id, nowMs) <= nowMs);
  }

  /** Of an entry that has passed: whether it is not in its grace either. */
  isOver(id: number): boolean {
    const { records, table } = this.#entries;
    const place = table.place(id);
    const graceMs = this.#graceOf(place);
    if (graceMs === 0) return true;
    const nowMs = this.#clock.now();
    return records.endMs(place) + graceMs <= nowMs || this.idleUntilMs(id) <= nowMs;
  }

  /** When the entry will have been idle for too long, unless it is used before. */
  idleUntilMs(id: number): number {
    return this.#lastUses.isOn ? this.#lastUses.endMs(id, this.#clock.now()) : NEVER;
  }

  /** Has an entry brought up when it ends; anew, if it was scheduled before. */
  schedule(id: number): void {
    const { records, table } = this.#entries;
    const place = table.place(id);
    if (!records.hasEnd(place)) return;
    this.#wheel.cancel(id);
    this.#wheel.schedule(id, records.endMs(place) + this.#graceOf(place));
  }

  /** To be called before its content changes, too. */
  cancel(id: number): void {
    const { records, table } = this.#entries;
    if (records.hasEnd(table.place(id))) this.#wheel.cancel(id);
  }

  /** Sees what time it is. */
  advance(): void {
    const nowMs = this.#clock.now();
    this.#wheel.advance(nowMs);
    this.#lastUses.advance(nowMs, this.#entries.table.highest);
  }

  /**
   * An entry that may have ended by the time of `advance`, or 0: there is none left. It is scheduled no longer, and may
   * be an id that is not in use.
   */
  take(): number {
    const id = this.#wheel.take();
    return id === NONE ? this.#lastUses.take() : id;
  }

  /** What is known to be absent, and what the database refuses, has none. */
  #graceOf(place: number): number {
    const { records } = this.#entries;
    const hasNone = this.#graceMs === 0 || records.isPinned(place) || records.isAbsence(place);
    return hasNone ? 0 : this.#graceMs;
  }
}

/** Of entries that have an end. */
function linksOf({ records, table }: Entries): WheelLinks {
  return {
    previous: (id) => records.endLink(table.place(id), PREVIOUS),
    setPrevious: (id, link) => records.setEndLink(table.place(id), PREVIOUS, link),
    next: (id) => records.endLink(table.place(id), NEXT),
    setNext: (id, link) => records.setEndLink(table.place(id), NEXT, link),
  };
}
