/**
 * What callers of a cluster are told when something went wrong, each kind with a code of its own.
 *
 * Finding nothing is a result and not among these, and misuse that a compiler could have noticed is
 * a TypeError. Which gRPC status a code has, and whether a client may try again by itself, stands in
 * the table of `proto/src/status.ts`.
 */

/** Programs compare these: new ones may come, but none changes its name or meaning. */
export const CACHE_ERROR_CODES = [
  /** The request can never succeed as it is. Nothing was written. */
  "INVALID_ARGUMENT",
  /** The value, or key and value together, exceed a limit. Nothing was written. */
  "VALUE_TOO_LARGE",
  /** The entry has another version than the caller expected. Nothing was written. */
  "VERSION_CONFLICT",
  /** Another node owns the key. Nothing was written. */
  "NOT_OWNER",
  /** A queue or bound is full. Nothing was written. */
  "OVERLOADED",
  /** No node can serve the key now. Nothing was written. */
  "UNAVAILABLE",
  /** Time ran out before the operation was admitted, or while it only read. Nothing was written. */
  "DEADLINE_EXCEEDED",
  /** Whether the write happened is not known. It was sent once. */
  "OUTCOME_UNKNOWN",
  /** The cache's pattern takes no writes from callers. Nothing was written. */
  "READ_ONLY",
  /** No cache of that name is configured. Nothing was written. */
  "UNKNOWN_CACHE",
  /** The client or the node has been closed. Nothing was written. */
  "CLOSED",
  /** The database refuses an acknowledged write, or the later one in its place; it was put aside. */
  "DEAD_LETTER",
  /** An acknowledged write got lost before the database had it, as its level allowed. */
  "WRITE_LOST",
  /** The cache's source reads values, so it takes no compressed ones. Nothing was written. */
  "COMPRESSION_REFUSED",
  /** The loader of the key failed, maybe another client's; the message says how. Nothing was written. */
  "LOAD_FAILED",
  /** A defect, or a failure that has no code of its own; see `cause` and the node's log. */
  "INTERNAL",
] as const;

/** Most characters of what a loader said that others are told with `LOAD_FAILED`. */
export const MAX_LOAD_ERROR_LENGTH = 500;

export type CacheErrorCode = (typeof CACHE_ERROR_CODES)[number];

/** An error with a code. Its message is for people and may change. */
export class CacheError extends Error {
  override readonly name: string = "CacheError";
  readonly code: CacheErrorCode;

  constructor(code: CacheErrorCode, message: string, { cause }: { readonly cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  /**
   * Makes an error of ours out of whatever was thrown. What has no code gets `INTERNAL`, with the
   * original as its `cause`: that goes to the log, while the message, which goes to clients, says
   * nothing of a node's insides.
   */
  static from(reason: unknown): CacheError {
    return reason instanceof CacheError
      ? reason
      : new CacheError("INTERNAL", "internal error", { cause: reason });
  }
}

/** Whom the answering node believes to own a key. */
export interface OwnerHint {
  /** Epoch of the topology that the hint was taken from. */
  readonly epoch: number;
  /** The partition's owner; absent when the topology names none. */
  readonly owner?: {
    readonly nodeId: string;
    readonly incarnation: string;
    /** `host:port` for clients. */
    readonly address: string;
    readonly term: number;
  };
}

/** Somebody else owns the key, as far as the answering node knows; the hint says who. */
export class NotOwnerError extends CacheError {
  override readonly name = "NotOwnerError";
  readonly hint: OwnerHint;

  constructor(hint: OwnerHint) {
    const owner = hint.owner === undefined ? "no node" : `node ${hint.owner.nodeId}`;
    super("NOT_OWNER", `the key belongs to ${owner} as of topology epoch ${hint.epoch}`);
    this.hint = hint;
  }
}
