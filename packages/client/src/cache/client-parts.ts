/**
 * What the caches of one connected client share. Put together in connect.ts.
 */
import type { Clock, Logger, Random } from "@holdfast/core";
import type { AbortListeners } from "../calls/abort-listeners.js";
import type { Operations } from "../calls/operations.js";
import type { Router } from "../routing/router.js";
import type { Wire } from "../transport/wire.js";
import type { CompressingOperations } from "./compressing-operations.js";
import type { CompressionSettings } from "./compression.js";
import type { Loads } from "./loads.js";

export interface ClientParts {
  readonly operations: Operations;
  /** The same, for what reads and writes values. */
  readonly compressing: CompressingOperations;
  /** Default of every cache. `undefined`: nothing is compressed. */
  readonly compression: CompressionSettings | undefined;
  readonly loads: Loads;
  readonly aborts: AbortListeners;
  readonly wire: Wire;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Default of every operation. */
  readonly timeoutMs: number;
  /** Default of every operation. */
  readonly waitForReady: boolean;
  readonly maxInFlight: number;
  /** Aborts with a `CLOSED` error when the client is closed. */
  readonly closing: AbortSignal;
  /** By the latest topology. */
  router(): Router;
}
