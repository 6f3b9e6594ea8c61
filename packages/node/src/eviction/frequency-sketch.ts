/**
 * How often each key was asked for lately, roughly, in a few bits for a key.
 *
 * A count-min sketch of 4-bit counters, as admission by TinyLFU needs it (G. Einziger, R. Friedman,
 * B. Manes, "TinyLFU: a highly efficient cache admission policy", ACM Transactions on Storage 2017): a
 * key has four counters, and the smallest of them is its frequency, never too low and at times too high.
 * All are halved again and again, which makes "lately". As in Caffeine's sketch, the four counters
 * of a key share one block of 64 bytes, so that a request costs one access to memory. What differs:
 *
 * - Only those of the four that are smallest are incremented ("minimal increment" in the paper).
 * - Nothing ever goes through the table: a block that is touched makes up for the halvings since it was
 *   last touched.
 * - The number of blocks need not be a power of two.
 *
 * Positions that this file computes lie within the arrays, hence the casts of what is read there.
 */

import { mapTable } from "../memory/mapped.js";
import { inRange, spread } from "./spread.js";

const WORDS_PER_BLOCK = 16;
const COUNTERS_PER_BLOCK = 128;
const MAX_COUNT = 15;
/** As many halvings bring every counter to zero. */
const MOST_HALVINGS = 4;
const EPOCH_MASK = 0xff;
const SEED = 0x51ed270b;
/** Odd, and otherwise without meaning. */
const POSITIONS = 0x9e3779b1;

export class FrequencySketch {
  #words = new Int32Array(WORDS_PER_BLOCK);
  /** The halvings, modulo 256, that each block has seen. */
  #epochs = new Uint8Array(1);
  #blocks = 1;
  #epoch = 0;
  #increments = 0;
  #incrementsPerEpoch = Number.POSITIVE_INFINITY;
  #isTouched = false;

  get tableBytes(): number {
    return this.#isTouched ? this.#words.byteLength + this.#epochs.byteLength : 0;
  }

  /** How many counters there shall be, and after how many increments they are halved. Forgets all. */
  resize(counters: number, incrementsPerEpoch: number): void {
    this.#blocks = Math.max(1, Math.ceil(counters / COUNTERS_PER_BLOCK));
    this.#words = mapTable(Int32Array, this.#blocks * WORDS_PER_BLOCK);
    this.#epochs = mapTable(Uint8Array, this.#blocks);
    this.#incrementsPerEpoch = incrementsPerEpoch;
    this.#increments = 0;
    this.#epoch = 0;
    this.#isTouched = false;
  }

  /** 0 to 15. */
  frequency(hash: number): number {
    const mixed = spread(hash, SEED);
    const block = this.#currentBlock(mixed);
    const places = Math.imul(mixed, POSITIONS);
    const words = this.#words;
    const first = words[block + (places >>> 30)] as number;
    const second = words[block + 4 + ((places >>> 25) & 3)] as number;
    const third = words[block + 8 + ((places >>> 20) & 3)] as number;
    const fourth = words[block + 12 + ((places >>> 15) & 3)] as number;
    return Math.min(
      (first >>> (((places >>> 27) & 7) << 2)) & MAX_COUNT,
      (second >>> (((places >>> 22) & 7) << 2)) & MAX_COUNT,
      (third >>> (((places >>> 17) & 7) << 2)) & MAX_COUNT,
      (fourth >>> (((places >>> 12) & 7) << 2)) & MAX_COUNT,
    );
  }

  /** Reads what `increment` will need. Returns what it read. */
  touch(hash: number): number {
    const block = inRange(spread(hash, SEED), this.#blocks);
    return (this.#words[block * WORDS_PER_BLOCK] as number) + (this.#epochs[block] as number);
  }

  /** The key was asked for. */
  increment(hash: number): void {
    const mixed = spread(hash, SEED);
    const block = this.#currentBlock(mixed);
    const places = Math.imul(mixed, POSITIONS);
    const words = this.#words;
    const firstWord = block + (places >>> 30);
    const secondWord = block + 4 + ((places >>> 25) & 3);
    const thirdWord = block + 8 + ((places >>> 20) & 3);
    const fourthWord = block + 12 + ((places >>> 15) & 3);
    const firstShift = ((places >>> 27) & 7) << 2;
    const secondShift = ((places >>> 22) & 7) << 2;
    const thirdShift = ((places >>> 17) & 7) << 2;
    const fourthShift = ((places >>> 12) & 7) << 2;
    const first = ((words[firstWord] as number) >>> firstShift) & MAX_COUNT;
    const second = ((words[secondWord] as number) >>> secondShift) & MAX_COUNT;
    const third = ((words[thirdWord] as number) >>> thirdShift) & MAX_COUNT;
    const fourth = ((words[fourthWord] as number) >>> fourthShift) & MAX_COUNT;
    const frequency = Math.min(first, second, third, fourth);
    this.#isTouched = true;
    if (++this.#increments >= this.#incrementsPerEpoch) this.#beginEpoch();
    if (frequency === MAX_COUNT) return;
    if (first === frequency)
      words[firstWord] = ((words[firstWord] as number) + (1 << firstShift)) | 0;
    if (second === frequency)
      words[secondWord] = ((words[secondWord] as number) + (1 << secondShift)) | 0;
    if (third === frequency)
      words[thirdWord] = ((words[thirdWord] as number) + (1 << thirdShift)) | 0;
    if (fourth === frequency)
      words[fourthWord] = ((words[fourthWord] as number) + (1 << fourthShift)) | 0;
  }

  #beginEpoch(): void {
    this.#increments = 0;
    this.#epoch = (this.#epoch + 1) & EPOCH_MASK;
  }

  /** Where the key's block begins, after the halvings that it has missed. */
  #currentBlock(mixed: number): number {
    const index = inRange(mixed, this.#blocks);
    const block = index * WORDS_PER_BLOCK;
    const missed = (this.#epoch - (this.#epochs[index] as number)) & EPOCH_MASK;
    if (missed !== 0) this.#halve(index, missed);
    return block;
  }

  #halve(index: number, times: number): void {
    const words = this.#words;
    const block = index * WORDS_PER_BLOCK;
    const shift = Math.min(times, MOST_HALVINGS);
    // What a counter keeps of its four bits, in each of the eight counters of a word.
    const kept = (MAX_COUNT >>> shift) * 0x11111111;
    for (let word = block; word < block + WORDS_PER_BLOCK; word++) {
      words[word] = ((words[word] as number) >>> shift) & kept;
    }
    this.#epochs[index] = this.#epoch;
  }
}
