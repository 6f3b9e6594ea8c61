/** What operators ask of a node: turned into operations at the owners, or asked of the database. */
import { CacheError, type Clock, decodeKey, type Logger } from "@holdfast/core";
import { type CallContext, DatabaseError, unary } from "@holdfast/process";
import {
  completeReply,
  type DeadLetter,
  type DeadLetterName__Output,
  errorOfReply,
  type OperatorHandlers,
  type Reply,
  type RetriedDeadLetter,
} from "@holdfast/proto";
import { type UnaryBackend, UnaryOperations } from "./unary-operations.js";

/** What names a letter, as it lies in the database. */
interface LetterName {
  readonly cache: string;
  readonly key: string;
  readonly version: number;
}

/** What this layer needs of the letters in the database. Each throws DatabaseError. */
export interface Letters {
  list(query: {
    readonly cache: string | undefined;
    readonly key: string | undefined;
    readonly after: LetterName | undefined;
    readonly limit: number;
    readonly values: boolean;
  }): Promise<readonly DeadLetter[]>;
  remove(names: readonly LetterName[]): Promise<readonly boolean[]>;
}

export interface OperatorBackend extends UnaryBackend {
  /** `undefined`: the node has no database. */
  readonly letters: Letters | undefined;
}

/** Most letters on a page, and in one call. */
const MAX_LETTERS = 1_000;

export function createOperatorService(
  backend: OperatorBackend,
  clock: Clock,
  logger: Logger,
): OperatorHandlers {
  const calls = new UnaryOperations(backend, clock);
  return {
    ListDeadLetters: unary(logger, async ({ cache, key, after, limit, values }) => {
      const query = {
        cache: cache === "" ? undefined : cache,
        key: key && decodeKey(key),
        after: after ? toName(after) : undefined,
        limit: limit === 0 ? MAX_LETTERS : Math.min(limit, MAX_LETTERS),
        values,
      };
      const letters = await fromDatabase(lettersOf(backend).list(query));
      return { letters: [...letters] };
    }),
    RetryDeadLetters: unary(logger, async ({ letters }, context) => {
      checkNumber(letters);
      return { letters: await retry(calls, letters, context) };
    }),
    DropDeadLetters: unary(logger, async ({ letters }) => {
      checkNumber(letters);
      const names = letters.map(toName);
      if (names.length === 0) return { dropped: [] };
      return { dropped: [...(await fromDatabase(lettersOf(backend).remove(names)))] };
    }),
    Explain: unary(logger, async (request, context) => {
      const { reply } = await calls.one({ kind: "EXPLAIN", ...request }, context);
      if (reply.explanation) return reply.explanation;
      throw new CacheError("INTERNAL", "the key's owner explained nothing");
    }),
  };
}

async function retry(
  calls: UnaryOperations,
  letters: readonly DeadLetterName__Output[],
  context: CallContext,
): Promise<RetriedDeadLetter[]> {
  const operations = letters.map(({ cache, key, version: letterVersion }) => {
    return { kind: "RETRY_DEAD_LETTER", cache, key, letterVersion } as const;
  });
  const replies = await calls.all(operations, context);
  return replies.map(toRetried);
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

function toName({ cache, key, version }: DeadLetterName__Output): LetterName {
  return { cache, key: decodeKey(key), version };
}

function lettersOf({ letters }: OperatorBackend): Letters {
  if (letters !== undefined) return letters;
  throw new CacheError("UNAVAILABLE", "this node has no database configured; ask another one");
}

function checkNumber(letters: readonly unknown[]): void {
  if (letters.length <= MAX_LETTERS) return;
  const problem = `${letters.length} letters in one call; at most ${MAX_LETTERS} are allowed`;
  throw new CacheError("INVALID_ARGUMENT", problem);
}

async function fromDatabase<Result>(asked: Promise<Result>): Promise<Result> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const problem = `the dead letters cannot be reached: ${error.message}`;
    throw new CacheError("UNAVAILABLE", problem, { cause: error });
  }
}
