/**
 * One node, from its start to its end.
 *
 * Starting: what the cluster is → database → caches → ports → topology → membership.
 * Stopping: hand partitions over → answer what is under way → flush → leave → close.
 */
import {
  type Clock,
  type ClusterConfig,
  type Incarnation,
  type Logger,
  type Random,
  retry,
} from "@holdfast/core";
import { joinAddress, openRegistry, type ParentLink } from "@holdfast/process";
import { assembleNode } from "./assemble-node.js";
import { readClusterConfig } from "./cluster/cluster-config.js";
import { NodeDatabase } from "./database/node-database.js";
import { Drain } from "./drain.js";
import { Journal } from "./journal/journal.js";
import { createIncarnation, type NodeInputs, type NodeParts } from "./node-parts.js";
import { createServers, type NodeServers } from "./node-servers.js";
import type { NodeOptions } from "./options.js";

/** What a node takes from outside besides its options. */
export interface NodeEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The launcher that started the process, if any. */
  readonly parent?: ParentLink;
  /** Gives up starting. */
  readonly signal?: AbortSignal;
  /** Told when the node cannot go on, now or later; it should be stopped then. */
  readonly onFatal?: (reason: unknown) => void;
  /** Told when an operator has had the node drained; it should be stopped then. */
  readonly onDrained?: () => void;
}

export interface NodeReadyInfo {
  readonly nodeId: string;
  readonly incarnation: string;
  readonly addresses: { readonly data: string; readonly peer: string; readonly http: string };
}

/** What dirty entries get at the very end, after the time for draining is over. */
const FINAL_FLUSH_MS = 10_000;

/** What is left of copies of other owners' entries gets at the very end. */
const COPIES_MS = 500;

/** A leader that is gone is replaced when its lease has run out: after 5 s, by default. */
const TELL_END = { forMs: 10_000, pauseMs: 250 };

export class CacheNode implements AsyncDisposable {
  readonly #inputs: NodeInputs;
  readonly #parts: NodeParts;
  readonly #drain: Drain;
  readonly #servers: NodeServers;
  #stopping: Promise<void> | undefined;

  private constructor(inputs: NodeInputs) {
    this.#inputs = inputs;
    this.#parts = assembleNode(inputs);
    this.#drain = new Drain(inputs, this.#parts);
    this.#servers = createServers(inputs, this.#parts, this.#drain);
  }

