/**
 * Flushing: every owner sends what is dirty to the database and says what became of it; what moved to
 * other owners meanwhile is flushed there. What is left when time is over is told, not thrown.
 */
import { CacheError, type Clock, delay } from "@holdfast/core";
import type { Operation, Reply__Output } from "@holdfast/proto";
import type { Operations } from "../calls/operations.js";
import type { KeyedOperation } from "../calls/plain-operation.js";
import type { OwnedPartition, Router, Target } from "../routing/router.js";
import type { FlushOutcome, FlushResult } from "./cache-types.js";
import { runMany } from "./many.js";
import { waitMsOf } from "./receipt.js";
import { sizeOf } from "./requests.js";

/** While partitions are on their way to other owners, this often they are looked for anew. */
const RETRY_MS = 50;

export interface FlushRequest {
  readonly cache: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface FlushParts {
  readonly operations: Operations;
  readonly clock: Clock;
  readonly maxInFlight: number;
  router(): Router;
}

type Flushed = NonNullable<Reply__Output["flushed"]>;

/** @throws {CacheError} when an owner could not be asked in time, or refused. */
export async function flushEverywhere(
  { cache, timeoutMs, signal }: FlushRequest,
  { operations, clock, router }: FlushParts,
): Promise<FlushResult> {
  const deadlineMs = clock.monotonic() + timeoutMs;
  const done = new Set<string>();
  const answers: Flushed[] = [];
  const flushAt = async (owner: Target): Promise<void> => {
    const owned = router()
      .ownedPartitions()
      .filter((partition) => partition.owner === owner);
    const leftMs = Math.max(1, deadlineMs - clock.monotonic());
    const operation: Operation = { kind: "FLUSH", cache, waitMs: waitMsOf(leftMs) };
    const reply = await operations.run({
      operation,
      to: owner,
      isWrite: false,
      bytes: sizeOf(operation),
      timeoutMs: leftMs,
      signal,
    });
    const flushed = flushedOf(reply);
    answers.push(flushed);
    // Where something has left, the next topology says what is to be asked where.
    if (flushed.moved > 0) return;
    for (const partition of owned) done.add(idOf(partition));
  };
  for (;;) {
    const rest = router()
      .ownedPartitions()
      .filter((partition) => !done.has(idOf(partition)));
    if (rest.length === 0) return addUp(answers);
    if (clock.monotonic() >= deadlineMs) throw tooLate(timeoutMs);
    const owners = [...new Set(rest.map(({ owner }) => owner))];
    const before = answers.length;
    const results = await Promise.allSettled(owners.map(flushAt));
    for (const result of results) {
      if (result.status === "rejected" && !hasLeft(result.reason)) throw result.reason;
    }
    const isIncomplete =
      answers.length < before + owners.length ||
      answers.slice(before).some(({ moved }) => moved > 0);
    if (isIncomplete) await delay(clock, RETRY_MS, signal);
  }
}

/** As `flushEverywhere`, of the newest writes of these keys. */
export async function flushKeys(
  keys: ReadonlyMap<string, KeyedOperation>,
  { timeoutMs, signal }: FlushRequest,
  { operations, clock, router, maxInFlight }: FlushParts,
): Promise<FlushResult> {
  const deadlineMs = clock.monotonic() + timeoutMs;
  const flush = async (_key: string, operation: KeyedOperation): Promise<FlushOutcome> => {
    const leftMs = Math.max(1, deadlineMs - clock.monotonic());
    const reply = await operations.run({
      operation: { ...operation, waitMs: waitMsOf(leftMs) },
      to: router().partitionOf(operation.key),
      isWrite: false,
      bytes: sizeOf(operation),
      timeoutMs: leftMs,
      signal,
    });
    const { refused, dirty } = flushedOf(reply);
    if (refused > 0) return "refused";
    return dirty > 0 ? "dirty" : "persisted";
  };
  const { done, failures } = await runMany(keys, flush, { maxInFlight, stopEarly: true });
  for (const reason of failures.values()) throw reason;
  const count = (wanted: FlushOutcome) =>
    [...done.values()].filter((outcome) => outcome === wanted).length;
  return {
    persisted: count("persisted"),
    refused: count("refused"),
    dirty: count("dirty"),
    keys: done,
  };
}

function addUp(answers: readonly Flushed[]): FlushResult {
  const sum = (count: (answer: Flushed) => number) =>
    answers.reduce((total, answer) => total + count(answer), 0);
  const keys = new Map<string, FlushOutcome>();
  for (const { refusedKeys, dirtyKeys } of answers) {
    for (const key of refusedKeys) keys.set(key.toString(), "refused");
    for (const key of dirtyKeys) keys.set(key.toString(), "dirty");
  }
  return {
    persisted: sum(({ persisted }) => persisted),
    refused: sum(({ refused }) => refused),
    dirty: sum(({ dirty }) => dirty),
    keys,
  };
}

function flushedOf({ flushed }: Reply__Output): Flushed {
  if (flushed) return flushed;
  throw new CacheError("INTERNAL", "a node answered a flush without its result");
}

/** The member was gone: its partitions have, or get, other owners. */
function hasLeft(reason: unknown): boolean {
  return reason instanceof CacheError && reason.code === "UNAVAILABLE";
}

function tooLate(timeoutMs: number): CacheError {
  const message = `not every owner could be asked within ${timeoutMs} ms; flushing again does no harm`;
  return new CacheError("DEADLINE_EXCEEDED", message);
}

function idOf({ partition, term, owner }: OwnedPartition): string {
  return `${partition} ${term} ${owner.incarnation}`;
}
