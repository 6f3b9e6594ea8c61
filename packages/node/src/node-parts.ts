/**
 * The parts of a node and how they hang together; nothing is started here. Later parts rely on
 * earlier ones. Where an arrow must point back (a lost partition concerns the caches, being deposed
 * concerns the node's presence) it is a closure, called only once everything stands.
 */
import { randomBytes } from "node:crypto";
import type { Clock, ClusterConfig, Incarnation, Logger, Random } from "@holdfast/core";
import { LeaseKeeper, type ParentLink, type Registry } from "@holdfast/process";
import { PROTOCOL_VERSION } from "@holdfast/proto";
import { Caches, type CreateSource } from "./cache/caches.js";
import type { NodeServices } from "./cache/context.js";
import { Operations } from "./cache/operations.js";
import { Replays } from "./cache/replays.js";
import { Fences } from "./cluster/fences.js";
import { JournalReplay } from "./cluster/journal-replay.js";
import { Membership } from "./cluster/membership.js";
import { type IncarnationHome, Presence } from "./cluster/presence.js";
import { Releases } from "./cluster/release.js";
import { Router } from "./cluster/router.js";
import { Terms } from "./cluster/terms.js";
import { TopologyWatch } from "./cluster/topology-watch.js";
import { Warming } from "./cluster/warming.js";
import { createSource } from "./database/index.js";
import type { NodeDatabase } from "./database/node-database.js";
import type { Journal } from "./journal/journal.js";
import type { NodeOptions } from "./options.js";
import { Ownership } from "./ownership/ownership.js";
import { RightToServe } from "./ownership/right-to-serve.js";
import { CoordinatorClient } from "./rpc/coordinator-client.js";
import { Peers } from "./rpc/peers.js";
import { MemoryBudget } from "./store/memory-budget.js";
import { Reclaimer } from "./store/reclaimer.js";

/** Largest message on either port: a value of 4 MiB with everything around it fits. */
export const MAX_MESSAGE_BYTES: number = 8 * 2 ** 20;

/** How late a registry may end a lease, in milliseconds. */
const REGISTRY_DELAY_MS = 2_000;

/** What a node is made from. */
export interface NodeInputs {
  readonly options: NodeOptions;
  readonly cluster: ClusterConfig;
  readonly registry: Registry;
  readonly database: NodeDatabase;
  /** `undefined`: the node keeps none. */
  readonly journal: Journal | undefined;
  readonly incarnation: Incarnation;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly parent: ParentLink | undefined;
  /** Called when the node cannot go on, now or later. */
  readonly onFatal: (reason: unknown) => void;
}

export interface NodeParts {
  readonly budget: MemoryBudget;
  readonly lease: LeaseKeeper;
  readonly topology: TopologyWatch;
  readonly right: RightToServe;
  readonly ownership: Ownership;
  readonly coordinator: CoordinatorClient;
  readonly fences: Fences;
  readonly terms: Terms;
  readonly membership: Membership;
  readonly presence: Presence;
  readonly caches: Caches;
  readonly reclaimer: Reclaimer;
  readonly operations: Operations;
  readonly peers: Peers;
  readonly router: Router;
  readonly warming: Warming;
  readonly releases: Releases;
  readonly replays: Replays;
  /** `undefined` without a journal. */
  readonly journalReplay: JournalReplay | undefined;
}

