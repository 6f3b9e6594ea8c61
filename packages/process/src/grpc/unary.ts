/**
 * The frame around every unary call: the one place where errors become statuses and where failures
 * of the server's own are logged, so that handlers contain neither.
 */
import type { handleUnaryCall, ServerUnaryCall } from "@grpc/grpc-js";
import { CacheError, type Clock, type Logger, systemClock } from "@holdfast/core";
import { toStatusObject } from "@holdfast/proto";

/** The time given to a call whose caller set no deadline. */
const DEFAULT_BUDGET_MS = 30_000;

export interface CallContext {
  /** Aborts when the caller cancels, its deadline passes or its connection breaks. */
  readonly signal: AbortSignal;
  /**
   * When the caller stops waiting, on the clock's monotonic scale. Answer before it: each call that
   * is left to run out costs a stream reset, and HTTP/2 servers close connections that see many.
   */
  readonly deadlineMs: number;
  readonly clock: Clock;
}

export interface UnaryOptions {
  /** Default: the system's clock. Its wall time must be the system's: deadlines are counted by it. */
  readonly clock?: Clock;
  /** For calls without a deadline, in milliseconds. Default 30,000. */
  readonly defaultBudgetMs?: number;
}

export function unary<Request, Response>(
  logger: Logger,
  handle: (request: Request, context: CallContext) => Promise<Response>,
  options: UnaryOptions = {},
): handleUnaryCall<Request, Response> {
  const { clock = systemClock, defaultBudgetMs = DEFAULT_BUDGET_MS } = options;

  async function answer(call: ServerUnaryCall<Request, Response>): Promise<Response> {
    const deadlineMs = deadlineOf(call, clock, defaultBudgetMs);
    return await handle(call.request, { signal: signalOf(call), deadlineMs, clock });
  }

  return (call, callback) => {
    answer(call).then(
      (response) => callback(null, response),
      (reason: unknown) => {
        const error = CacheError.from(reason);
        if (error.code === "INTERNAL") {
          logger.error({ err: error.cause ?? error, rpc: call.getPath() }, "call failed");
        }
        callback(toStatusObject(error));
      },
    );
  };
}

function deadlineOf(
  call: ServerUnaryCall<unknown, unknown>,
  clock: Clock,
  defaultBudgetMs: number,
): number {
  const deadline = Number(call.getDeadline());
  const budgetMs = Number.isFinite(deadline) ? deadline - clock.systemNow() : defaultBudgetMs;
  return clock.monotonic() + budgetMs;
}

function signalOf(call: ServerUnaryCall<unknown, unknown>): AbortSignal {
  const controller = new AbortController();
  if (call.cancelled) controller.abort();
  else call.on("cancelled", () => controller.abort());
  return controller.signal;
}
