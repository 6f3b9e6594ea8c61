/**
 * What a write leaves in its caller's hands, and the waiting for the database that it offers: the owner
 * of the key is asked, whoever that is by now, until it says that the database has the write.
 */
import { CacheError, type Clock } from "@holdfast/core";
import type { Reply__Output } from "@holdfast/proto";
import type { CallRequest } from "../calls/call.js";
import type { CallOptions, WriteReceipt } from "./cache-types.js";
import { timeoutMsOf } from "./duration.js";
import { type AskedWrite, persistedOperation, sizeOf } from "./requests.js";

/** Longest that an owner is asked to wait before it answers, in milliseconds. */
const POLL_MAX_MS = 30_000;

/** Kept for the way back: a tenth of what is left, at most this much. */
const MARGIN_MAX_MS = 100;

/** What a receipt needs of the client. */
export interface ReceiptParts {
  readonly operations: { run(request: CallRequest): Promise<Reply__Output> };
  readonly clock: Clock;
  readonly timeoutMs: number;
  router(): { partitionOf(keyBytes: Uint8Array): number };
}

export class Receipt implements WriteReceipt {
  readonly version: number;
  readonly degraded: boolean;
  readonly #write: AskedWrite;
  readonly #parts: ReceiptParts;

  constructor(
    write: AskedWrite,
    { version, degraded }: Pick<Reply__Output, "version" | "degraded">,
    parts: ReceiptParts,
  ) {
    this.version = version;
    this.degraded = degraded;
    this.#write = write;
    this.#parts = parts;
  }

  async persisted({ timeout, signal }: CallOptions = {}): Promise<void> {
    const { clock } = this.#parts;
    const timeoutMs = timeoutMsOf(timeout, this.#parts.timeoutMs);
    const deadlineMs = clock.monotonic() + timeoutMs;
    for (;;) {
      const leftMs = deadlineMs - clock.monotonic();
      if (leftMs < 1) throw notYet(timeoutMs);
      const isLast = leftMs <= POLL_MAX_MS;
      try {
        const reply = await this.#ask(Math.min(leftMs, POLL_MAX_MS), signal);
        if (reply.outcome === "APPLIED") return;
      } catch (error) {
        // One owner's time was over; the caller's may not be.
        if (isLast || !isTimeout(error)) throw error;
      }
    }
  }

  #ask(timeoutMs: number, signal: AbortSignal | undefined): Promise<Reply__Output> {
    const { operations, router } = this.#parts;
    const operation = persistedOperation(this.#write, this.version, waitMsOf(timeoutMs));
    return operations.run({
      operation,
      to: router().partitionOf(operation.key),
      isWrite: false,
      bytes: sizeOf(operation),
      timeoutMs,
      signal,
    });
  }
}

/** How long a node may wait so that its answer comes before the caller's time is over. */
export function waitMsOf(timeoutMs: number): number {
  return Math.max(1, Math.floor(timeoutMs - Math.min(MARGIN_MAX_MS, timeoutMs / 10)));
}

function isTimeout(error: unknown): boolean {
  return error instanceof CacheError && error.code === "DEADLINE_EXCEEDED";
}

function notYet(timeoutMs: number): CacheError {
  const message = `the database did not have the write within ${timeoutMs} ms; it may have it later`;
  return new CacheError("DEADLINE_EXCEEDED", message);
}
