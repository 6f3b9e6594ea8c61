/** What operators ask about dead letters by name: asked of the owners of their keys, and of the database. */
import { decodeKey } from "@holdfast/core";
import type { CallContext } from "@holdfast/process";
import {
  completeReply,
  type DeadLetterName__Output,
  type DropDeadLettersResponse,
  errorOfReply,
  type Reply,
  type RetriedDeadLetter,
  type StatedOperation,
} from "@holdfast/proto";
import type { UnaryOperations } from "./unary-operations.js";

/** What names a letter, as it lies in the database. */
export interface LetterName {
  readonly cache: string;
  readonly key: string;
  readonly version: number;
}

export async function retryLetters(
  calls: UnaryOperations,
  letters: readonly DeadLetterName__Output[],
  context: CallContext,
): Promise<RetriedDeadLetter[]> {
  const replies = await calls.all(toOperations("RETRY_DEAD_LETTER", letters), context);
  return replies.map(toRetried);
}

/**
 * The owners let go of the letters first: in the other order, one that could not be told would go on showing
 * what is a letter no more, and nobody would come again to tell it.
 *
 * @param remove - removes letters from the database; says of each whether it was there.
 */
export async function dropLetters(
  calls: UnaryOperations,
  remove: (names: readonly LetterName[]) => Promise<readonly boolean[]>,
  letters: readonly DeadLetterName__Output[],
  context: CallContext,
): Promise<DropDeadLettersResponse> {
  const replies = await calls.all(toOperations("FORGET_DEAD_LETTER", letters), context);
  const problems = replies.map(problemOf);
  const forgotten = letters.filter((_, index) => problems[index] === "");
  const removed = forgotten.length === 0 ? [] : await remove(forgotten.map(toName));
  let next = 0;
  const dropped = problems.map((problem) => problem === "" && removed[next++] === true);
  return { dropped, problems };
}

export function toName({ cache, key, version }: DeadLetterName__Output): LetterName {
  return { cache, key: decodeKey(key), version };
}

function toOperations(
  kind: "RETRY_DEAD_LETTER" | "FORGET_DEAD_LETTER",
  letters: readonly DeadLetterName__Output[],
): StatedOperation[] {
  return letters.map(({ cache, key, version: letterVersion }) => {
    return { kind, cache, key, letterVersion };
  });
}

/** A letter that nobody could be asked about is told as such; the others have been retried. */
function toRetried(answer: Reply): RetriedDeadLetter {
  const reply = completeReply(answer);
  const error = errorOfReply(reply);
  if (error !== undefined) {
    return { outcome: "FAILED", message: `${error.code}: ${error.message}` };
  }
  return reply.retried ?? { outcome: "FAILED", message: "the key's owner did not say" };
}

/** Why an owner may still have a letter; empty: it has not. */
function problemOf(answer: Reply): string {
  const error = errorOfReply(completeReply(answer));
  // Nobody has anything of a cache that is not there any more.
  if (error === undefined || error.code === "UNKNOWN_CACHE") return "";
  return `${error.code}: ${error.message}`;
}
