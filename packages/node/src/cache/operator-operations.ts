/** What operators ask of a key's owner, between the wire's form and the cache. */
import { CacheError } from "@holdfast/core";
import type {
  DeadLetter as DeadLetterMessage,
  Explanation,
  Operation__Output,
  Reply,
  RetriedDeadLetter,
} from "@holdfast/proto";
import type { DeadLetter } from "../database/dead-letters.js";
import type { RowFacts } from "../database/source.js";
import type { ConfiguredCache } from "./configured-cache.js";
import type { OperationContext } from "./context.js";
import type { CachedFacts, DirtyFacts } from "./explanation.js";
import type { RetriedLetter } from "./letter-retry.js";

/** @throws {CacheError} when it cannot be said what became of the letter; it may be retried. */
export async function retryLetter(
  { id, letterVersion }: Operation__Output,
  key: string,
  cache: ConfiguredCache,
  context: OperationContext,
): Promise<Reply> {
  const version = checkLetterVersion(letterVersion);
  const retried = await cache.operations.retryLetter(key, version, context);
  const outcome = retried.at === "written" ? "APPLIED" : "NOT_APPLIED";
  const { term } = context.tenure;
  return { id, code: "OK", outcome, term, retried: toRetried(retried) };
}

/** @throws {CacheError} `UNAVAILABLE` while the letter is being put aside. */
export function forgetLetter(
  { id, letterVersion }: Operation__Output,
  key: string,
  cache: ConfiguredCache,
  { tenure }: OperationContext,
): Reply {
  cache.operations.forgetLetter(key, tenure.partition, checkLetterVersion(letterVersion));
  return { id, code: "OK", outcome: "APPLIED", term: tenure.term };
}

/** @param teller - who this node is, and the epoch that it has read. */
export async function explain(
  { id }: Operation__Output,
  key: string,
  cache: ConfiguredCache,
  context: OperationContext,
  teller: { readonly incarnation: string; readonly epoch: number },
): Promise<Reply> {
  const { partition, term, isRecovering: recovering } = context.tenure;
  const memory = cache.memoryFacts(key, context);
  const explanation: Explanation = {
    incarnation: teller.incarnation,
    epoch: teller.epoch,
    pattern: cache.config.pattern,
    partition,
    term,
    recovering,
    unresolved: memory.isUnresolved,
    ...(memory.cached !== undefined && { cached: toCached(memory.cached) }),
    ...(memory.dirty !== undefined && { dirty: toDirty(memory.dirty) }),
  };
  try {
    const { row, letters } = await cache.databaseFacts(key, context.deadlineMs);
    if (row !== undefined) explanation.row = toRow(row);
    explanation.deadLetters = letters.map(toLetterMessage);
  } catch (error) {
    // What memory has is worth telling all the same.
    explanation.rowProblem = error instanceof Error ? error.message : String(error);
  }
  return { id, code: "OK", term, explanation };
}

export function toLetterMessage(letter: DeadLetter): DeadLetterMessage {
  const { cache, key, version, value, expiresAtMs, ...rest } = letter;
  return {
    ...rest,
    name: { cache, key: Buffer.from(key), version },
    ...(expiresAtMs !== undefined && { expiresAtMs }),
    ...(value !== undefined && { value: Buffer.from(value) }),
  };
}

function checkLetterVersion(version: number | undefined): number {
  if (version !== undefined) return version;
  throw new CacheError("INVALID_ARGUMENT", "letter_version says which letter is meant");
}

function toRetried(retried: RetriedLetter): RetriedDeadLetter {
  switch (retried.at) {
    case "written":
      return { outcome: "WRITTEN" };
    case "gone":
      return { outcome: "GONE", message: "there is no such letter" };
    case "superseded": {
      const { laterVersion } = retried;
      const message = `the key has a later write, of version ${laterVersion}, which stands`;
      return { outcome: "SUPERSEDED", laterVersion, message };
    }
    case "refused": {
      const { sqlstate, message } = retried;
      return { outcome: "REFUSED", sqlstate, message };
    }
  }
}

function toCached(cached: CachedFacts) {
  const {
    isAbsence: absence,
    isUnpersisted: unpersisted,
    ttlLeftMs,
    idleLeftMs,
    ...facts
  } = cached;
  return {
    ...facts,
    absence,
    unpersisted,
    ...(ttlLeftMs !== undefined && { ttlLeftMs }),
    ...(idleLeftMs !== undefined && { idleLeftMs }),
  };
}

function toDirty(facts: DirtyFacts) {
  const { version, ageMs, isDeletion, isReplayed, isUncommitted, isInJournal, backups } = facts;
  return {
    version,
    ageMs,
    deletion: isDeletion,
    replayed: isReplayed,
    uncommitted: isUncommitted,
    ...(isInJournal !== undefined && { journal: isInJournal }),
    backups: backups.map(({ incarnation, isInSync, hasEverything }) => ({
      incarnation,
      inSync: isInSync,
      hasEverything,
    })),
  };
}

const STATES = {
  absent: "ABSENT",
  present: "PRESENT",
  tombstone: "TOMBSTONE",
  expired: "EXPIRED",
} as const;

function toRow({ state, version, expiresAtMs, updatedAtMs }: RowFacts) {
  return {
    state: STATES[state],
    version,
    ...(expiresAtMs !== undefined && { expiresAtMs }),
    ...(updatedAtMs !== undefined && { updatedAtMs }),
  };
}
