/**
 * Connects a client: puts its parts together, and waits for the first view of the cluster.
 */
import { randomUUID } from "node:crypto";
import { CacheError, systemClock } from "@holdfast/core";
import type { Operation } from "@holdfast/proto";
import { CompressingOperations } from "./cache/compressing-operations.js";
import { Loads } from "./cache/loads.js";
import { AbortListeners } from "./calls/abort-listeners.js";
import type { CallContext, Detour } from "./calls/call.js";
import { Flight } from "./calls/flight.js";
import { Operations } from "./calls/operations.js";
import { PlainOperation } from "./calls/plain-operation.js";
import { RetryBudget } from "./calls/retry-budget.js";
import { Tally } from "./calls/tally.js";
import { Watch } from "./calls/watch.js";
import { clientStats } from "./client-stats.js";
import { type Cluster, ConnectedCluster } from "./cluster.js";
import { type ClientOptions, type ConnectOptions, parseOptions } from "./options.js";
import type { ClusterView } from "./routing/cluster-view.js";
import { Members } from "./routing/members.js";
import { Router, type Target } from "./routing/router.js";
import { Terms } from "./routing/terms.js";
import { TopologyFollower } from "./routing/topology-follower.js";
import { GrpcConnections } from "./transport/connections.js";
import { canRelay } from "./transport/relay.js";
import type { Wire } from "./transport/wire.js";

/**
 * Connects to a cluster. Resolves when one of the seeds, or a node that a seed led to, has told
 * the topology; connections to the nodes are made when they are first needed.
 *
 * Seeds that do not answer are tried again until the `timeout` is over, so a service may start
 * before its cluster.
 *
 * @throws {CacheError}
 *   - `INVALID_ARGUMENT`: an option is out of range (the message names every problem), or a seed
 *     belongs to another cluster than `clusterId`, or to one that needs a newer client.
 *   - `UNAVAILABLE`: no seed led to a cluster within `timeout`; the message says why for each.
 *   - the reason of `signal` when it aborts.
 *
 * @example
 * ```ts
 * await using cluster = await connect({ seeds: ["localhost:7400"] });
 * const products = cluster.cache<Product>("products");
 * await products.set("42", laptop, { ttl: "5m" });
 * ```
 */
export async function connect(options: ConnectOptions): Promise<Cluster> {
  const checked = parseOptions(options);
  const { seeds, clusterId, clock, random, logger, channelCredentials } = checked;
  // gRPC keeps its own timers, by the system's clock, whatever clock a test brings.
  const wire = new GrpcConnections(systemClock, channelCredentials);
  const follower = new TopologyFollower(wire, { seeds, clusterId }, clock, random, logger);
  try {
    const first = await firstView(follower, checked);
    // A second view may have come in the same packet as the first.
    return assemble(follower.view ?? first, follower, wire, checked);
  } catch (error) {
    follower.stop();
    wire.close();
    throw error;
  }
}

function firstView(
  follower: TopologyFollower,
  { timeoutMs, clock, signal }: ClientOptions,
): Promise<ClusterView> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = () => settle(() => reject(signal?.reason));
    const cancelTimeout = clock.after(timeoutMs, () =>
      settle(() => {
        const message = `no cluster within ${timeoutMs} ms at ${follower.failures}`;
        reject(new CacheError("UNAVAILABLE", message));
      }),
    );
    const stopListening = follower.onChange((view) => settle(() => resolve(view)));
    signal?.addEventListener("abort", onAbort, { once: true });
    function settle(finish: () => void): void {
      cancelTimeout();
      stopListening();
      signal?.removeEventListener("abort", onAbort);
      finish();
    }
    follower.start((error) => settle(() => reject(error)));
  });
}

function assemble(
  view: ClusterView,
  follower: TopologyFollower,
  wire: Wire,
  options: ClientOptions,
): Cluster {
  const { clock, random, logger, timeoutMs, waitForReady, observer } = options;
  let router = new Router(view.config, view.topology);
  const terms = new Terms(view.config.partitions);
  terms.raise(view.topology);
  const flight = new Flight(options.flight);
  const members = new Members(
    wire,
    {
      clusterId: view.config.clusterId,
      clientId: randomUUID(),
      bounds: options.batch,
      epoch: () => router.epoch,
      inFlight: () => flight.operations,
      onFailure: (address) => follower.suspect(address),
      onOpen: (target) => observer?.connectionOpened(target),
      onClosed: (target, error) => observer?.connectionClosed(target, error),
    },
    clock,
    random,
    logger,
  );
  // First among the listeners: the calls that wait for a topology must find the new router.
  follower.onChange(({ config, topology }) => {
    router = new Router(config, topology);
    terms.raise(topology);
    members.retain(router);
    observer?.topologyChanged(topology.epoch);
  });
  const aborts = new AbortListeners();
  const budget = new RetryBudget(clock);
  const tally = new Tally();
  const context: CallContext = {
    clock,
    random,
    budget,
    tally,
    router: () => router,
    wellKnownPipeTo: (target) => members.wellKnownPipeTo(target),
    pipeTo: (target, epoch, mayProbe) => members.pipeTo(target, epoch, mayProbe),
    detour: (target, operation) => detour(target, operation, members, router, wire),
    expectEpoch: (epoch) => follower.expect(epoch),
    onAbort: (signal, callback) => aborts.add(signal, callback),
    onNextTopology: (callback) => follower.onChange(callback),
    isFromFormerOwner: (partition, term) => terms.isFromFormerOwner(partition, term),
    suspect(target) {
      follower.suspect(target.address);
      members.suspect(target);
    },
    doubtTopology: () => follower.doubt(),
  };
  const closing = new AbortController();
  const loads = new Loads(options.flight.maxOperations, aborts);
  const operations = new Operations(context, flight, new Watch(tally, clock, observer));
  return new ConnectedCluster({
    operations,
    compressing: new CompressingOperations(operations, clock),
    compression: options.compression,
    loads,
    aborts,
    wire,
    clock,
    random,
    logger,
    timeoutMs,
    waitForReady,
    maxInFlight: options.flight.maxOperations,
    closing: closing.signal,
    router: () => router,
    view: () => follower.view ?? view,
    clientStats: () => clientStats({ budget, tally, flight, loads, members, router }),
    abort: (reason) => closing.abort(reason),
    disconnect(reason) {
      follower.stop();
      members.close(reason);
      wire.close();
    },
  });
}

/** Through another node, as long as the target cannot be reached. */
function detour(
  target: Target,
  operation: Operation | PlainOperation,
  members: Members,
  router: Router,
  wire: Wire,
): Detour | undefined {
  if (!canRelay(operation.kind) || !members.isUnreachable(target)) return undefined;
  const via = members.another(target, router);
  if (via === undefined) return undefined;
  const relayed = operation instanceof PlainOperation ? operation.toOperation() : operation;
  return (budgetMs, begin) => wire.relay(via.address, relayed, budgetMs, begin);
}
