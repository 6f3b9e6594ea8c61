/** Has a node drained, and follows how far it is. */
import type { ServiceError } from "@grpc/grpc-js";
import { CacheError } from "@holdfast/core";
import { type DrainProgress__Output, fromServiceError, NodeAdmin } from "@holdfast/proto";
import { makeClient } from "./unary.js";

/**
 * Resolves with what remained when the node is done and about to leave.
 *
 * @throws {CacheError} what the node answered; `UNAVAILABLE` when its connection ends before it is
 *   done: whatever it began, it goes on with if it can.
 */
export async function drainNode(
  { nodeId, address }: { readonly nodeId: string; readonly address: string },
  onProgress: (progress: DrainProgress__Output) => void,
): Promise<DrainProgress__Output> {
  const client = makeClient(NodeAdmin, address);
  try {
    return await new Promise((resolve, reject) => {
      const stream = client.drain({ nodeId });
      stream.on("data", (progress: DrainProgress__Output) => {
        if (progress.done) resolve(progress);
        else onProgress(progress);
      });
      stream.on("error", (error: ServiceError) => reject(fromServiceError(error)));
      stream.on("end", () => {
        const problem = `${nodeId} went away before it was done; see its log`;
        reject(new CacheError("UNAVAILABLE", problem));
      });
    });
  } finally {
    client.close();
  }
}
