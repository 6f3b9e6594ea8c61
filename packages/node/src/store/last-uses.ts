/**
 * When the entries of a store were last used, where its cache ends those that are idle for too long.
 *
 * As long as there is no such bound nothing is kept here, and it costs one comparison. With one, an entry takes four
 * bytes more, and a use one look at the clock. The wheel (expiry.ts) is not told of uses: when it brings up an
 * entry that was used meanwhile, the store schedules it again, for its new end.
 */
import { mapTable } from "../memory/mapped.js";
import { INSTANT_MS, instantMs, instantStep } from "./instants.js";

/** Memory that an entry takes here while there is a bound. */
const BYTES_PER_ENTRY = 4;

export class LastUses {
  /** How long an entry may be idle; Infinity: for ever. */
  maxIdleMs: number = Number.POSITIVE_INFINITY;
  /** Whether there is a bound. */
  isOn = false;
  /** Of each entry, by its id: the step after the one in which it was used, so that it never ends early. */
  #steps = new Uint32Array(0);

  /** @param maxIds - as large as ids may be now. @param nowMs - when those that were not followed count as used. */
  setMaxIdle(maxIdleMs: number, maxIds: number, nowMs: number): void {
    const wasOn = this.isOn;
    this.maxIdleMs = maxIdleMs;
    this.isOn = maxIdleMs !== Number.POSITIVE_INFINITY;
    if (!this.isOn) this.clear();
    if (!this.isOn || wasOn) return;
    this.reserve(maxIds);
    this.#steps.fill(nextStep(nowMs));
  }

  /** From now on ids may be as large as this. */
  reserve(maxId: number): void {
    if (!this.isOn || maxId < this.#steps.length) return;
    const steps = mapTable(Uint32Array, maxId + 1);
    steps.set(this.#steps);
    this.#steps = steps;
  }

  use(id: number, nowMs: number): void {
    this.#steps[id] = nextStep(nowMs);
  }

  /** When it has been idle for too long, unless it is used before. */
  endMs(id: number, nowMs: number): number {
    return instantMs(this.#steps[id] as number, nowMs) + this.maxIdleMs;
  }

  /** Gives the memory back: no id is in use any more. */
  clear(): void {
    this.#steps = new Uint32Array(0);
  }

  /** Memory that so many ids take. */
  bytesOf(ids: number): number {
    return this.isOn ? ids * BYTES_PER_ENTRY : 0;
  }
}

function nextStep(nowMs: number): number {
  return instantStep(nowMs + INSTANT_MS);
}
