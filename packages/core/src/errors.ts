/**
 * The errors that this system reports to its callers.
 *
 * A cache miss is not among them: reads return `undefined`. Nor are programmer errors, which are
 * plain `TypeError`s. How a code travels over gRPC, and what a client may do about it without
 * asking the application, is one table in `proto/src/status.ts`.
 */

/** Stable identifiers, part of the public API: codes are added, never renamed. */
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
  /** The write may or may not have happened; it was not sent again. */
  "OUTCOME_UNKNOWN",
  /** The cache's pattern takes no writes from callers. Nothing was written. */
  "READ_ONLY",
  /** No cache of that name is configured. Nothing was written. */
  "UNKNOWN_CACHE",
  /** The client or the node has been closed. Nothing was written. */
  "CLOSED",
  /** A defect, or a failure that has no code of its own; see `cause` and the node's log. */
  "INTERNAL",
] as const;

export type CacheErrorCode = (typeof CACHE_ERROR_CODES)[number];

export class CacheError extends Error {
  override readonly name: string = "CacheError";
  readonly code: CacheErrorCode;

  constructor(code: CacheErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /**
   * Converts anything that was caught. A CacheError is returned as it is. Anything else becomes
   * `INTERNAL`; the original stays its `cause`, for the log, and out of the message, so that a
   * node's internals do not travel to a client.
   */
  static from(reason: unknown): CacheError {
    if (reason instanceof CacheError) return reason;
    return new CacheError("INTERNAL", "internal error", { cause: reason });
  }
}

/** Where the answering node believes the owner of a key to be. */
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

/** The node that was asked does not own the key: one of the two topologies is out of date. */
export class NotOwnerError extends CacheError {
  override readonly name = "NotOwnerError";
  readonly hint: OwnerHint;

  constructor(hint: OwnerHint) {
    const owner = hint.owner === undefined ? "no node" : `node ${hint.owner.nodeId}`;
    super("NOT_OWNER", `the key belongs to ${owner} as of topology epoch ${hint.epoch}`);
    this.hint = hint;
  }
}
