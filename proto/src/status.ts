/**
 * Errors on their way over the wire. One table says for each code which gRPC status it has and what
 * a client may do without asking; around it are the conversions in both directions. The code itself
 * travels too, since codes outnumber statuses: as a field of a reply, or in a trailer of a unary call.
 */
import { Metadata, type ServiceError, type StatusObject, status } from "@grpc/grpc-js";
import { CACHE_ERROR_CODES, CacheError, type CacheErrorCode, NotOwnerError } from "@holdfast/core";
import type { Reply, Reply__Output } from "./gen/holdfast/v1/Reply.js";

/**
 * Whether a client tries again by itself, and after what. Only what was certainly not executed is
 * ever tried again.
 */
export type Retry = "never" | "after-backoff" | "after-topology-refresh";

interface WireForm {
  readonly grpc: status;
  readonly retry: Retry;
}

/** Trying again cannot help, or is not the client's to decide. */
const final = (grpc: status): WireForm => ({ grpc, retry: "never" });

/** One row for each code; the type sees to that. */
export const WIRE_FORMS: Readonly<Record<CacheErrorCode, WireForm>> = {
  INVALID_ARGUMENT: final(status.INVALID_ARGUMENT),
  VALUE_TOO_LARGE: final(status.INVALID_ARGUMENT),
  // gRPC's own advice for a lost race: the caller reads again and decides anew.
  VERSION_CONFLICT: final(status.ABORTED),
  READ_ONLY: final(status.FAILED_PRECONDITION),
  UNKNOWN_CACHE: final(status.NOT_FOUND),
  DEADLINE_EXCEEDED: final(status.DEADLINE_EXCEEDED),
  OUTCOME_UNKNOWN: final(status.UNKNOWN),
  CLOSED: final(status.CANCELLED),
  INTERNAL: final(status.INTERNAL),
  DEAD_LETTER: final(status.FAILED_PRECONDITION),
  WRITE_LOST: final(status.DATA_LOSS),
  // Sent uncompressed it is another request, which only a client that compressed it can make.
  COMPRESSION_REFUSED: final(status.INVALID_ARGUMENT),
  // It would be asked for at once again by everybody; its owner says when one of them may try.
  LOAD_FAILED: final(status.ABORTED),
  OVERLOADED: { grpc: status.RESOURCE_EXHAUSTED, retry: "after-backoff" },
  UNAVAILABLE: { grpc: status.UNAVAILABLE, retry: "after-backoff" },
  NOT_OWNER: { grpc: status.FAILED_PRECONDITION, retry: "after-topology-refresh" },
};

const CODE_TRAILER = "holdfast-code";

/** What a unary call fails with. */
export function toStatusObject(reason: unknown): StatusObject {
  const { code, message } = CacheError.from(reason);
  const trailers = new Metadata();
  trailers.set(CODE_TRAILER, code);
  return { code: WIRE_FORMS[code].grpc, details: message, metadata: trailers };
}

/**
 * The error behind a failed unary call. A failure of gRPC itself, which carries no code of ours,
 * becomes `UNAVAILABLE` or `DEADLINE_EXCEEDED` where gRPC says so, else `INTERNAL`. Whether a write
 * was executed is not known in any of those cases; callers that write decide what that means.
 */
export function fromServiceError(error: ServiceError): CacheError {
  const code = error.metadata?.get(CODE_TRAILER)[0];
  if (isCacheErrorCode(code)) return new CacheError(code, error.details, { cause: error });
  return new CacheError(codeOfStatus(error), describe(error), { cause: error });
}

/** gRPC's own sentence, without what means something only to its authors. */
function describe({ details, message, code }: ServiceError): string {
  if (code === status.DEADLINE_EXCEEDED) return "no answer in time";
  return (details || message).replace(/\s*Resolution note:\s*$/, "");
}

/** Whether an error came out of our own handlers, and not out of a broken connection. */
export function isFromHandler(error: ServiceError): boolean {
  return isCacheErrorCode(error.metadata?.get(CODE_TRAILER)[0]);
}

/** The part of a reply that says what went wrong. */
export function toErrorReply(id: number, reason: unknown): Reply {
  const error = CacheError.from(reason);
  const reply: Reply = {
    id,
    code: error.code,
    outcome: error.code === "OUTCOME_UNKNOWN" ? "UNKNOWN" : "NOT_APPLIED",
    message: error.message,
  };
  if (error instanceof NotOwnerError) {
    const { epoch, owner } = error.hint;
    reply.notOwner = { epoch, ...owner };
  }
  return reply;
}

/** The error that a reply carries; `undefined` when it carries none. */
export function errorOfReply(reply: Reply__Output): CacheError | undefined {
  if (reply.code === "OK") return undefined;
  if (reply.code !== "NOT_OWNER" || !reply.notOwner) {
    return new CacheError(reply.code, reply.message);
  }
  const { epoch, nodeId, incarnation, address, term } = reply.notOwner;
  return new NotOwnerError(
    nodeId === "" ? { epoch } : { epoch, owner: { nodeId, incarnation, address, term } },
  );
}

function codeOfStatus(error: ServiceError): CacheErrorCode {
  if (error.code === status.DEADLINE_EXCEEDED) return "DEADLINE_EXCEEDED";
  if (error.code === status.UNAVAILABLE) return "UNAVAILABLE";
  // Node ends a connection that saw too many resets with INTERNAL; nothing is wrong inside.
  if (error.code === status.INTERNAL && error.details.includes("Session closed")) {
    return "UNAVAILABLE";
  }
  if (error.code === status.RESOURCE_EXHAUSTED) return "VALUE_TOO_LARGE";
  return "INTERNAL";
}

function isCacheErrorCode(code: unknown): code is CacheErrorCode {
  return (CACHE_ERROR_CODES as readonly unknown[]).includes(code);
}
