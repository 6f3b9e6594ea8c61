/**
 * The unary calls of a fake node. As in a real cluster any node takes them; here it needs to pass
 * nothing on, because all nodes share one store.
 */
import type { ServerUnaryCall, ServerWritableStream, sendUnaryData } from "@grpc/grpc-js";
import { CacheError } from "@holdfast/core";
import {
  type Operation__Output,
  type Reply,
  type StatsRequest__Output,
  toStatusObject,
  type WarmProgress,
  type WarmRequest__Output,
} from "@holdfast/proto";
import type { FakeNode } from "./fake-node.js";
import type { FakeStore } from "./fake-store.js";

type KeyedRequest = Partial<Operation__Output>;
type UnaryCall<Request> = ServerUnaryCall<Request, unknown>;
type Done = sendUnaryData<unknown>;

export function unaryHandlers(
  node: FakeNode,
  store: FakeStore,
  onCall: () => void,
): Readonly<Record<string, unknown>> {
  const run =
    (kind: Operation__Output["kind"], respond: (reply: Reply) => unknown = (reply) => reply) =>
    ({ request }: UnaryCall<KeyedRequest>, done: Done): void => {
      onCall();
      // The requests carry the fields of an operation that concern them.
      const operation = { ...request, kind, id: 0 } as Operation__Output;
      const reply = store.execute(operation, 1);
      if (reply.code === "OK" || reply.code === undefined) {
        done(null, respond(reply));
      } else {
        done(toStatusObject(new CacheError(codeOf(reply), reply.message ?? "")));
      }
    };
  return {
    Get: run("GET", (reply) => ({ ...reply, found: reply.value !== undefined })),
    Set: run("SET"),
    Delete: run("DELETE"),
    Touch: run("TOUCH", (reply) => ({ ...reply, found: Number(reply.version) > 0 })),
    Increment: run("INCREMENT", (reply) => ({ ...reply, value: Number(String(reply.value)) })),
    Stats({ request }: UnaryCall<StatsRequest__Output>, done: Done): void {
      onCall();
      const cache = request.cache === "" ? "products" : request.cache;
      done(null, {
        nodeId: node.nodeId,
        incarnation: node.incarnation,
        memoryBudgetBytes: 1_000,
        ownedPartitions: 8,
        caches: [{ cache, hits: 10, misses: 1, oldestDirtyAgeMs: node.nodeId.length }],
      });
    },
    Warm(call: ServerWritableStream<WarmRequest__Output, WarmProgress>): void {
      onCall();
      const total = call.request.keys.length || call.request.limit;
      if (node.warmSteps === 0) {
        call.emit("error", toStatusObject(new CacheError("UNAVAILABLE", "going down")));
        return;
      }
      for (let step = 1; step <= node.warmSteps; step++) {
        call.write({ total, loaded: Math.floor((total * step) / node.warmSteps) });
      }
      call.end();
    },
  };
}

/** The store answers with names of codes only. */
function codeOf({ code }: Reply): CacheError["code"] {
  return code as CacheError["code"];
}
