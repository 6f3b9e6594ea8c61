/** A node's place in the registry, put together; see assemble-node.ts. */
import type { Incarnation } from "@holdfast/core";
import { LeaseKeeper } from "@holdfast/process";
import { PROTOCOL_VERSION } from "@holdfast/proto";
import { Membership } from "./cluster/membership.js";
import type { IncarnationHome } from "./cluster/presence.js";
import { TopologyWatch } from "./cluster/topology-watch.js";
import type { Journal } from "./journal/journal.js";
import type { NodeInputs, NodeParts } from "./node-parts.js";

/** How late a registry may end a lease, in milliseconds. */
const REGISTRY_DELAY_MS = 2_000;

/** This node's place in the cluster. */
export function createRegistration(
  inputs: NodeInputs,
): Pick<NodeParts, "lease" | "topology" | "membership"> {
  const { options, cluster, registry, clock, logger } = inputs;
  const lease = new LeaseKeeper({ registry, clock, logger, ttlMs: options.etcd.leaseTtlMs });
  const topology = new TopologyWatch(registry, clock, logger, cluster);
  return { lease, topology, membership: createMembership(inputs, lease, topology) };
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
      succeeds: endedBefore(journal),
    },
  );
}

/** Whoever holds a journal knows that nobody else writes to it any more. */
function endedBefore(journal: Journal | undefined): readonly Incarnation[] {
  if (journal === undefined) return [];
  const { predecessor, leftovers } = journal;
  return [...new Set([...leftovers, ...(predecessor === undefined ? [] : [predecessor])])];
}

/** Where a new incarnation must be known before it may own anything. */
export function createHome(
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
