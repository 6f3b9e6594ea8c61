/**
 * The pipes to the members of the cluster, one for each incarnation. Opens them when first needed, and drops
 * those whose incarnation has left the topology.
 *
 * Each member has a circuit breaker (breaker.ts). A failure is a connection that could not be opened or
 * has broken, or a node that keeps silent: several deadlines in a row have passed over a second or more,
 * and nothing was heard of it. While the breaker is open nothing is sent there: operations take a detour or
 * wait. The probe that follows is the opening of a new connection, the hello and its answer: operations
 * that wait for it are sent when the node has answered, and never before.
 */
import { CacheError, type CancelTimer, type Clock, type Logger, type Random } from "@holdfast/core";
import { PROTOCOL_VERSION } from "@holdfast/proto";
import { type BatchBounds, Pipe } from "../transport/pipe.js";
import { Traffic } from "../transport/traffic.js";
import type { Wire } from "../transport/wire.js";
import { Breaker, type BreakerState } from "./breaker.js";
import type { Router, Target } from "./router.js";

export interface MembersOptions {
  readonly clusterId: string;
  readonly clientId: string;
  readonly bounds: BatchBounds;
  readonly epoch: () => number;
  /** Operations under way at this moment, at all members together. */
  readonly inFlight: () => number;
  /** A connection to this address failed. */
  readonly onFailure: (address: string) => void;
  /** The node has answered on a new connection. */
  readonly onOpen: (target: Target) => void;
  /** A connection that was open has ended. No error: the client did it. */
  readonly onClosed: (target: Target, error?: CacheError) => void;
}

/** What a client knows of its connections to one run of a node. */
export interface MemberState extends Target {
  readonly breaker: BreakerState;
  /** In a row, without a connection that lasted in between. */
  readonly failures: number;
}

interface Connection {
  readonly target: Target;
  /** Epoch of the client, or of the hint that named the target where that was higher. */
  readonly sinceEpoch: number;
  readonly breaker: Breaker;
  pipe: Pipe | undefined;
  /** Connections so far that the node has answered on. */
  opened: number;
  /** Deadlines since the node was last heard of, and when the first of them was. */
  unheard: number;
  unheardSinceMs: number;
  /** Set while it is given the time to end by itself. */
  cancelEnd: CancelTimer | undefined;
}

const OPEN_TIMEOUT_MS = 2_000;
/** So many deadlines, over so long a time, and a node that is not heard of counts as failed. */
const SILENT_DEADLINES = 3;
const SILENT_MS = 1_000;
/** How long a node that has left may take to answer what it was sent, or to end the pipe. */
const LEAVING_MS = 1_000;
/** One failure may be a restart; from the second on operations may take a detour. */
const UNREACHABLE_AFTER_FAILURES = 2;

export class Members {
  readonly #wire: Wire;
  readonly #options: MembersOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #connections = new Map<string, Connection>();
  /** To nodes that have left, and may still answer. */
  readonly #leaving = new Set<Connection>();
  readonly traffic: Traffic = new Traffic();
  /** Connections that a node has answered on, those after the first to the same run, and failures. */
  readonly counts = { opened: 0, reopened: 0, failed: 0 };

  constructor(wire: Wire, options: MembersOptions, clock: Clock, random: Random, logger: Logger) {
    this.#wire = wire;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#logger = logger;
  }

  /** The pipe to a member about which there is nothing to decide; else see `isUnreachable` and `pipeTo`. */
  wellKnownPipeTo({ incarnation }: Target): Pipe | undefined {
    const connection = this.#connections.get(incarnation);
    return connection?.breaker.state === "closed" ? connection.pipe : undefined;
  }

  /**
   * The pipe to a member, which may still be opening.
   *
   * @param knownSinceEpoch - The epoch that names the target, where a node's hint did.
   * @param mayProbe - Whether the caller may wait for a probe.
   * @throws {CacheError} `UNAVAILABLE`, the last failure, while the breaker is open.
   */
  pipeTo(target: Target, knownSinceEpoch = 0, mayProbe = true): Pipe {
    const connection = this.#connectionTo(target, knownSinceEpoch);
    const { breaker } = connection;
    if (connection.pipe === undefined && breaker.tryNow()) this.#open(connection);
    const { pipe } = connection;
    if (pipe !== undefined && (mayProbe || breaker.state === "closed")) return pipe;
    throw breaker.lastError ?? unavailable(target, "it cannot be tried now");
  }

  /**
   * Whether operations for this member had better go through another one. Meanwhile it goes on
   * trying to reach the member, so that they come back as soon as it answers.
   */
  isUnreachable(target: Target): boolean {
    const connection = this.#connections.get(target.incarnation);
    if (connection === undefined || connection.breaker.state === "closed") return false;
    if (connection.breaker.failures < UNREACHABLE_AFTER_FAILURES) return false;
    if (connection.pipe === undefined && connection.breaker.tryNow()) this.#open(connection);
    return true;
  }