/** 128 random bits in UUID form. */
export function createIncarnation(): Incarnation {
  const hex = randomBytes(16).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export function assembleNode(inputs: NodeInputs): NodeParts {
  const { options, cluster, registry, database, clock, random, logger } = inputs;
  const lease = new LeaseKeeper({ registry, clock, logger, ttlMs: options.etcd.leaseTtlMs });
  const topology = new TopologyWatch(registry, clock, logger, cluster);
  const membership = createMembership(inputs, lease, topology);
  const right = new RightToServe(membership, topology, clock, options.outageMaxMs);
  const ownership = new Ownership(inputs.incarnation, right, clock, {
    ended: ({ partition }) => caches.drop(partition),
    deposed: () => presence.depose(),
  });
  const coordinator = new CoordinatorClient(() => topology.coordinatorAddress, clock);
  const fences = new Fences(database, coordinator, clock, logger);
  const terms = new Terms(coordinator, () => ownership.incarnation, clock, logger);

  const services = createServices(ownership, fences, terms, () => presence);
  const budget = new MemoryBudget(options.memoryBytes);
  const caches = new Caches(registry, createSourceFrom(inputs), {
    budget,
    services,
    journal: inputs.journal,
    clock,
    random,
    logger,
  });
  const reclaimer = new Reclaimer(clock, () => caches.stores());
  const placement = cluster;
  const operations = new Operations({ caches, ownership, topology, placement, clock, logger });
  const replays = new Replays(caches, ownership, placement, logger);

  const peers = new Peers(clock, MAX_MESSAGE_BYTES);
  const router = new Router(operations, peers, topology, clock);
  const warming = new Warming(router, (...query) => caches.keysOfQuery(...query), clock);
  const releases = new Releases(ownership, topology, caches, clock, logger);
  const presence = new Presence({
    membership,
    ownership,
    lease,
    home: createHome(inputs, membership, () => journalReplay?.wake()),
    createIncarnation,
    parent: inputs.parent,
    onFatal: inputs.onFatal,
    clock,
    logger,
  });

  const around = { topology, ownership, replays, peers, membership, presence };
  const journalReplay = createJournalReplay(inputs, around);

  topology.onTopology((latest) => {
    ownership.apply(latest);
    fences.apply(latest, ownership.tenures());
    peers.apply(latest);
    presence.refresh();
  });
  return {
    budget,
    lease,
    topology,
    right,
    ownership,
    coordinator,
    fences,
    terms,
    membership,
    presence,
    caches,
    reclaimer,
    operations,
    peers,
    router,
    warming,
    releases,
    replays,
    journalReplay,
  };
}

function createJournalReplay(
  { journal, clock, logger }: NodeInputs,
  parts: Pick<
    NodeParts,
    "topology" | "ownership" | "replays" | "peers" | "membership" | "presence"
  >,
): JournalReplay | undefined {
  if (journal === undefined) return undefined;
  const { topology, ownership, replays, peers, membership, presence } = parts;
  return new JournalReplay({
    journal,
    topology,
    incarnation: () => ownership.incarnation,
    local: (records, deadlineMs) => replays.replay(records, deadlineMs),
    remote: (address, records, deadlineMs) => peers.replay(address, records, deadlineMs),
    onFinished: () => {
      membership.amend({ journalIncarnations: journal.leftovers });
      presence.refresh();
    },
    clock,
    logger,
  });
}

/** Where a new incarnation must be known before it may own anything. */
function createHome(
  { database, journal }: NodeInputs,
  membership: Membership,
  replay: () => void,
): IncarnationHome {
  return {
    async enter(incarnation) {
      await journal?.begin(incarnation);
      await database.enter(incarnation);
      membership.amend({ journalIncarnations: journal?.leftovers ?? [] });
      replay();
    },
    restore: (incarnation) => database.restore(incarnation),
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

/** The member record names addresses that are known only once the ports are bound. */
function createMembership(
  { options, cluster, registry, journal, incarnation, clock, logger }: NodeInputs,
  lease: LeaseKeeper,
  topology: TopologyWatch,
): Membership {
  const { nodeId, zone, weight, etcd } = options;
  return new Membership(
    // A predecessor that has just been killed holds the id until its lease ends, a little late.
    {
      registry,
      cluster,
      lease,
      topology,
      clock,
      logger,
      predecessorWaitMs: 2 * etcd.leaseTtlMs + REGISTRY_DELAY_MS,
      provenDead: journal?.predecessor,
    },
    {
      nodeId,
      incarnation,
      addresses: { data: "", peer: "", http: "" },
      zone,
      weight,
      state: "active",
      protocolMin: PROTOCOL_VERSION,
      protocolMax: PROTOCOL_VERSION,
      journalIncarnations: journal?.leftovers ?? [],
    },
  );
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
