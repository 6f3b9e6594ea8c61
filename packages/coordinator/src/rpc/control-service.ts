/**
 * The `Control` service: what nodes and launchers tell the leader. Coordinators that do not lead
 * refuse and name the one that does.
 */
import { CacheError, type Incarnation, type Logger, MAX_TERM } from "@holdfast/core";
import {
  type CallContext,
  decodeMember,
  MEMBERS_PREFIX,
  type Registry,
  RegistryUnavailableError,
  unary,
} from "@holdfast/process";
import type {
  ControlHandlers,
  ProposeInSyncRequest__Output,
  ProposeInSyncResponse,
  RemoveInSyncRequest__Output,
  RemoveInSyncResponse,
  ReportExitRequest__Output,
  ReportExitResponse,
  ReportFencedRequest__Output,
  ReportFencedResponse,
  RequestTermRequest__Output,
  RequestTermResponse,
} from "@holdfast/proto";
import type { Requests } from "../leading/requests.js";

export interface ControlParts {
  readonly registry: Registry;
  readonly requests: Requests;
  readonly noteExit: (incarnation: Incarnation) => void;
  readonly isLeading: () => boolean;
  /** `host:port` of the leader, where one is known. */
  readonly leaderAddress: () => string | undefined;
  readonly logger: Logger;
}

/** Answers come this much before the caller stops waiting. */
const ANSWER_MARGIN_MS = 100;
const MAX_EXIT_ATTEMPTS = 3;

export function createControlService(parts: ControlParts): ControlHandlers {
  const { logger, requests } = parts;
  return {
    ReportExit: unary<ReportExitRequest__Output, ReportExitResponse>(logger, async (request) => {
      requireLeading(parts);
      return { removed: await reportExit(parts, request) };
    }),
    RequestTerm: unary<RequestTermRequest__Output, RequestTermResponse>(
      logger,
      async ({ incarnation, partition, term, minTerm }, context) => {
        requireLeading(parts);
        if (Math.max(term + 1, minTerm) >= MAX_TERM) {
          throw new CacheError("INVALID_ARGUMENT", `terms end below ${MAX_TERM}`);
        }
        await withinTime(context, (signal) =>
          requests.askForTerm({ incarnation, partition, term, minTerm }, signal),
        );
        return {};
      },
    ),
    ProposeInSync: unary<ProposeInSyncRequest__Output, ProposeInSyncResponse>(
      logger,
      async (proposals, context) => {
        requireLeading(parts);
        await withinTime(context, (signal) => requests.proposeInSync(proposals, signal));
        return {};
      },
    ),
    RemoveInSync: unary<RemoveInSyncRequest__Output, RemoveInSyncResponse>(
      logger,
      async (removals, context) => {
        requireLeading(parts);
        const remove = (signal: AbortSignal) => requests.removeInSync(removals, signal);
        return { epoch: await withinTime(context, remove) };
      },
    ),
    ReportFenced: unary<ReportFencedRequest__Output, ReportFencedResponse>(
      logger,
      async ({ fenced }, context) => {
        requireLeading(parts);
        await withinTime(context, (signal) => requests.reportFenced(fenced, signal));
        return {};
      },
    ),
  };
}

function requireLeading({ isLeading, leaderAddress }: ControlParts): void {
  if (isLeading()) return;
  const address = leaderAddress();
  const leader = address === undefined ? "no coordinator leads now" : `${address} leads`;
  throw new CacheError("UNAVAILABLE", `this coordinator does not lead; ${leader}`);
}

/**
 * Deletes the registration of an incarnation whose process has exited. The key may hold another
 * one already: that is proof enough, and the key is left alone.
 */
async function reportExit(
  { registry, noteExit, logger }: ControlParts,
  { nodeId, incarnation }: ReportExitRequest__Output,
): Promise<boolean> {
  if (nodeId === "" || incarnation === "") {
    throw new CacheError("INVALID_ARGUMENT", "node_id and incarnation are required");
  }
  const key = `${MEMBERS_PREFIX}${nodeId}`;
  for (let attempt = 0; attempt < MAX_EXIT_ATTEMPTS; attempt++) {
    try {
      const entry = await registry.get(key);
      const isRegistered =
        entry !== undefined && decodeMember(entry.value).incarnation === incarnation;
      if (!isRegistered) {
        noteExit(incarnation);
        // After an attempt without an answer, its being gone is that attempt's doing.
        return attempt > 0;
      }
      // First, so that whoever sees it vanish knows why.
      noteExit(incarnation);
      const { succeeded } = await registry.transact(
        [{ key, target: "mod", equals: entry.modRevision }],
        [{ key, delete: true }],
      );
      if (succeeded) {
        logger.info({ nodeId, incarnation }, "member removed after its exit was reported");
        return true;
      }
    } catch (error) {
      if (!(error instanceof RegistryUnavailableError)) throw error;
    }
  }
  throw new CacheError("UNAVAILABLE", "the exit could not be recorded; report it again");
}

/** Runs what waits for a publish so that it ends before the caller stops waiting. */
async function withinTime<Answer>(
  { signal, deadlineMs, clock }: CallContext,
  work: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const timeUp = new AbortController();
  const budgetMs = Math.max(0, deadlineMs - clock.monotonic() - ANSWER_MARGIN_MS);
  const cancel = clock.after(budgetMs, () => timeUp.abort(new Error("no time left")));
  try {
    return await work(AbortSignal.any([signal, timeUp.signal]));
  } finally {
    cancel();
  }
}
