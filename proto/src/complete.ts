/**
 * Messages as they look when they have been read off the wire, made from the fields that matter.
 * What is made inside a process is so no different from what came from another.
 */
import type { Operation__Output } from "./gen/holdfast/v1/Operation.js";
import type { Reply, Reply__Output } from "./gen/holdfast/v1/Reply.js";

/** An operation that states nothing. */
export function emptyOperation(): Operation__Output {
  return {
    id: 0,
    kind: "KIND_UNSPECIFIED",
    cache: "",
    key: NOTHING,
    value: NOTHING,
    encoding: 0,
    ack: "ACK_DEFAULT",
    forwarded: false,
  };
}

/** A reply that tells nothing. */
export function emptyReply(): Reply__Output {
  return {
    id: 0,
    code: "OK",
    outcome: "NOT_APPLIED",
    version: 0,
    term: 0,
    encoding: 0,
    source: "NONE",
    ageMs: 0,
    stale: false,
    degraded: false,
    unpersisted: false,
    message: "",
  };
}

const NOTHING = Buffer.alloc(0);
const OPERATION = emptyOperation();
const REPLY = emptyReply();

/** What every operation states; the rest is empty unless given. */
export type StatedOperation = Pick<Operation__Output, "kind" | "cache"> &
  Partial<Operation__Output>;

export function completeOperation(stated: StatedOperation): Operation__Output {
  return { ...OPERATION, ...stated };
}

/** Replies made here hold numbers and names, never the other forms that a writer may use. */
export function completeReply(reply: Reply): Reply__Output {
  return { ...REPLY, ...(reply as Partial<Reply__Output>) };
}
