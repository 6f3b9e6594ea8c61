/**
 * When the entries of a store end: at the instant that they were given, or once they have been idle for too long.
 *
 * It knows what has passed, and brings up what may have, through the wheel (expiry.ts). Which entries end at all,
 * and what becomes of them, is the store's matter: it has those scheduled that may expire, and not the dirty ones.
 * A store in which nothing ever ends has no wheel and pays nothing.
 */
import type { Clock } from "@holdfast/core";
import type { EntryTable } from "./entry-table.js";
import { ExpiryWheel, WHEEL_BYTES_PER_ENTRY } from "./expiry.js";
import { LastUses } from "./last-uses.js";

const NEVER: number = Number.POSITIVE_INFINITY;

/** No entry has this id. */
const NONE = 0;

export class Ends {
  readonly #table: EntryTable;
  readonly #clock: Clock;
  readonly #wheel: ExpiryWheel;
  readonly #lastUses = new LastUses();
  #isWheelUsed = false;
  #maxId = 0;
  /** Ids up to this one may end earlier than the wheel knows. */
  #unscheduled = 0;

  constructor(table: EntryTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
    this.#wheel = new ExpiryWheel(clock.now());
  }

  get maxIdleMs(): number {
    return this.#lastUses.maxIdleMs;
  }

  /** Memory that has been written to, beside the table of entries. */
  get tableBytes(): number {
    const { highest } = this.#table;
    const wheelBytes = this.#isWheelUsed ? highest * WHEEL_BYTES_PER_ENTRY : 0;
    return wheelBytes + this.#lastUses.bytesOf(highest);
  }

  /** From now on ids may be as large as this. */
  reserve(maxId: number): void {
    this.#maxId = maxId;
    this.#lastUses.reserve(maxId);
    if (this.#isWheelUsed) this.#wheel.reserve(maxId);
  }

  /** Infinity: entries may be idle for ever. Where uses were not followed before, all count as used now. */
  setMaxIdle(maxIdleMs: number): void {
    const beforeMs = this.maxIdleMs;
    if (maxIdleMs === beforeMs) return;
    this.#lastUses.setMaxIdle(maxIdleMs, this.#maxId, this.#clock.now());
    // In slices, because there may be millions. Reads do not depend on it.
    if (maxIdleMs < beforeMs) this.#unscheduled = this.#table.highest;
  }

  use(id: number): void {
    if (this.#lastUses.isOn) this.#lastUses.use(id, this.#clock.now());
  }

  /** Whether the entry is one that has to go, unless something else keeps it. */
  hasPassed(id: number): boolean {
    const endMs = this.#table.endMs(id);
    const { isOn } = this.#lastUses;
    if (endMs === NEVER && !isOn) return false;
    const nowMs = this.#clock.now();
    return endMs <= nowMs || (isOn && this.#lastUses.endMs(id, nowMs) <= nowMs);
  }

  /** When the entry will have been idle for too long, unless it is used before. */
  idleUntilMs(id: number): number {
    return this.#lastUses.isOn ? this.#lastUses.endMs(id, this.#clock.now()) : NEVER;
  }

  /** Has an entry brought up when it ends; anew, if it was scheduled before. */
  schedule(id: number): void {
    this.cancel(id);
    const endMs = Math.min(this.#table.endMs(id), this.idleUntilMs(id));
    if (endMs === NEVER) return;
    if (!this.#isWheelUsed) {
      this.#isWheelUsed = true;
      this.#wheel.reserve(this.#maxId);
    }
    this.#wheel.schedule(id, endMs);
  }

  cancel(id: number): void {
    if (this.#isWheelUsed) this.#wheel.cancel(id);
  }

  /** Sees what time it is. */
  advance(): void {
    this.#wheel.advance(this.#clock.now());
  }

  /**
   * An entry that may have ended by the time of `advance`, or 0: there is none left. It is scheduled no longer, and may
   * be an id that is not in use.
   */
  take(): number {
    if (this.#unscheduled === NONE) return this.#wheel.take();
    return this.#unscheduled--;
  }
}
