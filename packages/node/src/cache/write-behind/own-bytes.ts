/**
 * Gives a value memory of its own.
 *
 * A value that arrived in a message is a view into the message's buffer, or into a pool of several
 * KiB shared by unrelated buffers. Keeping the view keeps all of that, often a hundred times the
 * value, so what waits for the database is copied unless it has an array buffer to itself.
 */

/**
 * Up to this size a typed array keeps its bytes inside the JS heap, until somebody asks for its
 * `buffer`: then V8 makes a separate one, which costs several times the value. Small values are
 * therefore copied without asking.
 */
export const IN_HEAP_MAX_BYTES = 64;

export function ownBytes(value: Uint8Array): Uint8Array {
  if (value.byteLength > IN_HEAP_MAX_BYTES && ownsItsBuffer(value)) return value;
  // Not Buffer.from and not allocUnsafe: both take their memory from a shared pool.
  const copy = Buffer.allocUnsafeSlow(value.byteLength);
  copy.set(value);
  return copy;
}

function ownsItsBuffer(value: Uint8Array): boolean {
  return value.byteOffset === 0 && value.byteLength === value.buffer.byteLength;
}
