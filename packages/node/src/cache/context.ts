/**
 * What travels with an operation through the cache: whose partition it is, and until when somebody
 * waits. And what the cache needs of the node around it.
 */
import type { Incarnation } from "@holdfast/core";
import type { WriteBehindAck } from "@holdfast/process";
import type { Tenure } from "../ownership/tenure.js";

export interface OperationContext {
  readonly tenure: Tenure;
  /** Of the key, under the cluster's seed; as a signed integer, because such numbers are never boxed. */
  readonly keyHash: number;
  /** Monotonic instant by which the caller wants an answer. */
  readonly deadlineMs: number;
  /** What the caller wants a write to survive, if that is more than what its cache is set to. */
  readonly ack?: WriteBehindAck;
  /** A read takes what has been stale for so long for a miss, in milliseconds. Absent: nothing. */
  readonly maxStaleMs?: number | undefined;
}

export interface NodeServices {
  /** This process's present incarnation, under which it writes to the database. */
  incarnation(): Incarnation;
  /** The tenure of a partition, if this node owns it. */
  tenureOf(partition: number): Tenure | undefined;
  /** Whether work that was admitted earlier may still be finished and answered. */
  mayFinish(tenure: Tenure): boolean;
  /** Before a database statement for the partition; `undefined`: at once. */
  fenced(tenure: Tenure): Promise<void> | undefined;
  /** Asks for a higher term, because a version of a higher one was seen or sequences run out. */
  raiseTerm(tenure: Tenure, minTerm: number): void;
  /** The database says that this incarnation has been deposed. */
  deposed(incarnation: Incarnation): void;
  /**
   * The database does not know this incarnation. Resolves when it has been entered again, which is
   * done only if the registry still lists it.
   */
  restoreIncarnation(): Promise<void>;
}

export interface ReadResult {
  /** `undefined`: the key is absent. */
  readonly value: Uint8Array | undefined;
  readonly encoding: number;
  /** 0 when the key is absent. */
  readonly version: number;
  readonly source: "NONE" | "MEMORY" | "DATABASE" | "LOADER";
  readonly ageMs: number;
  /** It is past its soft lifetime; only a read may tell such a value. */
  readonly stale: boolean;
  /** `undefined`: it does not expire. */
  readonly ttlLeftMs: number | undefined;
  /** It was acknowledged, and the database refuses it: the row says something else. */
  readonly unpersisted: boolean;
  /** From which age on it is stale, where its writer has stated that. */
  readonly softTtlMs?: number | undefined;
  /** It is fresh, and callers are to load it anew, ahead of its end. */
  readonly isDue?: true;
}

export const ABSENT: ReadResult = {
  value: undefined,
  encoding: 0,
  version: 0,
  source: "NONE",
  ageMs: 0,
  stale: false,
  ttlLeftMs: undefined,
  unpersisted: false,
};
