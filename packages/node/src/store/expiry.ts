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
 * This file decides where to look, not what has expired: whoever takes an entry compares its end
 * with the clock. Reads do the same by themselves, so an entry is missed on time however late the
 * wheel gets to it.
 *
 * Entries are ids; the lists of the slots are threaded through two links of each, kept by somebody else. The first of
 * a list is linked back to its slot, so that an entry can be taken out wherever it is.
 */

/** How late memory comes back at most, beside the interval at which the wheel is advanced. */
export const TICK_MS = 128;

const SLOTS_PER_LEVEL = 64;

/**
 * The ticks that one slot spans, level by level: 128 ms, 8 s, 9 minutes, 9 hours. A round of the
 * highest level takes 25 days; what expires later is touched once in each round.
 */
const SLOT_TICKS: readonly number[] = [1, 64, 64 ** 2, 64 ** 3];
const WHEEL_SLOTS: number = SLOT_TICKS.length * SLOTS_PER_LEVEL;

/**
 * A wall clock that is set back by less than this is not worth placing every entry anew: entries
 * are then found late by as much.
 */
const TOLERATED_TICKS_BACK = 4;

/** No entry has this id. */
const NONE = 0;

/** Marks a link back to a slot rather than to an entry. */
const SLOT_FLAG: number = 2 ** 31;

/** What is kept of an entry that may be scheduled: 32 bits each, and 0 at first. */
export interface WheelLinks {
  /** The entry before it, or its slot. 0: it is not in the wheel. */
  previous(id: number): number;
  setPrevious(id: number, link: number): void;
  /** The entry behind it. */
  next(id: number): number;
  setNext(id: number, link: number): void;
}

export class ExpiryWheel {
  readonly #links: WheelLinks;
  /** First entries: of the slots, level by level, then of the lists that have been reached. */
  readonly #firsts: number[] = new Array(WHEEL_SLOTS).fill(NONE);
  /** Places in `#firsts` of what was reached, whose entries `take` hands out. */
  readonly #reached: number[] = [];
  /** Places in `#firsts` beyond the slots that stand for nothing now. */
  readonly #spare: number[] = [];
  /** All ticks before this one have been reached. */
  #tick: number;

  constructor(links: WheelLinks, nowMs: number) {
    this.#links = links;
    this.#tick = tickOf(nowMs);
  }

  /** Places an entry that is not in the wheel. One that never ends is left out. */
  schedule(id: number, endMs: number): void {
    if (endMs === Number.POSITIVE_INFINITY) return;
    this.#push(this.#slotFor(tickOf(endMs)), id);
  }

  /** Takes an entry out, wherever it is. Nothing happens when it is not in the wheel. */
  cancel(id: number): void {
    const links = this.#links;
    const previous = links.previous(id);
    if (previous === NONE) return;
    const next = links.next(id);
    if (previous >= SLOT_FLAG) this.#firsts[previous - SLOT_FLAG] = next;
    else links.setNext(previous, next);
    if (next !== NONE) links.setPrevious(next, previous);
    links.setPrevious(id, NONE);
    links.setNext(id, NONE);
  }

  /** Brings the wheel to this time. What it passed is handed out by `take`. */
  advance(nowMs: number): void {
    const tick = tickOf(nowMs);
    if (tick < this.#tick - TOLERATED_TICKS_BACK) {
      // The clock was set back.
      this.scatter();
      this.#tick = tick;
      return;
    }
    if (tick <= this.#tick) return;
    SLOT_TICKS.forEach((slotTicks, level) => {
      // A slot of the lowest level is reached when it is over, since all in it have then expired; of
      // the others when it begins, since some in it expire right then.
      const beginning = level === 0 ? 0 : 1;
      const from = Math.floor(this.#tick / slotTicks) + beginning;
      const until = Math.floor(tick / slotTicks) + beginning;
      for (let position = from; position < Math.min(until, from + SLOTS_PER_LEVEL); position++) {
        this.#reach(level * SLOTS_PER_LEVEL + (position % SLOTS_PER_LEVEL));
      }
    });
    this.#tick = tick;
  }

  /**
   * Takes out the next entry whose slot was reached; 0 when there is none left. An entry that has not
   * expired after all is to be scheduled again.
   */
  take(): number {
    for (;;) {
      const list = this.#reached[this.#reached.length - 1];
      if (list === undefined) return NONE;
      const id = this.#firsts[list] as number;
      if (id !== NONE) {
        this.cancel(id);
        return id;
      }
      this.#reached.pop();
      this.#spare.push(list);
    }
  }

  /**
   * Slots no longer lie where their time is: all are set aside, and entries find their new places as they are taken.
   */
  scatter(): void {
    for (let slot = 0; slot < WHEEL_SLOTS; slot++) this.#reach(slot);
  }

  #reach(slot: number): void {
    const first = this.#firsts[slot] as number;
    if (first === NONE) return;
    const list = this.#spare.pop() ?? this.#firsts.length;
    this.#firsts[list] = first;
    this.#links.setPrevious(first, SLOT_FLAG + list);
    this.#firsts[slot] = NONE;
    this.#reached.push(list);
  }

  #push(slot: number, id: number): void {
    const next = this.#firsts[slot] as number;
    this.#links.setPrevious(id, SLOT_FLAG + slot);
    this.#links.setNext(id, next);
    if (next !== NONE) this.#links.setPrevious(next, id);
    this.#firsts[slot] = id;
  }

  #slotFor(endTick: number): number {
    const ticksAhead = Math.max(endTick - this.#tick, 0);
    const level = Math.max(
      SLOT_TICKS.findLastIndex((slotTicks) => slotTicks <= ticksAhead),
      0,
    );
    const position = Math.floor((this.#tick + ticksAhead) / (SLOT_TICKS[level] as number));
    return level * SLOTS_PER_LEVEL + (position % SLOTS_PER_LEVEL);
  }
}

function tickOf(ms: number): number {
  return Math.floor(ms / TICK_MS);
}
