/**
 * What to do after a failed attempt. Pure: from an error and what is known about the attempt to
 * the next step. Waiting, and the deadline that ends it all, are the call's matter (call.ts).
 *
 * Only what certainly was not executed comes here for a second attempt. A write that was sent and
 * not answered is `OUTCOME_UNKNOWN` before it gets here, and the table gives that code no retry.
 */
import { backoffMs, CacheError, NotOwnerError, type OwnerHint, type Random } from "@holdfast/core";
import { WIRE_FORMS } from "@holdfast/proto";

export type NextStep =
  | { readonly step: "give-up" }
  /** Ask the owner that the answering node named. */
  | { readonly step: "follow"; readonly owner: NonNullable<OwnerHint["owner"]> }
  /**
   * Ask again after `waitMs`, or as soon as a newer topology arrives; if `isPaidFor`, only when the
   * retry budget allows it.
   */
  | { readonly step: "wait"; readonly waitMs: number; readonly isPaidFor: boolean };

export interface FailedAttempt {
  readonly error: CacheError;
  /** How many attempts failed before this one. */
  readonly earlierFailures: number;
  /** Epoch of the client's topology. */
  readonly epoch: number;
  /** Whether the caller would rather fail than wait for an owner that can be used. */
  readonly failsFast: boolean;
}

/** The first wait is about a round trip; the longest leaves several attempts in a default timeout. */
const BACKOFF = { baseMs: 10, maxMs: 500 };

/** Who fails fast is tried once more all the same: one failure may be a connection that has just ended. */
const FAST_FAILURES = 2;

/**
 * Two nodes that disagree could send a call back and forth; after this many failures it waits
 * between attempts like any other.
 */
const HOPS_WITHOUT_WAITING = 3;

export function nextStep(failed: FailedAttempt, random: Random): NextStep {
  const { error, earlierFailures, epoch, failsFast } = failed;
  if (WIRE_FORMS[error.code].retry === "never") return { step: "give-up" };
  if (error instanceof NotOwnerError && earlierFailures < HOPS_WITHOUT_WAITING) {
    const { hint } = error;
    // An older or equal epoch tells nothing new: the node is behind, or about to take over.
    if (hint.owner !== undefined && hint.epoch > epoch)
      return { step: "follow", owner: hint.owner };
  }
  // Only this one says that there is too much to do. The others wait for somebody to serve the key, and
  // cost a node no more than to look up that it cannot, or nothing, when there is none to ask.
  const isPaidFor = error.code === "OVERLOADED";
  if (failsFast && !isPaidFor && earlierFailures + 1 >= FAST_FAILURES) return { step: "give-up" };
  return { step: "wait", waitMs: backoffMs(earlierFailures, BACKOFF, random), isPaidFor };
}

/** What a caller is told when nothing is tried any more. Which node is not the owner is nothing to them. */
export function finalError(error: CacheError): CacheError {
  if (!(error instanceof NotOwnerError)) return error;
  return new CacheError("UNAVAILABLE", `no owner takes the key: ${error.message}`, {
    cause: error,
  });
}
