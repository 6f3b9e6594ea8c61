/** What loaders ask of a key's owner, between the wire's form and the cache. */
import { CacheError } from "@holdfast/core";
import type { Operation__Output, Reply } from "@holdfast/proto";
import type { ConfiguredCache } from "./configured-cache.js";
import type { OperationContext } from "./context.js";
import type { FailedFill, LoadResult, StoredFill } from "./filling.js";
import { LEASE_MS } from "./fills.js";
import { readReply, writeReply } from "./replies.js";

export function load(
  { id, key, waitMs }: Operation__Output,
  { operations }: ConfiguredCache,
  context: OperationContext,
): Reply | Promise<Reply> {
  const { term } = context.tenure;
  const result = operations.filling.load(key, waitMs, context);
  if (!(result instanceof Promise)) return loadReply(id, term, result);
  return result.then((later) => loadReply(id, term, later));
}

/** @throws {CacheError} as a write does; `INVALID_ARGUMENT` without a token. */
export async function fill(
  operation: Operation__Output,
  key: string,
  { operations: { filling } }: ConfiguredCache,
  context: OperationContext,
): Promise<Reply> {
  const { id, value, encoding, ttlMs, softTtlMs, fillError = "" } = operation;
  const { term } = context.tenure;
  const token = tokenOf(operation);
  switch (operation.fill) {
    case "NOT_FOUND":
      return toldReply(id, term, filling.foundNothing(key, token, ttlMs));
    case "FAILED":
      return failedReply(id, term, filling.failed(key, token, fillError, context));
    case "RETURNED":
      return toldReply(id, term, filling.returned(key, token));
    default: {
      const change = { value, encoding, ttlMs, softTtlMs };
      const written = await filling.found(key, token, change, context);
      return written ? storedReply(id, term, written) : toldReply(id, term, false);
    }
  }
}

export function renewFill(
  operation: Operation__Output,
  key: string,
  { operations: { filling } }: ConfiguredCache,
  { tenure }: OperationContext,
): Reply {
  return toldReply(operation.id, tenure.term, filling.renew(key, tokenOf(operation)));
}

function loadReply(id: number, term: number, result: LoadResult): Reply {
  switch (result.at) {
    case "read":
      return readReply(id, term, result.read);
    case "granted":
      return {
        ...readReply(id, term, result.read),
        fillToken: result.token,
        leaseMs: LEASE_MS,
        ...(result.hasGrace && { hasGrace: true }),
      };
    case "filling":
      return { id, code: "OK", term, filling: true };
  }
}

function storedReply(id: number, term: number, stored: StoredFill): Reply {
  const { ttlLeftMs } = stored;
  return { ...writeReply(id, term, stored), ...(ttlLeftMs !== undefined && { ttlLeftMs }) };
}

function failedReply(id: number, term: number, { wasGood, read }: FailedFill): Reply {
  const told = toldReply(id, term, wasGood);
  return read === undefined ? told : { ...readReply(id, term, read), ...told };
}

function toldReply(id: number, term: number, wasGood: boolean): Reply {
  return { id, code: "OK", outcome: wasGood ? "APPLIED" : "NOT_APPLIED", term };
}

function tokenOf({ fillToken }: Operation__Output): number {
  if (fillToken !== undefined) return fillToken;
  throw new CacheError("INVALID_ARGUMENT", "fill_token says which load is meant");
}
