/** What nodes and coordinators ask of this node. Decodes, delegates, encodes. */
import type { Clock, Logger } from "@holdfast/core";
import { unary } from "@holdfast/process";
import type {
  Operation__Output,
  PeerHandlers,
  ReleaseRequest__Output,
  ReleaseResponse,
  Reply,
} from "@holdfast/proto";
import { withinOneMessage } from "./bounded-replies.js";
import { type RequestContext, requestContext } from "./request-context.js";

export interface PeerBackend {
  /** Carries out an operation here, or says who owns it; it is not passed on. */
  execute(operation: Operation__Output, request: RequestContext): Reply | Promise<Reply>;
  release(request: ReleaseRequest__Output): Promise<NonNullable<ReleaseResponse["results"]>>;
}

export function createPeerService(
  backend: PeerBackend,
  clock: Clock,
  logger: Logger,
): PeerHandlers {
  return {
    Forward: unary(logger, async ({ epoch, budgetMs, operations }) => {
      const request = requestContext(clock, epoch, budgetMs);
      const replies = operations.map((operation) => backend.execute(operation, request));
      return { replies: withinOneMessage(await Promise.all(replies)) };
    }),
    Release: unary(logger, async (request) => ({
      epoch: request.epoch,
      results: await backend.release(request),
    })),
  };
}
