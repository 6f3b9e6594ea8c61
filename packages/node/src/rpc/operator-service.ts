/** What operators ask of a node: turned into operations at the owners, or asked of the database. */
import { CacheError, type Clock, decodeKey, type Logger } from "@holdfast/core";
import { DatabaseError, unary } from "@holdfast/process";
import type { DeadLetter, OperatorHandlers } from "@holdfast/proto";
import { dropLetters, type LetterName, retryLetters, toName } from "./letter-calls.js";
import { type UnaryBackend, UnaryOperations } from "./unary-operations.js";

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
      return { letters: await retryLetters(calls, letters, context) };
    }),
    DropDeadLetters: unary(logger, async ({ letters }, context) => {
      checkNumber(letters);
      if (letters.length === 0) return { dropped: [], problems: [] };
      const store = lettersOf(backend);
      const remove = (names: readonly LetterName[]) => fromDatabase(store.remove(names));
      return dropLetters(calls, remove, letters, context);
    }),
    Explain: unary(logger, async (request, context) => {
      const { reply } = await calls.one({ kind: "EXPLAIN", ...request }, context);
      if (reply.explanation) return reply.explanation;
      throw new CacheError("INTERNAL", "the key's owner explained nothing");
    }),
  };
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
