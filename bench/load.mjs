/** What benchmarks put in and ask for: keys, and how often each. All of it is drawn from a seed. */

export const KEY_BYTES = 16;

/** A generator (mulberry32): numbers from 0 to below 1. */
export function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Draws each of so many numbers as often as the others. */
export function uniform(count, random) {
  return () => Math.floor(random() * count);
}

/**
 * Draws numbers by Zipf's law (J. Gray et al., "Quickly generating billion-record synthetic databases", 1994, as in
 * YCSB). Which of them are frequent is random: neighbours in memory have nothing to do with each other.
 */
export function zipf(count, random, skew = 0.99) {
  const numbers = shuffled(count, random);
  const zeta = zetaOf(count, skew);
  const power = 1 / (1 - skew);
  const eta = (1 - (2 / count) ** (1 - skew)) / (1 - zetaOf(2, skew) / zeta);
  return () => {
    const drawn = random();
    const scaled = drawn * zeta;
    let rank = Math.floor(count * (eta * drawn - eta + 1) ** power);
    if (scaled < 1) rank = 0;
    else if (scaled < 1 + 0.5 ** skew) rank = 1;
    return numbers[Math.min(rank, count - 1)];
  };
}

function zetaOf(count, skew) {
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) sum += rank ** -skew;
  return sum;
}

function shuffled(count, random) {
  const numbers = Uint32Array.from({ length: count }, (_, index) => index);
  for (let left = count - 1; left > 0; left--) {
    const other = Math.floor(random() * (left + 1));
    [numbers[left], numbers[other]] = [numbers[other], numbers[left]];
  }
  return numbers;
}

/** Writes the 16 bytes of a key: a letter and the number in decimal digits. */
export function writeKey(target, at, number) {
  let rest = number;
  for (let index = at + KEY_BYTES - 1; index > at; index--) {
    const quotient = Math.floor(rest / 10);
    target[index] = 48 + (rest - quotient * 10);
    rest = quotient;
  }
  target[at] = 107;
}

/**
 * Keys and values as messages bring them: slices of a few large buffers, written a moment before
 * they are used. `keys` and `values` hold those of the last message.
 */
export class Messages {
  #buffers;
  #valueBytes;
  #next = 0;
  keys = [];
  values = [];
  /** Where the keys lie: in `bytes`, from `starts` to before `ends`. */
  bytes = Buffer.alloc(0);
  starts;
  ends;

  constructor(operations, valueBytes) {
    const bytes = operations * (KEY_BYTES + valueBytes);
    this.#buffers = Array.from({ length: 8 }, () => Buffer.alloc(bytes, 0x61));
    this.#valueBytes = valueBytes;
    this.starts = new Int32Array(operations);
    this.ends = new Int32Array(operations);
  }

  /** A message of operations on keys of these numbers. */
  write(numbers) {
    const buffer = this.#buffers[this.#next++ % this.#buffers.length];
    this.bytes = buffer;
    let at = 0;
    for (let index = 0; index < numbers.length; index++) {
      writeKey(buffer, at, numbers[index]);
      this.starts[index] = at;
      this.ends[index] = at + KEY_BYTES;
      this.keys[index] = buffer.subarray(at, at + KEY_BYTES);
      at += KEY_BYTES;
      this.values[index] = buffer.subarray(at, at + this.#valueBytes);
      this.values[index][0] = numbers[index] & 0xff;
      at += this.#valueBytes;
    }
  }
}
