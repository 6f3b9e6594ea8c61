/**
 * The parts of a node and how they hang together; nothing is started here. Where an arrow must point
 * back (a lost partition concerns the caches, being deposed concerns the node's presence) it is a
 * closure, called only once everything stands.
 */
import { createHome, createRegistration } from "./assemble-membership.js";
import { createReplay, createReplication } from "./assemble-replication.js";
import { Caches, type CreateSource } from "./cache/caches.js";
import { Checker } from "./cache/checker.js";
import { CleanEntriesWatch } from "./cache/clean-entries.js";
import type { NodeServices } from "./cache/context.js";
import { Operations } from "./cache/operations.js";
import { Replays } from "./cache/replays.js";
import { Fences } from "./cluster/fences.js";
import { Presence } from "./cluster/presence.js";
import { Releases } from "./cluster/release.js";
import { Router } from "./cluster/router.js";
import { Terms } from "./cluster/terms.js";
import { Warming } from "./cluster/warming.js";
import { MissRatioCurve } from "./curve/miss-ratio-curve.js";
import { DeadLetters } from "./database/dead-letters.js";
import { createSource } from "./database/index.js";
import {
  createIncarnation,
  MAX_MESSAGE_BYTES,
  type NodeInputs,
  type NodeParts,
} from "./node-parts.js";
import { Ownership, type PromisedUntil } from "./ownership/ownership.js";
import { type Promises, RightToServe } from "./ownership/right-to-serve.js";
import { CoordinatorClient } from "./rpc/coordinator-client.js";
import { Peers } from "./rpc/peers.js";
import { MemoryBudget } from "./store/memory-budget.js";
import { Reclaimer } from "./store/reclaimer.js";

export function assembleNode(inputs: NodeInputs): NodeParts {
  // For arrows that point back; called only once everything stands.
  const node = (): NodeParts => parts;
  const registration = createRegistration(inputs);
  const owning = createOwning(inputs, registration, node);
  const caching = createCaching(inputs, { ...registration, ...owning }, node);
  const peers = new Peers(inputs.clock, MAX_MESSAGE_BYTES);
  const replicating = createReplication(
    inputs,
    { ...registration, ...owning, ...caching, peers },
    node,
  );
  const acting = createActing(inputs, { ...registration, ...owning, ...caching, peers }, node);
  const parts: NodeParts = {
    ...registration,
    ...owning,
    ...caching,
    peers,
    ...replicating,
    ...acting,
  };
  followTopology(parts);
  return parts;
}

/** What each part makes of a new topology, in this order. */
function followTopology(parts: NodeParts): void {
  const { topology, replicas, ownership, replication, fences, peers, presence } = parts;
  topology.onTopology((latest) => {
    // What was promised, and to whom, before anything is served by this topology.
    replicas.apply(latest);
    ownership.apply(latest);
    replication.apply(latest, ownership.byPartition);
    fences.apply(latest, ownership.tenures());
    peers.apply(latest);
    presence.refresh();
  });
}

/** What it owns, and may serve. */
function createOwning(
  { options, database, incarnation, journal, clock, logger }: NodeInputs,
  { topology, membership }: Pick<NodeParts, "topology" | "membership">,
  node: () => NodeParts,
): Pick<NodeParts, "right" | "ownership" | "coordinator" | "fences" | "terms"> {
  const promises: Promises = {
    safeUntilMs: (partition, leaseUntilMs) =>
      node().replication.safeUntilMs(partition, leaseUntilMs),
  };
  const right = new RightToServe(membership, promises, topology, clock, options.outageMaxMs);
  const promisedUntil: PromisedUntil = (...given) => node().replicas.promisedUntilMs(...given);
  const ownership: Ownership = new Ownership(incarnation, right, promisedUntil, clock, {
    ended: ({ partition }, handedOver) => {
      const { replication, replicas, caches } = node();
      if (handedOver !== undefined) replicas.keep(partition, handedOver, caches.dirty(partition));
      replication.end(partition);
      caches.drop(partition, handedOver !== undefined);
    },
    deposed: () => node().presence.depose(),
    begunAnew: () => {
      node().replication.reset();
      node().replicas.reset();
      if (journal !== undefined) node().givenUp.clear();
    },
  });
  const coordinator = new CoordinatorClient(() => topology.coordinatorAddress, clock);
  const fences = new Fences(database, coordinator, clock, logger);
  const terms = new Terms(coordinator, () => ownership.incarnation, clock, logger);
  return { right, ownership, coordinator, fences, terms };
}

