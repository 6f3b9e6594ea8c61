/**
 * The unary calls of the Cache service: turns each into operations, has them carried out wherever
 * they belong, and turns the replies back. No decision about the cache is taken here.
 */
import { CacheError, type Clock, type Logger } from "@holdfast/core";
import { type MessageStream, unary } from "@holdfast/process";
import {
  type CacheHandlers,
  completeOperation,
  type Operation__Output,
  type StatedOperation,
  type StatsRequest__Output,
  type StatsResponse,
  toStatusObject,
  type WarmProgress,
  type WarmRequest__Output,
} from "@holdfast/proto";
import type { Pipes } from "./pipe.js";
import type { RequestContext } from "./request-context.js";
import { type UnaryBackend, UnaryOperations } from "./unary-operations.js";

/** What this layer needs from the node. */
export interface CacheBackend extends UnaryBackend {
  clear(operation: Operation__Output, request: RequestContext): Promise<void>;
  stats(request: StatsRequest__Output): StatsResponse;
  warm(request: WarmRequest__Output, signal: AbortSignal): AsyncIterable<WarmProgress>;
}

export function createCacheService(
  backend: CacheBackend,
  pipes: Pipes,
  clock: Clock,
  logger: Logger,
): CacheHandlers {
  const calls = new UnaryOperations(backend, clock);
  return {
    ...singleKeyHandlers(calls, logger),
    ...manyKeysHandlers(calls, logger),
    Clear: unary(logger, async ({ cache }, context) => {
      await backend.clear(completeOperation({ kind: "CLEAR", cache }), calls.request(context));
      return backend.identity();
    }),
    Stats: unary(logger, async (request) => backend.stats(request)),
    Warm: (call) => {
      const cancelled = new AbortController();
      call.on("cancelled", () => cancelled.abort(new CacheError("CLOSED", "the caller has gone")));
      const send = async () => {
        for await (const progress of backend.warm(call.request, cancelled.signal)) {
          call.write(progress);
        }
        call.end();
      };
      send().catch((error: unknown) => call.emit("error", toStatusObject(error)));
    },
    // The generated type does not know that pipes are left their bytes.
    Pipe: (call) => pipes.accept(call as unknown as MessageStream),
  };
}

type SingleKey = "Get" | "Set" | "Delete" | "Touch" | "Increment" | "Flush" | "Persisted";
type ManyKeys = "GetMany" | "SetMany" | "DeleteMany";

function singleKeyHandlers(calls: UnaryOperations, logger: Logger): Pick<CacheHandlers, SingleKey> {
  return {
    Get: unary(logger, async (request, context) => {
      const { reply, answerer } = await calls.one({ kind: "GET", ...request }, context);
      return { ...reply, found: reply.value !== undefined, ...answerer };
    }),
    Set: unary(logger, async (request, context) => {
      const { reply, answerer } = await calls.one({ kind: "SET", ...request }, context);
      return { ...reply, ...answerer };
    }),
    Delete: unary(logger, async (request, context) => {
      const { reply, answerer } = await calls.one({ kind: "DELETE", ...request }, context);
      return { ...reply, ...answerer };
    }),
    Touch: unary(logger, async (request, context) => {
      const { reply, answerer } = await calls.one({ kind: "TOUCH", ...request }, context);
      return { ...reply, found: reply.outcome === "APPLIED", ...answerer };
    }),
    Increment: unary(logger, async (request, context) => {
      const { reply, answerer } = await calls.one({ kind: "INCREMENT", ...request }, context);
      return { ...reply, value: Number(reply.value?.toString("latin1")), ...answerer };
    }),
    Flush: unary(logger, async (request, context) => {
      checkNamesKey(request);
      const { reply, answerer } = await calls.waiting({ kind: "FLUSH", ...request }, context);
      return { ...reply, ...answerer };
    }),
    Persisted: unary(logger, async (request, context) => {
      const { reply, answerer } = await calls.waiting({ kind: "PERSISTED", ...request }, context);
      return { ...reply, persisted: reply.outcome === "APPLIED", ...answerer };
    }),
  };
}

function manyKeysHandlers(calls: UnaryOperations, logger: Logger): Pick<CacheHandlers, ManyKeys> {
  return {
    GetMany: unary(logger, ({ cache, keys }, context) =>
      calls.many(
        keys.map((key): StatedOperation => ({ kind: "GET", cache, key })),
        context,
      ),
    ),
    SetMany: unary(logger, ({ cache, items, ttlMs }, context) => {
      const shared = { kind: "SET", cache, ...(ttlMs !== undefined && { ttlMs }) } as const;
      return calls.many(
        items.map((item): StatedOperation => ({ ...shared, ...item })),
        context,
      );
    }),
    DeleteMany: unary(logger, ({ cache, keys }, context) =>
      calls.many(
        keys.map((key): StatedOperation => ({ kind: "DELETE", cache, key })),
        context,
      ),
    ),
  };
}

/** A flush without a key is of everything on one node, here the one that happens to take the call. */
function checkNamesKey({ key }: { readonly key: Buffer }): void {
  if (key.length > 0) return;
  const problem = "Flush needs a key; whole caches are flushed by the SDK or by `holdfast flush`";
  throw new CacheError("INVALID_ARGUMENT", problem);
}
