/** What a node is made from, and what it is made of; assemble-node.ts puts it together. */
import { randomBytes } from "node:crypto";
import type { Clock, ClusterConfig, Incarnation, Logger, Random } from "@holdfast/core";
import type { LeaseKeeper, ParentLink, Registry } from "@holdfast/process";
import type { Caches } from "./cache/caches.js";
import type { Checker } from "./cache/checker.js";
import type { Operations } from "./cache/operations.js";
import type { Replays } from "./cache/replays.js";
import type { Fences } from "./cluster/fences.js";
import type { JournalReplay } from "./cluster/journal-replay.js";
import type { Membership } from "./cluster/membership.js";
import type { Presence } from "./cluster/presence.js";
import type { Releases } from "./cluster/release.js";
import type { Router } from "./cluster/router.js";
import type { Terms } from "./cluster/terms.js";
import type { TopologyWatch } from "./cluster/topology-watch.js";
import type { Warming } from "./cluster/warming.js";
import type { MissRatioCurve } from "./curve/miss-ratio-curve.js";
import type { DeadLetterStore } from "./database/dead-letters.js";
import type { NodeDatabase } from "./database/node-database.js";
import type { Journal } from "./journal/journal.js";
import type { NodeOptions } from "./options.js";
import type { Ownership } from "./ownership/ownership.js";
import type { RightToServe } from "./ownership/right-to-serve.js";
import type { GivenUpEntries } from "./replication/given-up.js";
import type { Replicas } from "./replication/replicas.js";
import type { Replication } from "./replication/replication.js";
import type { CoordinatorClient } from "./rpc/coordinator-client.js";
import type { Peers } from "./rpc/peers.js";
import type { MemoryBudget } from "./store/memory-budget.js";
import type { Reclaimer } from "./store/reclaimer.js";

/** Largest message on either port: a value of 4 MiB with everything around it fits. */
export const MAX_MESSAGE_BYTES: number = 8 * 2 ** 20;

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
  /** Called when an operator has had the node drained. */
  readonly onDrained: () => void;
}

export interface NodeParts {
  readonly budget: MemoryBudget;
  /** The miss-ratio curve of all caches together. */
  readonly curve: MissRatioCurve;
  readonly lease: LeaseKeeper;
  readonly topology: TopologyWatch;
  readonly right: RightToServe;
  readonly ownership: Ownership;
  readonly coordinator: CoordinatorClient;
  readonly fences: Fences;
  readonly terms: Terms;
  readonly membership: Membership;
  readonly presence: Presence;
  /** `undefined` without a database. */
  readonly deadLetters: DeadLetterStore | undefined;
  readonly caches: Caches;
  readonly reclaimer: Reclaimer;
  readonly checker: Checker;
  readonly operations: Operations;
  readonly peers: Peers;
  readonly router: Router;
  readonly warming: Warming;
  readonly releases: Releases;
  readonly replays: Replays;
  /** `undefined` without a journal. */
  readonly journalReplay: JournalReplay | undefined;
  readonly replication: Replication;
  readonly replicas: Replicas;
  readonly givenUp: GivenUpEntries;
  readonly givenUpReplay: JournalReplay;
}

/** 128 random bits in UUID form. */
export function createIncarnation(): Incarnation {
  const hex = randomBytes(16).toString("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
