/**
 * The sizes in which memory for records is handed out.
 *
 * Steps are 8 bytes up to 256, and from there a sixteenth of the octave up to 4 KiB: a slot is at most 6.25 %,
 * or 7 bytes, larger than what was asked for. What is longer than the largest slot is kept in a chain of slots
 * (records.ts), so no size needs memory in one piece, and what slots waste stays small however large
 * values are.
 */
import { PAGE_BYTES, UNIT_BYTES } from "./pages.js";

export const MAX_SLOT_BYTES = 4_096;

/** The smallest slot: a record of a key of one byte and no value. */
const MIN_SLOT_BYTES = 16;

const FINE_UNTIL_BYTES = 256;
const STEPS_PER_OCTAVE = 16;

export const SLOT_BYTES: readonly number[] = slotSizes();
export const CLASSES: number = SLOT_BYTES.length;

/** How many slots of each class lie in a page. */
export const SLOTS_PER_PAGE: readonly number[] = SLOT_BYTES.map((bytes) =>
  Math.floor(PAGE_BYTES / bytes),
);

/** By the number of units asked for. */
const CLASS_OF_UNITS: Uint8Array = classTable();

/** The class of the smallest slot that holds so many bytes, at most `MAX_SLOT_BYTES`. */
export function classOf(bytes: number): number {
  return CLASS_OF_UNITS[(bytes + UNIT_BYTES - 1) >>> 3] as number;
}

function slotSizes(): number[] {
  const sizes: number[] = [];
  for (let bytes = MIN_SLOT_BYTES; bytes <= FINE_UNTIL_BYTES; bytes += UNIT_BYTES)
    sizes.push(bytes);
  for (let octave = FINE_UNTIL_BYTES; octave < MAX_SLOT_BYTES; octave *= 2) {
    const step = octave / STEPS_PER_OCTAVE;
    for (let bytes = octave + step; bytes <= octave * 2; bytes += step) sizes.push(bytes);
  }
  return sizes;
}

function classTable(): Uint8Array {
  const table = new Uint8Array(MAX_SLOT_BYTES / UNIT_BYTES + 1);
  for (let units = 0; units < table.length; units++) {
    table[units] = SLOT_BYTES.findIndex((bytes) => bytes >= units * UNIT_BYTES);
  }
  return table;
}
