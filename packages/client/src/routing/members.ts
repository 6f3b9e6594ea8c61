/**
 * The pipes to the members of the cluster, one for each incarnation. Opens them when first needed,
 * spaces out attempts after failures, and drops those whose incarnation has left the topology.
 */
import { backoffMs, CacheError, type Clock, type Logger, type Random } from "@holdfast/core";
import { PROTOCOL_VERSION } from "@holdfast/proto";
import { type BatchBounds, Pipe } from "../transport/pipe.js";
import type { Wire } from "../transport/wire.js";
import type { Router, Target } from "./router.js";

export interface MembersOptions {
  readonly clusterId: string;
  readonly clientId: string;
  readonly bounds: BatchBounds;
  readonly epoch: () => number;
  /** A connection to this address failed. */
  readonly onFailure: (address: string) => void;
}

interface Connection {
  readonly target: Target;
  /** Epoch of the client, or of the hint that named the target where that was higher. */
  readonly sinceEpoch: number;
  pipe: Pipe | undefined;
  /** In a row, without an answered hello in between. */
  failures: number;
  /** No new attempt before this instant of the monotonic clock. */
  notBeforeMs: number;
  lastError: CacheError | undefined;
}

const OPEN_TIMEOUT_MS = 2_000;
const RECONNECT = { baseMs: 50, maxMs: 1_000 };
/** One failure may be a restart; from the second on operations may take a detour. */
const UNREACHABLE_AFTER_FAILURES = 2;

export class Members {
  readonly #wire: Wire;
  readonly #options: MembersOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #connections = new Map<string, Connection>();

  constructor(wire: Wire, options: MembersOptions, clock: Clock, random: Random, logger: Logger) {
    this.#wire = wire;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#logger = logger;
  }

  /**
   * The pipe to a member, which may still be opening.
   *
   * @param knownSinceEpoch - The epoch that names the target, where a node's hint did.
   * @throws {CacheError} `UNAVAILABLE` when a connection has failed too recently.
   */
  pipeTo(target: Target, knownSinceEpoch = 0): Pipe {
    const connection = this.#connectionTo(target, knownSinceEpoch);
    if (connection.pipe !== undefined) return connection.pipe;
    if (connection.lastError && this.#clock.monotonic() < connection.notBeforeMs) {
      throw connection.lastError;
    }
    connection.pipe = this.#open(connection);
    return connection.pipe;
  }

  /**
   * Whether operations for this member had better go through another one. Meanwhile it goes on
   * trying to reach the member, so that they come back as soon as it answers.
   */
  isUnreachable(target: Target): boolean {
    const connection = this.#connections.get(target.incarnation);
    if (connection === undefined || connection.failures < UNREACHABLE_AFTER_FAILURES) return false;
    if (this.#clock.monotonic() >= connection.notBeforeMs) this.pipeTo(target);
    return connection.pipe?.isOpen !== true;
  }

  /** A member to go through instead of `target`, drawn from those without a failed connection. */
  another(target: Target, router: Router): Target | undefined {
    const others = router.members().filter(({ incarnation }) => {
      const failures = this.#connections.get(incarnation)?.failures ?? 0;
      return incarnation !== target.incarnation && failures === 0;
    });
    return others[Math.floor(this.#random.next() * others.length)];
  }

  /** Gives up the members that a newer topology no longer has, and what was sent to them. */
  retain(router: Router): void {
    for (const [incarnation, { target, sinceEpoch, pipe }] of this.#connections) {
      if (router.has(incarnation) || sinceEpoch > router.epoch) continue;
      this.#connections.delete(incarnation);
      const message = `node ${target.nodeId} has left the cluster`;
      pipe?.close(new CacheError("UNAVAILABLE", message));
    }
  }

  close(error: CacheError): void {
    for (const { pipe } of this.#connections.values()) pipe?.close(error);
    this.#connections.clear();
  }

  #connectionTo(target: Target, knownSinceEpoch: number): Connection {
    const known = this.#connections.get(target.incarnation);
    if (known !== undefined) return known;
    const connection: Connection = {
      target,
      sinceEpoch: Math.max(knownSinceEpoch, this.#options.epoch()),
      pipe: undefined,
      failures: 0,
      notBeforeMs: 0,
      lastError: undefined,
    };
    this.#connections.set(target.incarnation, connection);
    return connection;
  }

  #open(connection: Connection): Pipe {
    const { nodeId, incarnation, address } = connection.target;
    const { clusterId, clientId, bounds, epoch } = this.#options;
    return new Pipe(
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
        openTimeoutMs: OPEN_TIMEOUT_MS,
        epoch,
        onOpen: () => {
          connection.failures = 0;
          connection.lastError = undefined;
        },
        onClosed: (error) => this.#onClosed(connection, error),
      },
      this.#clock,
      this.#logger,
    );
  }

  #onClosed(connection: Connection, error: CacheError): void {
    const { nodeId, address } = connection.target;
    const waitMs = backoffMs(connection.failures, RECONNECT, this.#random);
    connection.pipe = undefined;
    connection.failures += 1;
    connection.notBeforeMs = this.#clock.monotonic() + waitMs;
    const message = `connection to node ${nodeId} at ${address} failed: ${error.message}`;
    connection.lastError = new CacheError("UNAVAILABLE", message, { cause: error });
    this.#logger.debug({ nodeId, address, err: error }, "a connection failed");
    this.#options.onFailure(address);
  }
}
