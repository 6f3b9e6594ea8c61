/**
 * Finds the entries whose time has come without looking at the others.
 *
 * A timer wheel in levels (G. Varghese, T. Lauck, "Hashed and hierarchical timing wheels", 1987).
 * Time is cut into ticks. The lowest level has one slot for each of the next 64 ticks, and each
 * level above has slots 64 times as long. An entry lies in the slot that holds its expiry; when the
 * wheel reaches a slot of a higher level, its entries are placed anew, further down. So scheduling
 * and cancelling take constant time, and an entry is touched at most once for each level.
 *
 * Reaching a slot only sets it aside as a whole. Its entries are then taken one at a time, so that
 * the caller can stop between any two: a million entries that expire together need many short
 * slices instead of one long pause.
 *
 * This file decides where to look, not what has expired: whoever takes an entry compares its expiry
 * with the clock. Reads do the same by themselves, so an entry is missed on time however late the
 * wheel gets to it.
 */

/** The links that an entry carries while it may expire; only the wheel writes them. */
export interface ExpiryLinks<E> {
  readonly expiresAtMs: number;
  slot: ExpirySlot<E> | undefined;
  slotPrevious: E | undefined;
  slotNext: E | undefined;
}

/** The entries of one stretch of time, in no particular order. */
export interface ExpirySlot<E> {
  first: E | undefined;
}

/** How late memory comes back at most, beside the interval at which the wheel is advanced. */
export const TICK_MS = 128;

const SLOTS_PER_LEVEL = 64;

/**
 * The ticks that one slot spans, level by level: 128 ms, 8 s, 9 minutes, 9 hours. A round of the
 * highest level takes 25 days; what expires later is touched once in each round.
 */
const SLOT_TICKS: readonly number[] = [1, 64, 64 ** 2, 64 ** 3];

/**
 * A wall clock that is set back by less than this is not worth placing every entry anew: entries
 * are then found late by as much.
 */
const TOLERATED_TICKS_BACK = 4;

export class ExpiryWheel<E extends ExpiryLinks<E>> {
  /** By level, then by position in it. Slots come into being when something is put there. */
  readonly #levels: (ExpirySlot<E> | undefined)[][];
  /** Slots that time has reached, whose entries `take` hands out. */
  #reached: ExpirySlot<E>[] = [];
  /** All ticks before this one have been reached. */
  #tick: number;

  constructor(nowMs: number) {
    this.#tick = tickOf(nowMs);
    this.#levels = SLOT_TICKS.map(() => new Array(SLOTS_PER_LEVEL).fill(undefined));
  }

  /** Places an entry that is not in the wheel. One that never expires is left out. */
  schedule(entry: E): void {
    if (entry.expiresAtMs === Number.POSITIVE_INFINITY) return;
    const slot = this.#slotFor(tickOf(entry.expiresAtMs));
    entry.slot = slot;
    entry.slotPrevious = undefined;
    entry.slotNext = slot.first;
    if (slot.first !== undefined) slot.first.slotPrevious = entry;
    slot.first = entry;
  }

  /** Takes an entry out, wherever it is. Nothing happens when it is not in the wheel. */
  cancel(entry: E): void {
    const { slot, slotPrevious, slotNext } = entry;
    if (slot === undefined) return;
    if (slotPrevious === undefined) slot.first = slotNext;
    else slotPrevious.slotNext = slotNext;
    if (slotNext !== undefined) slotNext.slotPrevious = slotPrevious;
    entry.slot = undefined;
    entry.slotPrevious = undefined;
    entry.slotNext = undefined;
  }

  /** Brings the wheel to this time. What it passed is handed out by `take`. */
  advance(nowMs: number): void {
    const tick = tickOf(nowMs);
    if (tick < this.#tick - TOLERATED_TICKS_BACK) {
      this.#turnBack(tick);
      return;
    }
    if (tick <= this.#tick) return;
    this.#levels.forEach((slots, level) => {
      const slotTicks = SLOT_TICKS[level] ?? 1;
      // A slot of the lowest level is reached when it is over, since all in it have then expired; of
      // the others when it begins, since some in it expire right then.
      const beginning = level === 0 ? 0 : 1;
      const from = Math.floor(this.#tick / slotTicks) + beginning;
      const until = Math.floor(tick / slotTicks) + beginning;
      for (let position = from; position < Math.min(until, from + SLOTS_PER_LEVEL); position++) {
        this.#reach(slots, position % SLOTS_PER_LEVEL);
      }
    });
    this.#tick = tick;
  }

  /**
   * Takes out the next entry whose slot was reached; `undefined` when there is none left. An entry
   * that has not expired after all is to be scheduled again.
   */
  take(): E | undefined {
    for (;;) {
      const entry = this.#reached.at(-1)?.first;
      if (entry !== undefined) {
        this.cancel(entry);
        return entry;
      }
      if (this.#reached.pop() === undefined) return undefined;
    }
  }

  /**
   * The clock was set back, so slots no longer lie where their time is. All of them are set aside,
   * and their entries find their new places as they are taken.
   */
  #turnBack(tick: number): void {
    for (const slots of this.#levels) {
      for (let position = 0; position < SLOTS_PER_LEVEL; position++) this.#reach(slots, position);
    }
    this.#tick = tick;
  }

  #reach(slots: (ExpirySlot<E> | undefined)[], position: number): void {
    const slot = slots[position];
    if (slot?.first === undefined) return;
    this.#reached.push(slot);
    slots[position] = undefined;
  }

  #slotFor(expiryTick: number): ExpirySlot<E> {
    const ticksAhead = Math.max(expiryTick - this.#tick, 0);
    const level = SLOT_TICKS.findLastIndex((slotTicks) => slotTicks <= ticksAhead);
    const slots = this.#levels[Math.max(level, 0)] ?? [];
    const slotTicks = SLOT_TICKS[Math.max(level, 0)] ?? 1;
    const position = Math.floor((this.#tick + ticksAhead) / slotTicks) % SLOTS_PER_LEVEL;
    slots[position] ??= { first: undefined };
    return slots[position];
  }
}

function tickOf(ms: number): number {
  return Math.floor(ms / TICK_MS);
}
