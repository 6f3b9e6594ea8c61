/**
 * The `Admin` service: definitions of caches, and the state of the cluster. Any coordinator serves
 * it, leading or not: what it writes is guarded by the revisions of what it read.
 */
import { CacheError, type Logger } from "@holdfast/core";
import {
  CACHE_NAME,
  CACHES_PREFIX,
  DatabaseError,
  decodeCache,
  type Registry,
  RegistryUnavailableError,
  unary,
} from "@holdfast/process";
import type {
  AdminHandlers,
  ApplyCachesRequest__Output,
  ApplyCachesResponse,
  CacheDefinition,
  ListCachesRequest__Output,
  ListCachesResponse,
  StatusRequest__Output,
  StatusResponse,
  TopologyView,
} from "@holdfast/proto";
import { z } from "zod";
import {
  CACHE_IDS_KEY,
  type PlannedCache,
  type PresentCaches,
  planCaches,
} from "../state/caches.js";
import type { RegistryView, Stored } from "../state/registry-view.js";
import type { CacheIdStore } from "../state/stores.js";

export interface AdminParts {
  readonly registry: Registry;
  readonly view: RegistryView;
  readonly topologyView: () => TopologyView | undefined;
  readonly isLeading: () => boolean;
  /** `undefined` without a database. */
  readonly cacheIds: CacheIdStore | undefined;
  readonly logger: Logger;
}

/** How often a change that others got ahead of is tried again. */
const MAX_ATTEMPTS = 5;

export function createAdminService(parts: AdminParts): AdminHandlers {
  const { logger } = parts;
  return {
    ApplyCaches: unary<ApplyCachesRequest__Output, ApplyCachesResponse>(logger, ({ caches }) =>
      withRegistry(() => applyCaches(parts, caches)),
    ),
    ListCaches: unary<ListCachesRequest__Output, ListCachesResponse>(logger, () =>
      withRegistry(async () => {
        const { caches } = await readCaches(parts.registry);
        const sorted = [...caches].sort(([a], [b]) => (a < b ? -1 : 1));
        return { caches: sorted.map(([name, { value }]) => toDefinition(name, value)) };
      }),
    ),
    Status: unary<StatusRequest__Output, StatusResponse>(logger, async () => status(parts)),
  };
}

async function applyCaches(
  { registry, cacheIds, logger }: AdminParts,
  inputs: ApplyCachesRequest__Output["caches"],
): Promise<ApplyCachesResponse> {
  /** Of an earlier attempt whose outcome is unknown: what it meant to write. */
  let attempted: readonly PlannedCache[] = [];
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const present = await readCaches(registry);
    const assigned = await assignedIds(inputs, present, cacheIds);
    const plan = planCaches(inputs, { ...present, assigned });
    const caches = plan.caches.map((planned) => ownChange(planned, attempted));
    if (plan.writes.length === 0) return toResponse(caches);
    try {
      const { succeeded } = await registry.transact(plan.compares, plan.writes);
      if (succeeded) {
        logger.info(
          { caches: plan.caches.map(({ name, change }) => ({ name, change })) },
          "caches applied",
        );
        return toResponse(caches);
      }
    } catch (error) {
      if (!(error instanceof RegistryUnavailableError)) throw error;
      attempted = plan.caches;
    }
  }
  throw new CacheError("UNAVAILABLE", "the caches could not be written; apply them again");
}

/** A cache that is unchanged because an attempt without an answer had been made was changed by it. */
function ownChange(planned: PlannedCache, attempted: readonly PlannedCache[]): PlannedCache {
  const before = attempted.find(({ name }) => name === planned.name);
  const isOwn =
    planned.change === "UNCHANGED" &&
    before?.record.id === planned.record.id &&
    before.record.revision === planned.record.revision;
  return isOwn ? before : planned;
}

/** The ids that the database has for caches which the registry does not know. */
async function assignedIds(
  inputs: ApplyCachesRequest__Output["caches"],
  present: RegisteredCaches,
  cacheIds: CacheIdStore | undefined,
): Promise<ReadonlyMap<string, number>> {
  const names = inputs.map(({ name }) => name).filter((name) => CACHE_NAME.test(name));
  const unknown = [...new Set(names)].filter((name) => !present.caches.has(name));
  if (cacheIds === undefined || unknown.length === 0) return new Map();
  // So that wrong definitions take no ids.
  planCaches(inputs, { ...present, assigned: new Map() });
  try {
    const known = new Map([...present.caches].map(([name, { value }]) => [name, value.id]));
    return await cacheIds.assign(unknown, known);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    const problem = `the new caches cannot be given ids: ${error.message}; apply them again`;
    throw new CacheError("UNAVAILABLE", problem, { cause: error });
  }
}

type RegisteredCaches = Omit<PresentCaches, "assigned">;

const cacheIdsSchema = z.object({ highest: z.int().min(0) });

/** Read, and not taken from the view, which may lag. */
async function readCaches(registry: Registry): Promise<RegisteredCaches> {
  // The ids first: whoever creates a cache in between writes them too, so that our own transaction,
  // which compares them, is refused and tried again.
  const ids = await registry.get(CACHE_IDS_KEY);
  const { entries } = await registry.list(CACHES_PREFIX);
  const caches = new Map<string, Stored<ReturnType<typeof decodeCache>>>();
  for (const [key, { value, createRevision, modRevision, leaseId }] of entries) {
    const name = key.slice(CACHES_PREFIX.length);
    caches.set(name, { value: decodeCache(value), createRevision, modRevision, leaseId });
  }
  const highestUsed = Math.max(0, ...[...caches.values()].map(({ value }) => value.id));
  const recorded =
    ids === undefined ? 0 : cacheIdsSchema.parse(JSON.parse(String(ids.value))).highest;
  return {
    caches,
    highestId: Math.max(recorded, highestUsed),
    idsModRevision: ids?.modRevision ?? 0,
  };
}

function status({ view, topologyView, isLeading }: AdminParts): StatusResponse {
  const live = [...(view.state?.members.values() ?? [])].map(({ value }) => value);
  return {
    view: topologyView() ?? null,
    leading: isLeading(),
    liveNodes: live.map(({ nodeId, incarnation, topologyEpoch }) => ({
      nodeId,
      incarnation,
      topologyEpoch,
    })),
  };
}

function toResponse(caches: readonly PlannedCache[]): ApplyCachesResponse {
  return {
    applied: caches.map(({ name, record, change }) => ({
      cache: toDefinition(name, record),
      change,
    })),
  };
}

function toDefinition(name: string, record: PlannedCache["record"]): CacheDefinition {
  const { id, revision, config } = record;
  return { name, id, revision, configJson: JSON.stringify(config) };
}

/** Reads that fail leave nothing behind; what a failed write means is said by its caller. */
async function withRegistry<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RegistryUnavailableError)) throw error;
    throw new CacheError("UNAVAILABLE", "the registry does not answer", { cause: error });
  }
}
