/** Bytes that are put together piece by piece, without knowing how many there will be. */
const FIRST_BYTES = 16 * 1_024;

export class GrowingBytes {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Where to write what room was made for; the next `grow` may replace it. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  /** Makes room behind the rest. Returns where in `buffer` it begins. */
  grow(by: number): number {
    const offset = this.#length;
    this.#length += by;
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length));
      this.#buffer.copy(larger, 0, 0, offset);
      this.#buffer = larger;
    }
    return offset;
  }

  /** All there is. */
  toBytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}
