/**
 * Keeps the answer to a call about many keys within what one message carries. The size of what is
 * read is known only once it has been read; and a small request may name a large value many times.
 */
import { CacheError } from "@holdfast/core";
import { type Reply, toErrorReply } from "@holdfast/proto";

/** Values of one answer together; more than the largest single value, less than a message. */
const MAX_VALUES_BYTES = 6 * 2 ** 20;

/** The same replies, except that values beyond the bound are refused with `OVERLOADED`. */
export function withinOneMessage(replies: readonly Reply[]): Reply[] {
  let bytes = 0;
  return replies.map((reply) => {
    bytes += reply.value?.length ?? 0;
    // What a write answers is small, and must not look as if it had not happened.
    if (bytes <= MAX_VALUES_BYTES || reply.value === undefined || reply.outcome === "APPLIED") {
      return reply;
    }
    const problem = `the values of one call exceed ${MAX_VALUES_BYTES} bytes together; ask for fewer keys`;
    const refusal = toErrorReply(Number(reply.id), new CacheError("OVERLOADED", problem));
    return { ...refusal, term: reply.term ?? 0 };
  });
}
