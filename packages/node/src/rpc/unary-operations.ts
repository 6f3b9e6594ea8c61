/** Between unary calls and operations: completes what a call states, and reads what came back. */
import { CacheError, type Clock } from "@holdfast/core";
import type { CallContext } from "@holdfast/process";
import {
  completeOperation,
  completeReply,
  errorOfReply,
  type ManyResponse,
  type Operation__Output,
  type Reply,
  type Reply__Output,
  type StatedOperation,
} from "@holdfast/proto";
import { withinOneMessage } from "./bounded-replies.js";
import { type RequestContext, requestContext } from "./request-context.js";

/** Most keys in one call. */
const MAX_KEYS = 10_000;

/**
 * Most calls that wait for the database at once. Each may wait for minutes, and is one of the thousand
 * that the connection to a key's owner carries: half of them is left to the others.
 */
const MAX_WAITING = 500;

/** Who answers. */
export interface Answerer {
  readonly nodeId: string;
  readonly incarnation: string;
}

interface Answer {
  readonly reply: Reply__Output;
  readonly answerer: Answerer;
}

export interface UnaryBackend {
  readonly identity: () => Answerer;
  /** Carries out operations, here or at their owners; replies in the same order. */
  executeAll(
    operations: readonly Operation__Output[],
    request: RequestContext,
  ): Promise<readonly Reply[]>;
}

export class UnaryOperations {
  readonly #backend: UnaryBackend;
  readonly #clock: Clock;
  #waiting = 0;

  constructor(backend: UnaryBackend, clock: Clock) {
    this.#backend = backend;
    this.#clock = clock;
  }

  /** @throws {CacheError} the error that the reply carries. */
  async one(operation: StatedOperation, context: CallContext): Promise<Answer> {
    const [answer] = await this.all([operation], context);
    const reply = completeReply(answer ?? {});
    const error = errorOfReply(reply);
    if (error !== undefined) throw error;
    const { nodeId, incarnation } = this.#backend.identity();
    return { reply, answerer: { nodeId, incarnation } };
  }

  /** As `one`, of an operation that waits for the database. @throws {CacheError} `OVERLOADED` as well. */
  async waiting(operation: StatedOperation, context: CallContext): Promise<Answer> {
    if (this.#waiting >= MAX_WAITING) {
      const problem = `${MAX_WAITING} calls to this node wait for the database already`;
      throw new CacheError("OVERLOADED", problem);
    }
    this.#waiting += 1;
    try {
      return await this.one(operation, context);
    } finally {
      this.#waiting -= 1;
    }
  }

  /** @throws {CacheError} `INVALID_ARGUMENT` when there are too many; each reply may carry its own. */
  async many(operations: readonly StatedOperation[], context: CallContext): Promise<ManyResponse> {
    const replies = await this.all(operations, context);
    const { nodeId, incarnation } = this.#backend.identity();
    return { replies: withinOneMessage(replies), nodeId, incarnation };
  }

  /** The bare replies. @throws {CacheError} as `many`. */
  all(operations: readonly StatedOperation[], context: CallContext): Promise<readonly Reply[]> {
    if (operations.length > MAX_KEYS) {
      const problem = `${operations.length} keys in one call; at most ${MAX_KEYS} are allowed`;
      throw new CacheError("INVALID_ARGUMENT", problem);
    }
    const complete = operations.map((stated, id) => completeOperation({ ...stated, id }));
    return this.#backend.executeAll(complete, this.request(context));
  }

  /** @throws {CacheError} `DEADLINE_EXCEEDED` when the caller has given up already. */
  request({ deadlineMs }: CallContext): RequestContext {
    const leftMs = deadlineMs - this.#clock.monotonic();
    if (leftMs > 0) return requestContext(this.#clock, 0, leftMs);
    throw new CacheError("DEADLINE_EXCEEDED", "the call arrived too late; nothing was done");
  }
}