  /** A member to go through instead of `target`, drawn from those without a failed connection. */
  another(target: Target, router: Router): Target | undefined {
    const others = router.members().filter(({ incarnation }) => {
      const { state = "closed" } = this.#connections.get(incarnation)?.breaker ?? {};
      return incarnation !== target.incarnation && state === "closed";
    });
    return others[Math.floor(this.#random.next() * others.length)];
  }

  /** A deadline has passed, and the node was not heard of since the operation was sent, or began to wait for that. */
  suspect({ incarnation }: Target): void {
    const connection = this.#connections.get(incarnation);
    if (connection?.pipe?.isOpen !== true) return;
    const nowMs = this.#clock.monotonic();
    if (connection.unheard === 0 || connection.pipe.lastMessageMs > connection.unheardSinceMs) {
      connection.unheardSinceMs = nowMs;
      connection.unheard = 0;
    }
    connection.unheard += 1;
    const silentMs = nowMs - connection.unheardSinceMs;
    if (connection.unheard < SILENT_DEADLINES || silentMs < SILENT_MS) return;
    const error = new CacheError("UNAVAILABLE", `nothing was heard for ${Math.round(silentMs)} ms`);
    const { pipe } = connection;
    // Told first: who retries in answer to the end must not be given this pipe again.
    this.#onClosed(connection, error);
    pipe.close(error);
  }

  states(): readonly MemberState[] {
    return [...this.#connections.values()].map(({ target, breaker }) => ({
      ...target,
      breaker: breaker.state,
      failures: breaker.failures,
    }));
  }

  /**
   * Gives up the members that a newer topology no longer has. What may go elsewhere does so at once. Writes
   * that were sent are given time: one that leaves in order says of those that it did not answer that it did
   * not begin them, one that was cut off that it may not serve any more; and the news of their end may be
   * faster than they are.
   */
  retain(router: Router): void {
    for (const [incarnation, connection] of this.#connections) {
      const { target, sinceEpoch, pipe } = connection;
      if (router.has(incarnation) || sinceEpoch > router.epoch) continue;
      this.#connections.delete(incarnation);
      const message = `node ${target.nodeId} has left the cluster`;
      const error = new CacheError("UNAVAILABLE", message);
      if (pipe?.isOpen) this.#letEnd(connection, pipe, error);
      else this.#end(connection, error);
    }
  }

  close(error: CacheError): void {
    for (const connection of this.#connections.values()) this.#end(connection, error);
    for (const connection of this.#leaving) this.#end(connection, error);
    this.#connections.clear();
  }

  #connectionTo(target: Target, knownSinceEpoch: number): Connection {
    const known = this.#connections.get(target.incarnation);
    if (known !== undefined) return known;
    const connection: Connection = {
      target,
      sinceEpoch: Math.max(knownSinceEpoch, this.#options.epoch()),
      breaker: new Breaker(this.#clock, this.#random),
      pipe: undefined,
      opened: 0,
      unheard: 0,
      unheardSinceMs: 0,
      cancelEnd: undefined,
    };
    this.#connections.set(target.incarnation, connection);
    return connection;
  }

  /** Ends a connection that is no longer wanted. */
  #end(connection: Connection, error: CacheError): void {
    const { target, pipe } = connection;
    this.#forgetEnd(connection);
    if (pipe?.isOpen) this.#options.onClosed(target);
    pipe?.close(error);
  }

  #letEnd(connection: Connection, pipe: Pipe, error: CacheError): void {
    this.#leaving.add(connection);
    connection.cancelEnd = this.#clock.after(LEAVING_MS, () => this.#end(connection, error));
    pipe.giveBack(error);
  }

  #forgetEnd(connection: Connection): void {
    connection.cancelEnd?.();
    this.#leaving.delete(connection);
  }

  #open(connection: Connection): void {
    const { nodeId, incarnation, address } = connection.target;
    const { clusterId, clientId, bounds, epoch, inFlight } = this.#options;
    connection.pipe = new Pipe(
      (handlers) => this.#wire.openPipe(address, handlers),
      {
        hello: {
          clusterId,
          protocol: PROTOCOL_VERSION,
          clientId,
          expectedNodeId: nodeId,
          expectedIncarnation: incarnation,
        },
        bounds,
        traffic: this.traffic,
        openTimeoutMs: OPEN_TIMEOUT_MS,
        epoch,
        inFlight,
        onOpen: () => this.#onOpen(connection),
        onClosed: (error, isInGoodOrder) => this.#onClosed(connection, error, isInGoodOrder),
      },
      this.#clock,
      this.#logger,
    );
  }

  #onOpen(connection: Connection): void {
    connection.breaker.succeeded();
    this.counts.opened += 1;
    if (connection.opened > 0) this.counts.reopened += 1;
    connection.opened += 1;
    this.#options.onOpen(connection.target);
  }

  #onClosed(connection: Connection, error: CacheError, isInGoodOrder = false): void {
    const { target, breaker } = connection;
    const { nodeId, address } = target;
    const failure = unavailable(target, error.message, error);
    const wasOpen = breaker.state === "closed" && connection.opened > 0;
    this.#forgetEnd(connection);
    connection.pipe = undefined;
    connection.unheard = 0;
    breaker.failed(failure);
    if (!isInGoodOrder) this.counts.failed += 1;
    if (wasOpen) this.#options.onClosed(target, failure);
    this.#logger.debug({ nodeId, address, err: error }, "a connection ended");
    this.#options.onFailure(address);
  }
}

function unavailable({ nodeId, address }: Target, why: string, cause?: CacheError): CacheError {
  const message = `connection to node ${nodeId} at ${address} failed: ${why}`;
  return new CacheError("UNAVAILABLE", message, { cause });
}
