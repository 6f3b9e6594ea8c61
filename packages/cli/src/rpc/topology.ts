/**
 * Reads a cluster's topology from any of its processes, once or until it has a wanted form. The
 * SDK follows the topology by itself; commands and the local cluster use this.
 */
import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { CacheError, type Clock, type Incarnation, type Topology } from "@holdfast/core";
import {
  fromServiceError,
  Topology as TopologyClientClass,
  type TopologyView__Output,
  topologyFromMessage,
} from "@holdfast/proto";
import { makeClient } from "./unary.js";

export interface View {
  readonly clusterId: string;
  readonly partitions: number;
  readonly hashSeed: number;
  /** `undefined` until the first is published. */
  readonly topology: Topology | undefined;
  /** `host:port` of the leading coordinator; `undefined` while none is known. */
  readonly coordinatorAddress: string | undefined;
}

export interface ViewOptions {
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/**
 * The present view of the first address that answers.
 *
 * @throws {CacheError} `UNAVAILABLE` naming the addresses when none does.
 */
export async function readView(addresses: readonly string[], options: ViewOptions): Promise<View> {
  const failures: string[] = [];
  for (const address of addresses) {
    try {
      return await awaitView(address, () => true, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      failures.push(`${address} (${CacheError.from(error).message})`);
    }
  }
  throw new CacheError("UNAVAILABLE", `no cluster answers at ${failures.join(", ")}`);
}

/**
 * Watches one process until its view is as wanted.
 *
 * @throws {CacheError} `DEADLINE_EXCEEDED` when it is not within the time, or what ended the watch.
 */
export function awaitView(
  address: string,
  isWanted: (view: View) => boolean,
  options: ViewOptions,
): Promise<View> {
  const client = makeClient(TopologyClientClass, address);
  const stream = client.watch({});
  return new Promise<View>((resolve, reject) => {
    const cancelTimer = options.clock.after(options.timeoutMs, () => {
      reject(new CacheError("DEADLINE_EXCEEDED", `no answer within ${options.timeoutMs} ms`));
    });
    const onAbort = () => reject(options.signal?.reason);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    follow(stream, (message) => {
      const view = viewFromMessage(message);
      if (isWanted(view)) resolve(view);
    }).then(
      () => reject(new CacheError("UNAVAILABLE", "the watch ended")),
      (error: unknown) => reject(error),
    );
    stream.on("close", () => {
      cancelTimer();
      options.signal?.removeEventListener("abort", onAbort);
    });
  }).finally(() => {
    stream.cancel();
    client.close();
  });
}

/** Settles when the stream ends. A message that cannot be read fails it like a broken connection. */
function follow(
  stream: ClientReadableStream<TopologyView__Output>,
  onMessage: (message: TopologyView__Output) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.on("data", (message: TopologyView__Output) => {
      try {
        onMessage(message);
      } catch (error) {
        reject(error);
      }
    });
    stream.on("error", (error: ServiceError) => reject(fromServiceError(error)));
    stream.on("end", resolve);
  });
}

function viewFromMessage(message: TopologyView__Output): View {
  return {
    clusterId: message.config?.clusterId ?? "",
    partitions: message.config?.partitions ?? 0,
    hashSeed: message.config?.hashSeed ?? 0,
    topology: message.topology ? topologyFromMessage(message.topology) : undefined,
    coordinatorAddress: message.coordinatorAddress === "" ? undefined : message.coordinatorAddress,
  };
}

/** How many partitions each incarnation owns. */
export function ownedPartitions(topology: Topology): ReadonlyMap<Incarnation, number> {
  const counts = new Map<Incarnation, number>();
  for (const { owner } of topology.partitions) {
    if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return counts;
}

/**
 * Whether exactly these incarnations share the partitions, evenly, all their backups are in sync, and
 * nothing is on the move.
 * Members are taken to have equal weights, as those of a local cluster have.
 */
export function isSettled(topology: Topology, incarnations: readonly Incarnation[]): boolean {
  const counts = ownedPartitions(topology);
  const fairShare = topology.partitions.length / incarnations.length;
  return (
    topology.partitions.every(
      ({ owner, moveTo, backups, inSync }) =>
        owner !== undefined &&
        moveTo === undefined &&
        backups.every((backup) => inSync.includes(backup)),
    ) &&
    counts.size === incarnations.length &&
    incarnations.every((incarnation) => {
      const owned = counts.get(incarnation);
      return owned !== undefined && Math.abs(owned - fairShare) <= 1;
    })
  );
}
