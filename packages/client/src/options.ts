/**
 * What `connect` can be told: every option with its unit, default and range, and the check that
 * turns them into the complete set that the rest of the client works with.
 */
import type { ChannelCredentials } from "@grpc/grpc-js";
import {
  CacheError,
  type Clock,
  type Logger,
  type Random,
  silentLogger,
  systemClock,
  systemRandom,
} from "@holdfast/core";
import {
  type Compression,
  type CompressionSettings,
  checkCompression,
} from "./cache/compression.js";
import { type Duration, timeoutMsOf } from "./cache/duration.js";
import type { FlightBounds } from "./calls/flight.js";
import { type ClientObserver, GuardedObserver } from "./calls/observer.js";
import type { BatchBounds } from "./transport/pipe.js";

export interface ConnectOptions {
  /**
   * Where to begin: `host:port` of any nodes or coordinators. Every one is tried, and they are
   * remembered: a client survives the replacement of all nodes while one seed, or one node that it
   * knows, leads to the new ones. A name that resolves to several addresses is one good seed.
   */
  readonly seeds: readonly string[];

  /** Time for connecting, and for each operation that does not bring its own. Default: `"5s"`. */
  readonly timeout?: Duration | undefined;

  /** Whether operations wait for an owner that can be used: see `CallOptions`. Default: true. */
  readonly waitForReady?: boolean | undefined;

  /** Refuse every cluster but the one of this id. Default: take the cluster that answers first. */
  readonly clusterId?: string | undefined;

  /**
   * Most operations in flight at once, each key of a `getMany` counting as one. Default: 10,000.
   * When full, operations fail at once with `OVERLOADED`.
   */
  readonly maxInFlight?: number | undefined;

  /**
   * Most bytes of keys and values, as they are before they are compressed, in flight at once. Default:
   * 64 MiB. When full: `OVERLOADED`.
   */
  readonly maxInFlightBytes?: number | undefined;

  /** Most operations in one message to a node, up to 10,000. Default: 1,000. What is more goes into the next. */
  readonly batchMaxOperations?: number | undefined;

  /** Most bytes in one message to a node, unless one operation is larger. Default: 1 MiB. */
  readonly batchMaxBytes?: number | undefined;

  /** Compression of large values, for caches that are not told otherwise. Default: as `{}`. */
  readonly compression?: Compression | undefined;

  /** Told about lost connections and the like, never about keys or values. Default: silent. */
  readonly logger?: Logger | undefined;

  /** Is told of every operation, of connections and of topologies. Default: nobody is. */
  readonly observer?: ClientObserver | undefined;

  /** TLS and call credentials for every connection. Default: plaintext. */
  readonly channelCredentials?: ChannelCredentials | undefined;

  /** Gives up connecting when aborted. It has no effect later. */
  readonly signal?: AbortSignal | undefined;

  /** Time, for tests. Default: the system's. */
  readonly clock?: Clock | undefined;

  /** Chance, for tests. Default: the system's. */
  readonly random?: Random | undefined;
}

/** The options, complete and checked. */
export interface ClientOptions {
  readonly seeds: readonly string[];
  readonly timeoutMs: number;
  readonly waitForReady: boolean;
  readonly clusterId: string | undefined;
  readonly flight: FlightBounds;
  readonly batch: BatchBounds;
  /** `undefined`: none. */
  readonly compression: CompressionSettings | undefined;
  readonly logger: Logger;
  /** `undefined`: nobody observes. */
  readonly observer: GuardedObserver | undefined;
  readonly channelCredentials: ChannelCredentials | undefined;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

const MEBIBYTE = 1024 * 1024;

/** More than these a node takes for no batch. */
const MAX_BATCH_OPERATIONS = 10_000;

const NAMES: readonly (keyof ConnectOptions)[] = [
  "seeds",
  "timeout",
  "waitForReady",
  "clusterId",
  "maxInFlight",
  "maxInFlightBytes",
  "batchMaxOperations",
  "batchMaxBytes",
  "compression",
  "logger",
  "observer",
  "channelCredentials",
  "signal",
  "clock",
  "random",
];

/** @throws {CacheError} `INVALID_ARGUMENT` that names every problem. */
export function parseOptions(options: ConnectOptions): ClientOptions {
  const problems: string[] = [];
  for (const name of Object.keys(options)) {
    if (!(NAMES as readonly string[]).includes(name)) problems.push(`unknown option ${name}`);
  }
  const bound = (name: keyof ConnectOptions, fallback: number, most = Infinity): number => {
    const value = Number(options[name] ?? fallback);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    const range = most === Infinity ? "of at least 1" : `from 1 to ${most}`;
    problems.push(`${name} is ${String(options[name])}; it must be a whole number ${range}`);
    return fallback;
  };
  problems.push(...problemsOfSeeds(options.seeds));
  const { waitForReady = true, observer, logger = silentLogger } = options;
  if (typeof waitForReady !== "boolean") {
    problems.push(`waitForReady is ${String(waitForReady)}; it must be true or false`);
  }
  const parsed: ClientOptions = {
    seeds: [...(options.seeds ?? [])],
    timeoutMs: checked(() => timeoutMsOf(options.timeout, 5_000), 0, problems),
    waitForReady,
    clusterId: options.clusterId,
    flight: {
      maxOperations: bound("maxInFlight", 10_000),
      maxBytes: bound("maxInFlightBytes", 64 * MEBIBYTE),
    },
    batch: {
      maxOperations: bound("batchMaxOperations", 1_000, MAX_BATCH_OPERATIONS),
      maxBytes: bound("batchMaxBytes", MEBIBYTE),
    },
    compression: checked(() => checkCompression(options.compression), undefined, problems),
    logger,
    observer: observer && new GuardedObserver(observer, logger),
    channelCredentials: options.channelCredentials,
    signal: options.signal,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  };
  if (problems.length === 0) return parsed;
  throw new CacheError("INVALID_ARGUMENT", `connect: ${problems.join("; ")}`);
}

function checked<T>(check: () => T, fallback: T, problems: string[]): T {
  try {
    return check();
  } catch (error) {
    problems.push(CacheError.from(error).message);
    return fallback;
  }
}

function problemsOfSeeds(seeds: unknown): string[] {
  if (!Array.isArray(seeds) || seeds.length === 0) {
    return ['seeds is empty; it needs at least one "host:port"'];
  }
  return seeds
    .filter((seed) => !isAddress(seed))
    .map((seed) => `seed "${seed}" is not "host:port"`);
}

function isAddress(text: unknown): boolean {
  const port = typeof text === "string" ? /^[^\s/,]+:(\d{1,5})$/.exec(text)?.[1] : undefined;
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}
