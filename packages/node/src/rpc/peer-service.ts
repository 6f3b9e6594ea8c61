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
import {
  fromMessage,
  type JournalRecord,
  OUTCOMES,
  type ReplayOutcome,
} from "./journal-records.js";
import type { ReplicaStreams } from "./replica-service.js";
import { type RequestContext, requestContext } from "./request-context.js";

export interface PeerBackend {
  /** Carries out an operation here, or says who owns it; it is not passed on. */
  execute(operation: Operation__Output, request: RequestContext): Reply | Promise<Reply>;
  release(request: ReleaseRequest__Output): Promise<NonNullable<ReleaseResponse["results"]>>;
  /** Takes over acknowledged writes out of a journal; outcomes in the order of the records. */
  replay(
    records: readonly JournalRecord[],
    request: RequestContext,
  ): Promise<readonly ReplayOutcome[]>;
}

export function createPeerService(
  backend: PeerBackend,
  replicaStreams: ReplicaStreams,
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
    Replicate: (call) => replicaStreams.accept(call),
    Replay: unary(logger, async ({ epoch, budgetMs, records }) => {
      const request = requestContext(clock, epoch, budgetMs);
      const outcomes = await backend.replay(records.map(fromMessage), request);
      return { outcomes: outcomes.map((outcome) => OUTCOMES[outcome]) };
    }),
  };
}