  /**
   * Starts a node; resolves when it is a member of its cluster.
   *
   * @throws with one clear sentence whatever keeps it from starting.
   */
  static async start(options: NodeOptions, environment: NodeEnvironment): Promise<CacheNode> {
    const { clock, random, logger, parent } = environment;
    const { signal = new AbortController().signal } = environment;
    const { cluster: name } = options;
    const registry = openRegistry(options.etcd, { cluster: name, clock, random, logger });
    try {
      const cluster = await readClusterConfig(registry, clock, logger, signal);
      const incarnation = createIncarnation();
      const identity = { nodeId: options.nodeId, incarnation };
      const journal = await openJournal(options, cluster, incarnation, { clock, logger });
      const database = await NodeDatabase.open(options.database, cluster, identity, logger).catch(
        async (error: unknown) => {
          await journal?.close();
          throw error;
        },
      );
      const shared = { options, cluster, registry, database, journal, incarnation };
      const { onFatal = () => {}, onDrained = () => {} } = environment;
      const node = new CacheNode({ ...shared, clock, random, logger, parent, onFatal, onDrained });
      await node.#start().catch(async (error: unknown) => {
        await node.#close().catch(() => {});
        throw error;
      });
      return node;
    } catch (error) {
      await registry.close();
      throw error;
    }
  }

  get readyInfo(): NodeReadyInfo {
    const { nodeId, incarnation, addresses } = this.#parts.membership.record;
    return { nodeId, incarnation, addresses };
  }

  /**
   * Hands everything over, flushes what is dirty, and leaves. May be called again.
   *
   * @throws {Error} when dirty entries remained that the database did not take.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(): Promise<void> {
    const { caches, reclaimer, checker, topology, membership, presence } = this.#parts;
    const { data, peer, ops } = this.#servers;
    await caches.start();
    await reclaimer.start();
    await checker.start();
    await data.start();
    await peer.start();
    await ops.start();
    topology.start();
    const { advertiseHost } = this.#inputs.options.listen;
    membership.amend({
      addresses: {
        data: joinAddress(advertiseHost, data.port),
        peer: joinAddress(advertiseHost, peer.port),
        http: joinAddress(advertiseHost, ops.port),
      },
    });
    await presence.start();
    data.setServing(true);
    peer.setServing(true);
    this.#parts.journalReplay?.wake();
  }

  async #stop(): Promise<void> {
    const { clock, options, logger } = this.#inputs;
    const { caches, journalReplay, givenUpReplay } = this.#parts;
    await this.#drain.handOver();
    // Clients and other nodes both write through here; after this nobody does, and what is dirty
    // now is all there will be.
    await Promise.all([this.#servers.data.stop(), this.#servers.peer.stop()]);
    const untilMs = Math.max(this.#drain.deadlineMs, clock.monotonic() + FINAL_FLUSH_MS);
    const remaining = await caches.flushAll(untilMs);
    await journalReplay?.finish(untilMs);
    // Copies of what others own and have themselves, as a rule: not worth a long wait.
    await givenUpReplay.finish(Math.min(untilMs, clock.monotonic() + COPIES_MS));
    const notReplayed = journalReplay?.remaining ?? 0;
    const copies = givenUpReplay.remaining;
    logger.info({ remaining, notReplayed, copies }, "drained");
    await this.#close();
    if (remaining + notReplayed > 0) throw new Error(undrained(remaining, notReplayed, options));
  }

  /**
   * Tells the leader that this incarnation has ended, or whoever leads next. It may still be an owner, where it
   * could not hand over: to the others it could then be one that serves by its backups' promises, for as long as
   * `outageMax`.
   */
  async #tellEnd(): Promise<void> {
    const { coordinator, ownership } = this.#parts;
    const { clock, logger, options } = this.#inputs;
    // It knows of no cluster that could take it for an owner.
    if (ownership.epoch === 0) return;
    try {
      const report = () => coordinator.reportExit(options.nodeId, ownership.incarnation);
      await retry(report, { ...TELL_END, clock });
    } catch (error) {
      logger.warn({ err: error }, "the leader could not be told of this node's end");
    }
  }

  /** Lets go of everything, in the reverse order of the start. */
  async #close(): Promise<void> {
    const { registry, database } = this.#inputs;
    const { caches, reclaimer, checker, topology, membership, presence } = this.#parts;
    const { fences, terms, coordinator, peers } = this.#parts;
    await checker.stop();
    await this.#parts.journalReplay?.stop();
    await this.#parts.givenUpReplay.stop();
    await this.#parts.replication.stop();
    await presence.stop();
    await this.#tellEnd();
    await membership.leave();
    await topology.stop();
    await this.#servers.data.stop();
    await this.#servers.peer.stop();
    await this.#servers.ops.stop();
    await reclaimer.stop();
    await caches.stop();
    await terms.stop();
    await fences.stop();
    coordinator.close();
    peers.close();
    await this.#inputs.journal?.close();
    await database.close();
    await registry.close();
  }
}

async function openJournal(
  { journal, nodeId }: NodeOptions,
  { clusterId }: ClusterConfig,
  incarnation: Incarnation,
  { clock, logger }: Pick<NodeEnvironment, "clock" | "logger">,
): Promise<Journal | undefined> {
  if (journal === undefined) return undefined;
  const opened = await Journal.open({ ...journal, clusterId, nodeId, clock, logger });
  try {
    await opened.begin(incarnation);
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function undrained(remaining: number, notReplayed: number, { journal }: NodeOptions): string {
  const what = [
    ...(remaining > 0 ? [`${remaining} dirty entries remain`] : []),
    ...(notReplayed > 0 ? [`${notReplayed} records of earlier runs remain`] : []),
  ].join(" and ");
  const where =
    journal === undefined
      ? "they are lost"
      : `they are in the journal in ${journal.dir}, and are written when this node starts again`;
  return `${what}: the database did not take them in time; ${where}`;
}
