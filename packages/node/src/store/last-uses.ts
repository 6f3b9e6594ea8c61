/**
 * When the entries of a store were last used, where its cache ends those that are idle for too long.
 *
 * As long as there is no such bound nothing is kept here, and it costs one comparison. With one, an entry takes four
 * bytes more, and a use one look at the clock. Nobody is told of uses: who may have been idle for too long is found
 * by *sweeps* through the table, in which a million entries take about a millisecond.
 */
import { mapTable } from "../memory/mapped.js";
import { INSTANT_MS, instantMs, instantStep, MAX_MS_BACK } from "./instants.js";

/** Memory that an entry takes here while there is a bound. */
const BYTES_PER_ENTRY = 4;

/** From the beginning of a sweep to that of the next. */
const SWEEP_INTERVAL_MS = 400;

/** Of a sweep, so many are looked at before somebody may look at the clock. */
const LOOKED_AT = 64;

/** No entry has this id. */
const NONE = 0;

export class LastUses {
  /** How long an entry may be idle; Infinity: for ever. */
  maxIdleMs: number = Number.POSITIVE_INFINITY;
  /** Whether there is a bound. */
  isOn = false;
  /** When there came to be one. All that was there counts as used then. */
  #firstStep = 0;
  /** Of each entry, by its id: how many steps after that it was used, and one more, so that it never ends early. */
  #steps = new Uint32Array(0);
  /** Those up to this one have not been looked at yet. */
  #left = NONE;
  /** When the last sweep began. */
  #sweptAtMs = 0;
  /** Who was used in one of so many steps from this one on has not been idle for too long. */
  #freshStep = 0;
  #freshSteps = 0;

  /** @param maxId - as large as ids may be now. @param nowMs - when those that were not followed count as used. */
  setMaxIdle(maxIdleMs: number, maxId: number, nowMs: number): void {
    const wasOn = this.isOn;
    this.maxIdleMs = maxIdleMs;
    this.isOn = maxIdleMs !== Number.POSITIVE_INFINITY;
    this.#left = NONE;
    this.#sweptAtMs = 0;
    if (!this.isOn) this.#steps = new Uint32Array(0);
    if (!this.isOn || wasOn) return;
    this.#firstStep = nextStep(nowMs);
    this.reserve(maxId);
  }

  /** From now on ids may be as large as this. */
  reserve(maxId: number): void {
    if (!this.isOn || maxId < this.#steps.length) return;
    const steps = mapTable(Uint32Array, maxId + 1);
    steps.set(this.#steps);
    this.#steps = steps;
  }

  use(id: number, nowMs: number): void {
    this.#steps[id] = nextStep(nowMs) - this.#firstStep;
  }

  /** When it has been idle for too long, unless it is used before. */
  endMs(id: number, nowMs: number): number {
    return instantMs(this.#stepOf(id), nowMs) + this.maxIdleMs;
  }

  /** Begins a sweep through the ids up to this one, if it is time for it. */
  advance(nowMs: number, maxId: number): void {
    if (!this.isOn || this.#left !== NONE) return;
    // A clock that was set back makes it time as well.
    if (Math.abs(nowMs - this.#sweptAtMs) < SWEEP_INTERVAL_MS) return;
    this.#sweptAtMs = nowMs;
    this.#left = maxId;
    this.#freshStep = instantStep(nowMs - this.maxIdleMs) + 1 - this.#firstStep;
    this.#freshSteps = (this.maxIdleMs + MAX_MS_BACK) / INSTANT_MS + 2;
  }

  /**
   * The next one of the sweep that may have been idle for too long; of many that have not, one. 0: the sweep is over.
   * It may be an id that is not in use.
   */
  take(): number {
    const least = Math.max(this.#left - LOOKED_AT, NONE);
    let id = this.#left;
    while (id > least && this.#isFresh(id)) id -= 1;
    this.#left = Math.max(id - 1, NONE);
    return id;
  }

  /** Memory that so many ids take. */
  bytesOf(ids: number): number {
    return this.isOn ? ids * BYTES_PER_ENTRY : 0;
  }

  #stepOf(id: number): number {
    return ((this.#steps[id] as number) + this.#firstStep) >>> 0;
  }

  #isFresh(id: number): boolean {
    return ((this.#steps[id] as number) - this.#freshStep) >>> 0 < this.#freshSteps;
  }
}

function nextStep(nowMs: number): number {
  return instantStep(nowMs + INSTANT_MS);
}
