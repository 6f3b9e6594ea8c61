import type { KeysOfMessage } from "../store/sought-key.js";

/** Keys as they would be in one message, and which of them there are, for `Store.prefetch`. */
export function messageOf(keys: readonly string[]): [KeysOfMessage, number, number] {
  const bytes = Buffer.from(keys.join(""));
  const starts = new Int32Array(keys.length);
  const ends = new Int32Array(keys.length);
  let at = 0;
  keys.forEach((key, index) => {
    starts[index] = at;
    at += Buffer.byteLength(key);
    ends[index] = at;
  });
  return [{ bytes, starts, ends }, 0, keys.length];
}