/** The caches, and the operations on them. */
function createCaching(
  inputs: NodeInputs,
  parts: Pick<NodeParts, "topology" | "ownership" | "fences" | "terms">,
  node: () => NodeParts,
): Pick<
  NodeParts,
  "budget" | "curve" | "deadLetters" | "caches" | "reclaimer" | "checker" | "operations" | "replays"
> {
  const { options, cluster: placement, registry, journal, clock, random, logger } = inputs;
  const { topology, ownership, fences, terms } = parts;
  const budget = new MemoryBudget(options.memoryBytes);
  const { database } = inputs.database;
  const deadLetters = database && new DeadLetters(database);
  const services = createServices(ownership, fences, terms, () => node().presence);
  const curve = new MissRatioCurve({ boundBytes: () => budget.capacityBytes, clock });
  const caches = new Caches(registry, createSourceFrom(inputs), {
    budget,
    placement,
    services,
    journal,
    replication: { setOf: (partition) => node().replication.setOf(partition) },
    deadLetters,
    cleanEntries: new CleanEntriesWatch(),
    curve,
    clock,
    random,
    logger,
  });
  return {
    budget,
    curve,
    deadLetters,
    caches,
    reclaimer: new Reclaimer(clock, () => caches.stores()),
    checker: new Checker(
      {
        caches: () => caches.all(),
        tenures: () => ownership.tenures(),
        services,
        clock,
        random,
        logger,
      },
      options.checksPerSecond,
    ),
    operations: new Operations({ caches, ownership, topology, placement, clock, logger }),
    replays: new Replays(caches, ownership, placement, logger),
  };
}

/** What the node does beyond answering: pass on, warm, hand over, stay present, bring back. */
function createActing(
  inputs: NodeInputs,
  parts: Pick<
    NodeParts,
    | "lease"
    | "topology"
    | "membership"
    | "ownership"
    | "caches"
    | "operations"
    | "replays"
    | "peers"
  >,
  node: () => NodeParts,
): Pick<NodeParts, "router" | "warming" | "releases" | "presence" | "journalReplay"> {
  const { journal, parent, onFatal, clock, logger } = inputs;
  const { lease, topology, membership, ownership, caches, operations, peers } = parts;
  const router = new Router(operations, peers, topology, clock);
  return {
    router,
    warming: new Warming(router, (...query) => caches.keysOfQuery(...query), clock),
    releases: new Releases(
      ownership,
      topology,
      (...move) => node().replication.isThrough(...move),
      clock,
      logger,
    ),
    presence: new Presence({
      membership,
      ownership,
      lease,
      home: createHome(inputs, membership, () => node().journalReplay?.wake()),
      createIncarnation,
      parent,
      onFatal,
      clock,
      logger,
    }),
    journalReplay:
      journal &&
      createReplay(inputs, parts, { journal, doneWhen: "persisted" }, () => {
        membership.amend({ journalIncarnations: journal.leftovers });
        node().presence.refresh();
      }),
  };
}

/** What the caches ask of the node around them. */
function createServices(
  ownership: Ownership,
  fences: Fences,
  terms: Terms,
  presence: () => Presence,
): NodeServices {
  return {
    incarnation: () => ownership.incarnation,
    tenureOf: (partition) => ownership.tenureOf(partition),
    mayFinish: (tenure) => ownership.mayFinish(tenure),
    fenced: (tenure) => fences.ready(tenure),
    raiseTerm: (tenure, minTerm) => terms.raise(tenure, minTerm),
    // The answer may be an old one, to what this process was before.
    deposed: (incarnation) => {
      if (incarnation === ownership.incarnation) presence().depose();
    },
    restoreIncarnation: () => presence().restore(),
  };
}

function createSourceFrom({ database, clock, logger }: NodeInputs): CreateSource {
  return (cache, { source }) => {
    if (source === undefined) return undefined;
    if (database.database === undefined) {
      logger.error({ cache }, "this cache needs a database, and the node has none configured");
      throw new Error("no database is configured");
    }
    return createSource(source, { cache, database: database.database, clock });
  };
}
