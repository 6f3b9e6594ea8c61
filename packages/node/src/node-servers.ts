/** The node's three ports: for clients, for other nodes and coordinators, for probes and metrics. */
import { createTopologyService, GrpcServer, OpsServer, type Readiness } from "@holdfast/process";
import {
  Cache as CacheRpc,
  type MissRatioCurve as CurveMessage,
  NodeAdmin as NodeAdminRpc,
  type Operation__Output,
  Operator as OperatorRpc,
  Peer as PeerRpc,
  type StatsRequest__Output,
  type StatsResponse,
  Topology as TopologyRpc,
} from "@holdfast/proto";
import { toLetterMessage } from "./cache/operator-operations.js";
import { PlainOperations } from "./cache/plain-operations.js";
import type { MissRatioCurve } from "./curve/miss-ratio-curve.js";
import type { DeadLetterStore } from "./database/dead-letters.js";
import type { Drain } from "./drain.js";
import { MAX_MESSAGE_BYTES, type NodeInputs, type NodeParts } from "./node-parts.js";
import { createMetrics } from "./ops/metrics.js";
import { curveFigures, figuresOf } from "./ops/node-stats.js";
import { createCacheService } from "./rpc/cache-service.js";
import { createNodeAdminService } from "./rpc/node-admin-service.js";
import { createOperatorService, type Letters } from "./rpc/operator-service.js";
import { createPeerService } from "./rpc/peer-service.js";
import { Pipes } from "./rpc/pipe.js";
import { ReplicaStreams } from "./rpc/replica-service.js";
import { type RequestContext, requestContext } from "./rpc/request-context.js";

export interface NodeServers {
  readonly data: GrpcServer;
  readonly peer: GrpcServer;
  readonly ops: OpsServer;
}

export function createServers(inputs: NodeInputs, parts: NodeParts, drain: Drain): NodeServers {
  const { options, cluster, clock, logger, onDrained } = inputs;
  const { caches, operations, ownership, router, warming, releases, replays, topology } = parts;
  const { host, dataPort, peerPort } = options.listen;
  const identity = () => ({
    nodeId: options.nodeId,
    incarnation: ownership.incarnation,
    epoch: ownership.epoch,
  });
  const execute = (operation: Operation__Output, request: RequestContext) =>
    operations.execute(operation, request);
  const plain = new PlainOperations({ caches, ownership, placement: cluster, clock });
  const pipes = new Pipes({
    clusterId: cluster.clusterId,
    identity,
    begin: (batch) => plain.begin(batch),
    answerPlain: (batch, index, replies) => plain.answer(batch, index, replies),
    execute,
    requestContext: (epoch, budgetMs, atMs) => requestContext(clock, epoch, budgetMs, atMs),
    clock,
  });
  const replicaStreams = new ReplicaStreams(parts.replicas, logger);
  const backend = {
    identity,
    executeAll: router.executeAll.bind(router),
    clear: router.clear.bind(router),
    warm: warming.warm.bind(warming),
    stats: (request: StatsRequest__Output) => statsOf(request, identity(), parts),
    letters: lettersOf(parts.deadLetters),
  };
  const shared = {
    host,
    logger,
    clock,
    reflection: options.reflection,
    maxMessageBytes: MAX_MESSAGE_BYTES,
  };
  return {
    data: new GrpcServer({
      ...shared,
      name: "data port",
      port: dataPort,
      services: [
        {
          definition: CacheRpc.service,
          handlers: createCacheService(backend, pipes, clock, logger),
          direct: ["Pipe"],
          onStopping: () => pipes.close(),
        },
        {
          definition: OperatorRpc.service,
          handlers: createOperatorService(backend, clock, logger),
        },
        { definition: TopologyRpc.service, handlers: createTopologyService(topology) },
        {
          definition: NodeAdminRpc.service,
          handlers: createNodeAdminService({ nodeId: options.nodeId, drain, onDrained }, clock),
        },
      ],
    }),
    peer: new GrpcServer({
      ...shared,
      name: "peer port",
      port: peerPort,
      services: [
        {
          definition: PeerRpc.service,
          handlers: createPeerService(
            {
              execute,
              release: releases.release.bind(releases),
              replay: (records, { deadlineMs }) => replays.replay(records, deadlineMs),
            },
            replicaStreams,
            clock,
            logger,
          ),
          onStopping: () => replicaStreams.close(),
        },
      ],
    }),
    ops: createOpsServer(inputs, parts, pipes),
  };
}

function createOpsServer(
  { options, journal, logger }: NodeInputs,
  parts: NodeParts,
  pipes: Pipes,
): OpsServer {
  const { caches, ownership, right, budget, membership, presence, topology } = parts;
  const { journalReplay, replication, replicas } = parts;
  const { host, httpPort } = options.listen;
  const metrics = createMetrics({
    caches: () => caches.all(),
    epoch: () => ownership.epoch,
    ownedPartitions: () => [...ownership.tenures()].length,
    isRightful: () => right.isRegistered,
    memoryBudgetBytes: budget.capacityBytes,
    memoryUsedBytes: () => budget.usedBytes,
    curve: parts.curve,
    openPipes: () => pipes.size,
    recordsToReplay: () => journalReplay?.remaining ?? 0,
    hasJournalProblem: () => journal?.problem !== undefined,
    replication: {
      get unbacked() {
        return replication.unbacked;
      },
      get backlogBytes() {
        return replication.backlogBytes;
      },
      get replicaEntries() {
        return replicas.entries;
      },
      get replicaBytes() {
        return replicas.bytes;
      },
    },
  });
  const readiness = (): Readiness => {
    if (!presence.isRegistered) return { ready: false, reason: "not a member of the cluster" };
    if (membership.record.state === "draining") return { ready: false, reason: "draining" };
    if (topology.topology === undefined) return { ready: false, reason: "no topology is known" };
    // Without the registry it goes on where backups are in sync.
    const isServing = [...ownership.tenures()].some(({ partition }) => right.holds(partition));
    if (!right.isRegistered && !isServing) {
      return { ready: false, reason: "the registry cannot be reached" };
    }
    return { ready: true };
  };
  return new OpsServer({ host, port: httpPort, logger, metrics, readiness });
}

/** In the form in which they go over the wire. */
function lettersOf(store: DeadLetterStore | undefined): Letters | undefined {
  return (
    store && {
      list: async (query) => (await store.list(query)).map(toLetterMessage),
      remove: (names) => store.remove(names),
    }
  );
}

function statsOf(
  { cache }: StatsRequest__Output,
  { nodeId, incarnation }: { readonly nodeId: string; readonly incarnation: string },
  { caches, budget, curve, ownership, journalReplay }: NodeParts,
): StatsResponse {
  const wanted = [...caches.all()].filter(({ name }) => cache === "" || name === cache);
  return {
    nodeId,
    incarnation,
    memoryBudgetBytes: budget.capacityBytes,
    caches: wanted.map(figuresOf),
    ownedPartitions: [...ownership.tenures()].length,
    recordsToReplay: journalReplay?.remaining ?? 0,
    curves: [
      ...wanted.flatMap((each) => curveOf(each.name, each.curve, each.boundBytes)),
      ...(cache === "" ? curveOf("", curve, budget.capacityBytes) : []),
    ],
  };
}

/** None as long as there is none. */
function curveOf(cache: string, curve: MissRatioCurve, boundBytes: number): CurveMessage[] {
  const figures = curveFigures(curve, boundBytes);
  return figures === undefined ? [] : [{ ...figures, cache, points: [...figures.points] }];
}
