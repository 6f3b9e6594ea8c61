/**
 * The two streams of the etcd protocol that the registry uses, described by their shape because
 * only etcd-registry.ts imports the client: a watch, and one renewal of a lease.
 *
 * Both end their sending side before they are cancelled. The client takes an error on a stream
 * that is still writable for a failure of the host, and would drop its connections.
 */
import { InterceptingCall, type Interceptor } from "@grpc/grpc-js";
import { type EventMessage, type KeySpace, remainingTtlMs } from "./etcd-messages.js";
import { prefixRange } from "./key-range.js";
import type { ChangeListener, ChangeStream } from "./watcher.js";

/** The part of a gRPC stream in use. */
export interface DuplexStream<Sent, Received> {
  on(event: "data", listener: (message: Received) => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  write(message: Sent): void;
  end(): void;
  cancel(): void;
}

export interface WatchRequest {
  readonly create_request: {
    readonly key: Buffer;
    readonly range_end: Buffer;
    readonly start_revision: number;
  };
}

export interface WatchResponse {
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compact_revision: string;
  readonly cancel_reason: string;
  readonly events: EventMessage[];
}

export interface RenewalResponse {
  readonly TTL: string;
}

/**
 * Asks a member of etcd to end the stream when it loses its leader. Without it, a member that is
 * cut off from the others keeps its watchers waiting in silence. The client has no option for it.
 */
export const requireLeader: Interceptor = (options, nextCall) =>
  new InterceptingCall(nextCall(options), {
    start(metadata, listener, next) {
      metadata.set("hasleader", "true");
      next(metadata, listener);
    },
  });

export interface WatchStreamOptions {
  /** Opens the gRPC stream. */
  readonly open: () => Promise<DuplexStream<WatchRequest, WatchResponse>>;
  readonly keys: KeySpace;
  readonly prefix: string;
  readonly fromRevision: number;
  readonly listener: ChangeListener;
}

/** Watches the keys under a prefix. It never throws; whatever goes wrong is reported as broken. */
export function openChangeStream(options: WatchStreamOptions): ChangeStream {
  const { keys, prefix, fromRevision, listener } = options;
  let closed = false;
  let stream: DuplexStream<WatchRequest, WatchResponse> | undefined;
  const close = () => {
    closed = true;
    stream?.end();
    stream?.cancel();
    stream = undefined;
  };
  const fail = (reason: Error) => {
    if (closed) return;
    close();
    listener.onBroken(reason);
  };
  const receive = (response: WatchResponse) => {
    if (closed) return;
    // The reason may be empty, for one after a compaction.
    if (response.canceled) {
      const { compact_revision, cancel_reason } = response;
      fail(new Error(`watch cancelled: ${cancel_reason}, compacted to ${compact_revision}`));
      return;
    }
    if (response.created) listener.onOpen();
    if (response.events.length > 0)
      listener.onChanges(response.events.map((e) => keys.toChange(e)));
  };
  options.open().then((opened) => {
    opened.on("data", receive);
    opened.on("error", fail);
    opened.on("end", () => fail(new Error("the registry ended the watch")));
    stream = opened;
    if (closed) return close();
    const range = prefixRange(keys.prefix + prefix);
    opened.write({ create_request: { ...range, start_revision: fromRevision } });
  }, fail);
  return { close };
}

/**
 * Sends one renewal and returns the lease's new time to live in milliseconds.
 *
 * @throws {LeaseGoneError} when the registry says so; the stream's own error when it failed.
 */
export function renewOnce(
  stream: DuplexStream<{ readonly ID: string }, RenewalResponse>,
  leaseId: string,
): Promise<number> {
  const answer = new Promise<string>((resolve, reject) => {
    stream.on("data", (response) => {
      stream.end();
      resolve(response.TTL);
    });
    stream.on("error", reject);
    stream.on("end", () => reject(new Error("the registry ended the renewal without an answer")));
    stream.write({ ID: leaseId });
  });
  return answer.then((ttlSeconds) => remainingTtlMs(leaseId, ttlSeconds));
}
