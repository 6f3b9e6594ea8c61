/**
 * Carries out operations wherever they belong: here, or at their owners, which are asked once for
 * all operations that they own. What another node passed on is never passed on again, so an
 * operation cannot go round in circles; when topologies differ, the one who is behind waits.
 */
import { CacheError, type Clock, findMember, type Topology } from "@holdfast/core";
import {
  type Batch,
  type Operation__Output,
  type Replies__Output,
  type Reply,
  type Reply__Output,
  toErrorReply,
} from "@holdfast/proto";

export interface RouteContext {
  readonly epoch: number;
  readonly deadlineMs: number;
}

/** The operations as this node itself can carry them out. */
export interface LocalOperations {
  execute(operation: Operation__Output, request: RouteContext): Reply | Promise<Reply>;
}

/** The other nodes. */
export interface Peers {
  /**
   * Sends operations to another node and returns its replies.
   *
   * @throws {CacheError} `OUTCOME_UNKNOWN` when it may have executed them; anything else: it has not.
   */
  forward(address: string, batch: Batch, deadlineMs: number): Promise<Replies__Output>;
}

export interface TopologySource {
  readonly topology: Topology | undefined;
  waitFor(epoch: number, deadlineMs: number): Promise<boolean>;
}

/** How long to wait for a newer topology before asking again, in milliseconds. */
const TOPOLOGY_WAIT_MS = 250;

/** An operation and its place in the caller's list. */
interface Routed {
  readonly index: number;
  readonly operation: Operation__Output;
}

export class Router {
  readonly #local: LocalOperations;
  readonly #peers: Peers;
  readonly #topology: TopologySource;
  readonly #clock: Clock;

  constructor(local: LocalOperations, peers: Peers, topology: TopologySource, clock: Clock) {
    this.#local = local;
    this.#peers = peers;
    this.#topology = topology;
    this.#clock = clock;
  }

