/**
 * Ranges of keys as etcd writes them: from `key` (included) to `range_end` (excluded), in the order
 * of their bytes.
 */

export interface KeyRange {
  readonly key: Buffer;
  readonly range_end: Buffer;
}

/** Every key that begins with `prefix`, which is not empty. */
export function prefixRange(prefix: string): KeyRange {
  const key = Buffer.from(prefix, "utf8");
  const end = Buffer.from(key);
  // Text in UTF-8 has no byte 0xff, so the last byte can always be raised by one.
  const last = end.length - 1;
  end[last] = (end[last] ?? 0) + 1;
  return { key, range_end: end };
}
