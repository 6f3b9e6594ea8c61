/** Both halves of replication, and what brings records back to their owners; see assemble-node.ts. */
import type { Incarnation } from "@holdfast/core";
import { JournalReplay, type JournalReplayParts } from "./cluster/journal-replay.js";
import type { JournalRecord } from "./journal/record.js";
import type { NodeInputs, NodeParts } from "./node-parts.js";
import { GivenUpEntries } from "./replication/given-up.js";
import { Replicas } from "./replication/replicas.js";
import { Replication } from "./replication/replication.js";

/** Most of a node's memory that is used for what it backs up. */
const BACKUP_SHARE = 0.4;

/** Both halves: the backups of what this node owns, and what it backs up for others. */
export function createReplication(
  inputs: NodeInputs,
  parts: Pick<
    NodeParts,
    "topology" | "ownership" | "coordinator" | "caches" | "budget" | "replays" | "peers"
  >,
  node: () => NodeParts,
): Pick<NodeParts, "replication" | "replicas" | "givenUp" | "givenUpReplay"> {
  const { options, journal, clock, random, logger } = inputs;
  const { ownership, coordinator, caches, peers, budget } = parts;
  const incarnation = () => ownership.incarnation;
  const givenUp = new GivenUpEntries(journal, logger);
  const giveUp = (owner: Incarnation, entries: readonly JournalRecord[]) => {
    givenUp.add(owner, entries);
    node().givenUpReplay.wake();
  };
  const replicas = new Replicas({
    incarnation,
    journal,
    copies: caches,
    capacityBytes: budget.capacityBytes * BACKUP_SHARE,
    charge: (bytes) => budget.charge(bytes, bytes),
    onGivenUp: giveUp,
    clock,
    logger,
  });
  const replication = new Replication({
    incarnation,
    open: (...stream) => peers.openReplicaStream(...stream),
    requests: coordinator,
    dirty: (partition) => caches.dirty(partition),
    clean: caches,
    inherit: ({ partition }) => {
      caches.adopt(replicas.take(partition));
    },
    promiseMs: options.etcd.leaseTtlMs,
    clock,
    random,
    logger,
  });
  // The owner may have it from its other backups, too: it is enough that it does.
  const givenUpReplay = createReplay(
    inputs,
    parts,
    { journal: givenUp, doneWhen: "pending" },
    () => {},
  );
  return { replication, replicas, givenUp, givenUpReplay };
}

/** What brings records back to the present owners of their keys. */
export function createReplay(
  { clock, logger }: NodeInputs,
  parts: Pick<NodeParts, "topology" | "ownership" | "replays" | "peers">,
  what: Pick<JournalReplayParts, "journal" | "doneWhen">,
  onFinished: () => void,
): JournalReplay {
  const { topology, ownership, replays, peers } = parts;
  return new JournalReplay({
    ...what,
    topology,
    incarnation: () => ownership.incarnation,
    local: (records, deadlineMs) => replays.replay(records, deadlineMs),
    remote: (address, records, deadlineMs) => peers.replay(address, records, deadlineMs),
    onFinished,
    clock,
    logger,
  });
}