  /** Replies in the order of the operations. Never throws. */
  async executeAll(
    operations: readonly Operation__Output[],
    context: RouteContext,
  ): Promise<Reply[]> {
    const replies: Reply[] = [];
    let pending = operations.map((operation, index): Routed => ({ index, operation }));
    for (;;) {
      await this.#executeHere(pending, replies, context);
      pending = pending.filter(({ index }) => replies[index]?.code === "NOT_OWNER");
      if (pending.length === 0) return replies;
      const heard = await this.#forward(pending, replies, context);
      pending = pending.filter(({ index }) => replies[index]?.code === "NOT_OWNER");
      if (pending.length === 0) return replies;
      if (this.#clock.monotonic() >= context.deadlineMs) return replies.map(withoutOwner);
      // The owner has just changed, or is dead and not replaced yet.
      const { epoch = 0 } = this.#topology.topology ?? {};
      const untilMs = Math.min(context.deadlineMs, this.#clock.monotonic() + TOPOLOGY_WAIT_MS);
      await this.#topology.waitFor(Math.max(epoch + 1, heard), untilMs);
    }
  }

  /**
   * Drops a cache's entries on every node, and again if partitions have moved meanwhile.
   *
   * @throws {CacheError} when one could not be asked.
   */
  async clear(operation: Operation__Output, context: RouteContext): Promise<void> {
    for (;;) {
      const { topology } = this.#topology;
      if (topology === undefined) throw new CacheError("UNAVAILABLE", "no topology is known yet");
      try {
        await this.#clearAt(topology, operation, context);
        if (this.#topology.topology === topology) return;
      } catch (error) {
        const failure = CacheError.from(error);
        const leftMs = context.deadlineMs - this.#clock.monotonic();
        if (failure.code !== "UNAVAILABLE" || leftMs <= 0) throw failure;
        const untilMs = this.#clock.monotonic() + Math.min(leftMs, TOPOLOGY_WAIT_MS);
        await this.#topology.waitFor(topology.epoch + 1, untilMs);
      }
    }
  }

  async #clearAt(
    { members }: Topology,
    operation: Operation__Output,
    context: RouteContext,
  ): Promise<void> {
    const reached = members.filter(({ state }) => state !== "dead");
    await Promise.all(
      reached.map(async ({ addresses, nodeId }) => {
        const batch = this.#batch([{ index: 0, operation }], context);
        const { replies } = await this.#peers.forward(addresses.peer, batch, context.deadlineMs);
        const reply = replies[0];
        if (reply?.code === "OK") return;
        const why = reply?.message ?? "it sent no reply";
        const code = reply?.code ?? "INTERNAL";
        throw new CacheError(code, `node ${nodeId} could not clear the cache: ${why}`);
      }),
    );
  }

  /** What this node owns is carried out; for the rest the replies name the owners of the moment. */
  async #executeHere(
    pending: readonly Routed[],
    replies: Reply[],
    context: RouteContext,
  ): Promise<void> {
    const executing = pending.map(async ({ index, operation }) => {
      replies[index] = await this.#local.execute(operation, context);
    });
    await Promise.all(executing);
  }

  /** Fills in the replies of the owners. Returns the highest epoch that one of them named. */
  async #forward(
    pending: readonly Routed[],
    replies: Reply[],
    context: RouteContext,
  ): Promise<number> {
    const byAddress = groupBy(pending, ({ index }) => this.#ownerAddress(replies[index]));
    const epochs = await Promise.all(
      [...byAddress].map(async ([address, routed]) => {
        if (address === undefined) return 0;
        return this.#forwardTo(address, routed, replies, context);
      }),
    );
    return Math.max(0, ...epochs);
  }

  async #forwardTo(
    address: string,
    routed: readonly Routed[],
    replies: Reply[],
    context: RouteContext,
  ): Promise<number> {
    let answered: readonly Reply__Output[];
    try {
      const batch = this.#batch(routed, context);
      ({ replies: answered } = await this.#peers.forward(address, batch, context.deadlineMs));
    } catch (error) {
      // What was not sent, and what may happen twice, stays NOT_OWNER and is tried again.
      const failure = CacheError.from(error);
      if (failure.code !== "OUTCOME_UNKNOWN") return 0;
      for (const { index, operation } of routed) {
        if (!isRepeatable(operation)) replies[index] = toErrorReply(operation.id, failure);
      }
      return 0;
    }
    for (const reply of answered) {
      const place = routed[reply.id];
      if (place !== undefined) replies[place.index] = { ...reply, id: place.operation.id };
    }
    return Math.max(0, ...answered.map(({ notOwner }) => notOwner?.epoch ?? 0));
  }

  /** The owner's peer address, by this node's topology; `undefined` when nobody owns it now. */
  #ownerAddress(reply: Reply | undefined): string | undefined {
    const { topology } = this.#topology;
    const incarnation = reply?.notOwner?.incarnation;
    if (topology === undefined || incarnation === undefined) return undefined;
    return findMember(topology, incarnation)?.addresses.peer;
  }

  #batch(routed: readonly Routed[], context: RouteContext) {
    return {
      epoch: this.#topology.topology?.epoch ?? 0,
      budgetMs: Math.max(1, Math.floor(context.deadlineMs - this.#clock.monotonic())),
      operations: routed.map(({ operation }, id) => ({ ...operation, id, forwarded: true })),
    };
  }
}

const REPEATABLE: ReadonlySet<Operation__Output["kind"]> = new Set([
  "GET",
  "WARM",
  "EXPLAIN",
  // They wait, or send what is to be sent anyway.
  "PERSISTED",
  "FLUSH",
  // It writes one version, and looks for the letter first.
  "RETRY_DEAD_LETTER",
]);

function isRepeatable({ kind }: Operation__Output): boolean {
  return REPEATABLE.has(kind);
}

/** Callers of unary calls cannot follow an owner; to them it is simply not there. */
function withoutOwner(reply: Reply): Reply {
  if (reply.code !== "NOT_OWNER") return reply;
  const message = "the key's owner could not be reached in time";
  return toErrorReply(Number(reply.id), new CacheError("UNAVAILABLE", message));
}

/** `Map.groupBy` is younger than the oldest supported Node. */
function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
