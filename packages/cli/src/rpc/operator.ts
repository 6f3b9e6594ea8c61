/** The operator's calls to nodes: dead letters, and what there is to know of a key. */
import { CacheError } from "@holdfast/core";
import {
  type DeadLetter__Output,
  type DropDeadLettersResponse__Output,
  type Explanation__Output,
  type ListDeadLettersResponse__Output,
  Operator,
  type RetriedDeadLetter__Output,
  type RetryDeadLettersResponse__Output,
} from "@holdfast/proto";
import { type CallTarget, callOnce } from "./unary.js";

/** What names a letter. */
export interface LetterName {
  readonly cache: string;
  readonly key: Buffer;
  readonly version: number;
}

export interface LetterFilter {
  /** `undefined`: of all. */
  readonly cache: string | undefined;
  readonly key: string | undefined;
  /** With their values. */
  readonly values: boolean;
}

/** Letters in one page of names, and how many of them are retried or dropped by one call. */
const PAGE_LETTERS = 100;

/**
 * The letters, in pages, in the order of their names.
 *
 * @throws {CacheError}
 */
export async function* listDeadLetters(
  targets: readonly CallTarget[],
  { cache = "", key, values }: LetterFilter,
): AsyncGenerator<readonly DeadLetter__Output[]> {
  let after: LetterName | undefined;
  for (;;) {
    const request = {
      cache,
      limit: PAGE_LETTERS,
      values,
      ...(key !== undefined && { key: Buffer.from(key) }),
      ...(after !== undefined && { after }),
    };
    const { letters } = await onAny<ListDeadLettersResponse__Output>(targets, (target) =>
      callOnce(Operator, target, (client, options, done) =>
        client.listDeadLetters(request, options, done),
      ),
    );
    const last = letters.at(-1);
    if (last === undefined) return;
    yield letters;
    after = nameOf(last);
  }
}

/** What became of each letter, in the order of the names. @throws {CacheError} */
export async function retryDeadLetters(
  targets: readonly CallTarget[],
  names: readonly LetterName[],
): Promise<readonly RetriedDeadLetter__Output[]> {
  const { letters } = await onAny<RetryDeadLettersResponse__Output>(targets, (target) =>
    callOnce(Operator, target, (client, options, done) =>
      client.retryDeadLetters({ letters: [...names] }, options, done),
    ),
  );
  return letters;
}

/**
 * Whether each letter was there and is dropped, and why it is not, in the order of the names.
 *
 * @throws {CacheError}
 */
export function dropDeadLetters(
  targets: readonly CallTarget[],
  names: readonly LetterName[],
): Promise<DropDeadLettersResponse__Output> {
  return onAny<DropDeadLettersResponse__Output>(targets, (target) =>
    callOnce(Operator, target, (client, options, done) =>
      client.dropDeadLetters({ letters: [...names] }, options, done),
    ),
  );
}

/** What the key's owner tells of it. @throws {CacheError} */
export function explainKey(
  targets: readonly CallTarget[],
  cache: string,
  key: string,
): Promise<Explanation__Output> {
  return onAny(targets, (target) =>
    callOnce(Operator, target, (client, options, done) =>
      client.explain({ cache, key: Buffer.from(key) }, options, done),
    ),
  );
}

export function nameOf({ name }: DeadLetter__Output): LetterName {
  const { cache = "", key = Buffer.alloc(0), version = 0 } = name ?? {};
  return { cache, key, version };
}

/** Most nodes that are asked in turn. */
const MAX_ASKED = 3;

/** The answer of the first node that can be reached; all of these calls may be made twice. */
async function onAny<Answer>(
  targets: readonly CallTarget[],
  call: (target: CallTarget) => Promise<Answer>,
): Promise<Answer> {
  let failure = new CacheError("UNAVAILABLE", "the cluster has no nodes now");
  for (const target of targets.slice(0, MAX_ASKED)) {
    try {
      return await call(target);
    } catch (error) {
      failure = CacheError.from(error);
      if (failure.code !== "UNAVAILABLE") throw failure;
    }
  }
  throw failure;
}
