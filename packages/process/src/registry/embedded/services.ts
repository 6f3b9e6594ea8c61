/**
 * The gRPC side of the embedded registry: takes etcd's requests apart, delegates, and puts the
 * header on every answer. It decides nothing.
 */
import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  type ServerDuplexStream,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { CacheError, type Logger } from "@holdfast/core";
import type { KeyValueStore } from "./key-value-store.js";
import type { LeaseTable } from "./lease-table.js";
import { fromStoreKey, type WatchRequest } from "./messages.js";
import type { Requests } from "./requests.js";
import { StatusError } from "./status-error.js";
import { type WatchMessage, WatchSession } from "./watch-session.js";

/** Answers that wait for a client to read them, before it is cut off. */
const MAX_WAITING_ANSWERS = 1_000;

export interface RegistryParts {
  readonly store: KeyValueStore;
  readonly leases: LeaseTable;
  readonly requests: Requests;
  readonly logger: Logger;
  /** Numbers of this run, in every header. */
  readonly clusterId: string;
  readonly memberId: string;
}

interface Header {
  readonly cluster_id: string;
  readonly member_id: string;
  readonly revision: number;
  readonly raft_term: string;
}

/** Runs synchronously, so the revision in the header is the one that the request itself made. */
type Handle<Request> = (request: Request) => object;

export function createKvService(parts: RegistryParts): UntypedServiceImplementation {
  const { store, requests } = parts;
  return {
    range: unary(parts, requests.range.bind(requests)),
    put: unary(parts, requests.put.bind(requests)),
    deleteRange: unary(parts, requests.deleteRange.bind(requests)),
    txn: unary(parts, requests.transact.bind(requests)),
    compact: unary(parts, ({ revision }: { revision: string }) => {
      store.compact(Number(revision));
      return {};
    }),
  };
}

export function createLeaseService(parts: RegistryParts): UntypedServiceImplementation {
  const { leases } = parts;
  return {
    leaseGrant: unary(parts, ({ ID, TTL }: { ID: string; TTL: string }) => {
      const granted = leases.grant(ID === "0" ? undefined : ID, Number(TTL));
      return { ID: granted.id, TTL: granted.ttlSeconds };
    }),
    leaseRevoke: unary(parts, ({ ID }: { ID: string }) => {
      leases.revoke(ID);
      return {};
    }),
    leaseTimeToLive: unary(parts, ({ ID, keys }: { ID: string; keys: boolean }) => {
      const lease = leases.get(ID);
      if (lease === undefined) return { ID, TTL: -1 };
      const attached = keys ? [...lease.keys].map(fromStoreKey) : [];
      return { ID, TTL: lease.remainingSeconds, grantedTTL: lease.ttlSeconds, keys: attached };
    }),
    leaseLeases: unary(parts, () => ({ leases: leases.ids.map((ID) => ({ ID })) })),
    leaseKeepAlive: keepAlive(parts),
  };
}

export function createWatchService(parts: RegistryParts): UntypedServiceImplementation {
  return { watch: watch(parts) };
}

function keepAlive(parts: RegistryParts): handleBidiStreamingCall<{ ID: string }, object> {
  return (call) => {
    call.on("data", ({ ID }) => {
      const answer = { header: header(parts), ID, TTL: parts.leases.renew(ID) };
      sendOrCut(call, answer);
    });
    endWithClient(call, () => {});
  };
}

function watch(parts: RegistryParts): handleBidiStreamingCall<WatchRequest, object> {
  return (call) => {
    const session = new WatchSession(parts.store, (message: WatchMessage) =>
      sendOrCut(call, { header: header(parts), ...message }),
    );
    call.on("data", ({ create_request, cancel_request, progress_request }) => {
      if (create_request !== undefined) session.create(create_request);
      if (cancel_request !== undefined) session.cancel(cancel_request.watch_id);
      if (progress_request !== undefined) session.reportProgress();
    });
    endWithClient(call, () => session.close());
  };
}

function endWithClient<Request>(
  call: ServerDuplexStream<Request, object>,
  onEnd: () => void,
): void {
  call.on("end", () => {
    onEnd();
    call.end();
  });
  call.on("cancelled", onEnd);
  call.on("error", onEnd);
}

function sendOrCut<Request>(call: ServerDuplexStream<Request, object>, answer: object): void {
  if (call.cancelled || call.writableEnded || call.destroyed) return;
  if (call.writableLength < MAX_WAITING_ANSWERS) {
    call.write(answer);
    return;
  }
  call.emit("error", {
    code: status.RESOURCE_EXHAUSTED,
    details: `${MAX_WAITING_ANSWERS} answers were not read`,
  });
}

function unary<Request>(
  parts: RegistryParts,
  handle: Handle<Request>,
): handleUnaryCall<Request, object> {
  return (call, callback) => {
    try {
      const answer = handle(call.request);
      callback(null, { header: header(parts), ...answer });
    } catch (error) {
      if (error instanceof StatusError) {
        callback({ code: error.code, details: error.message });
        return;
      }
      parts.logger.error({ err: error, path: call.getPath() }, "registry request failed");
      callback({ code: status.INTERNAL, details: CacheError.from(error).message });
    }
  };
}

function header({ store, clusterId, memberId }: RegistryParts): Header {
  return {
    cluster_id: clusterId,
    member_id: memberId,
    revision: store.revision,
    raft_term: "1",
  };
}
