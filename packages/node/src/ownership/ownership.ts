/**
 * What this node owns: its tenures, derived from each topology that it reads. It answers the one
 * question that every operation asks first, "may I serve this partition now?", and it notices when
 * a topology has deposed the node: taken a partition away that the node had not released.
 *
 * Everything here is synchronous. What is to happen with the entries of a partition that is lost is
 * decided by the listeners.
 */
import {
  CacheError,
  type Clock,
  findMember,
  type Incarnation,
  NotOwnerError,
  type OwnerHint,
  type Partition,
  type Topology,
} from "@holdfast/core";
import type { RightToServe, Standing } from "./right-to-serve.js";
import { Tenure, type TenureState } from "./tenure.js";

/** Most operations that wait for a partition on the move, all partitions together. */
const MAX_WAITING = 10_000;

/** Clocks may run at rates that differ by 5 %, each against true time. */
const CLOCK_MARGIN = 1.1;

/** Thrown by `admit` while the partition is on the move: wait for `settled`, then ask again. */
export class PartitionMovingError extends Error {
  override readonly name = "PartitionMovingError";
  readonly partition: number;

  constructor(partition: number) {
    super(`partition ${partition} is moving to another node`);
    this.partition = partition;
  }
}

export interface OwnershipListener {
  /**
   * The tenure has ended; nothing of the partition may be served from memory again.
   *
   * @param handedOver - the partition as the topology shows it, where this node had let go of it, so that
   *   the next owner had everything; `undefined`: it was taken away.
   */
  ended(tenure: Tenure, handedOver: Partition | undefined): void;
  /** A topology took partitions, or membership, from this incarnation without its consent. */
  deposed(): void;
  /** The node goes on as another incarnation; every tenure has ended. */
  begunAnew(): void;
}

/**
 * Until when this node has promised others not to own a partition, on the monotonic clock. Infinity:
 * there is a later term than this one, so it is not served under this one at all.
 */
export type PromisedUntil = (partition: number, term: number) => number;

export class Ownership {
  readonly #right: RightToServe;
  readonly #promisedUntil: PromisedUntil;
  readonly #clock: Clock;
  readonly #listener: OwnershipListener;
  readonly #tenures = new Map<number, Tenure>();
  readonly #waiting = new Map<number, Set<() => void>>();
  #waiters = 0;
  #lastMovedEpoch = 0;
  #incarnation: Incarnation;
  #topology: Topology | undefined;

  constructor(
    incarnation: Incarnation,
    right: RightToServe,
    promisedUntil: PromisedUntil,
    clock: Clock,
    listener: OwnershipListener,
  ) {
    this.#incarnation = incarnation;
    this.#right = right;
    this.#promisedUntil = promisedUntil;
    this.#clock = clock;
    this.#listener = listener;
  }

  get incarnation(): Incarnation {
    return this.#incarnation;
  }

  /** 0 before the first topology. */
  get epoch(): number {
    return this.#topology?.epoch ?? 0;
  }

  get topology(): Topology | undefined {
    return this.#topology;
  }

  tenures(): IterableIterator<Tenure> {
    return this.#tenures.values();
  }

  /** From partition to tenure. */
  get byPartition(): ReadonlyMap<number, Tenure> {
    return this.#tenures;
  }

  tenureOf(partition: number): Tenure | undefined {
    return this.#tenures.get(partition);
  }

  /**
   * Lets an operation in.
   *
   * @throws {NotOwnerError} when the topology names another owner.
   * @throws {CacheError} `UNAVAILABLE` when the node cannot confirm its right to serve.
   * @throws {PartitionMovingError} while the partition is being moved.
   */
  admit(partition: number): Tenure {
    const tenure = this.#tenures.get(partition);
    if (tenure === undefined) throw new NotOwnerError(this.hintFor(partition));
    if (tenure.state.at === "waiting") throw new PartitionMovingError(partition);
    this.#right.check(partition);
    if (tenure.state.at !== "serving") throw new PartitionMovingError(partition);
    return tenure;
  }

  /** For `serving`, of as many partitions as one likes in this tick. */
  look(): Standing {
    return this.#right.look();
  }

  /** As `admit`; `undefined` where that throws. @param standing - of this tick. */
  serving(partition: number, standing: Standing): Tenure | undefined {
    const tenure = this.#tenures.get(partition);
    if (tenure?.state.at !== "serving" || !this.#right.holdsAt(standing, partition))
      return undefined;
    return tenure;
  }

  /** Whether work that was admitted earlier may still be finished and answered. */
  mayFinish(tenure: Tenure): boolean {
    const { at } = tenure.state;
    return (at === "serving" || at === "releasing") && this.#right.holds(tenure.partition);
  }

  /**
   * Resolves when the state of a moving partition has changed, or at the deadline.
   *
   * @throws {CacheError} `OVERLOADED` when too many operations wait already.
   */
  async settled(partition: number, deadlineMs: number): Promise<void> {
    if (this.#waiters >= MAX_WAITING) {
      throw new CacheError(
        "OVERLOADED",
        `${MAX_WAITING} operations wait for moving partitions already; try again`,
      );
    }
    this.#waiters += 1;
    try {
      await new Promise<void>((resolve) => {
        const waiting = this.#waiting.get(partition) ?? new Set();
        this.#waiting.set(partition, waiting);
        const wake = () => {
          cancel();
          waiting.delete(wake);
          resolve();
        };
        const cancel = this.#clock.after(Math.max(0, deadlineMs - this.#clock.monotonic()), wake);
        waiting.add(wake);
      });
    } finally {
      this.#waiters -= 1;
    }
  }

  /** A partition that this node is letting go of, or has, without knowing who is next; `undefined`: none. */
  get moving(): number | undefined {
    for (const { partition, state } of this.#tenures.values()) {
      if (state.at === "releasing" || state.at === "released") return partition;
    }
    return undefined;
  }

  /** The epoch in which a partition that this node had let go of last went to another; 0: none did. */
  get lastMovedEpoch(): number {
    return this.#lastMovedEpoch;
  }

  /** Where the topology says that a partition is served. */
  hintFor(partition: number): OwnerHint {
    const topology = this.#topology;
    if (topology === undefined) return { epoch: 0 };
    const { epoch } = topology;
    const { owner, term } = topology.partitions[partition] ?? {};
    const member = owner === undefined ? undefined : findMember(topology, owner);
    if (member === undefined || term === undefined || member.state === "dead") return { epoch };
    const { nodeId, incarnation, addresses } = member;
    return { epoch, owner: { nodeId, incarnation, address: addresses.data, term } };
  }

  /** Takes over what a topology says. Topologies of an epoch that is not later are ignored. */
  apply(topology: Topology): void {
    if (topology.epoch <= this.epoch) return;
    this.#topology = topology;
    let deposed = findMember(topology, this.#incarnation)?.state === "dead";
    for (const [partition, shown] of topology.partitions.entries()) {
      const { owner, term, unfenced } = shown;
      const tenure = this.#tenures.get(partition);
      if (owner === this.#incarnation) {
        if (deposed) continue;
        const isInterrupted = tenure !== undefined && isInterruptedBy(tenure, term);
        if (isInterrupted) this.#end(tenure, shown);
        if (tenure === undefined || isInterrupted || this.#isVoid(tenure, term)) {
          this.#begin(new Tenure(partition, term, unfenced), shown);
        } else this.#keep(tenure, shown, topology.epoch);
      } else if (tenure !== undefined) {
        // Whoever released agreed; whoever still serves has been declared dead.
        const isAgreed = tenure.state.at === "released";
        if (isAgreed) this.#lastMovedEpoch = topology.epoch;
        else deposed = true;
        this.#end(tenure, isAgreed ? shown : undefined);
      }
    }
    if (deposed) this.#listener.deposed();
  }

  /** A planned move begins: nothing more is admitted. */
  beginRelease(tenure: Tenure): void {
    this.#setState(tenure, { at: "releasing" });
  }

  /** The move is called off, or was not finished in time. */
  resume(tenure: Tenure): void {
    if (tenure.state.at === "releasing") this.#setState(tenure, { at: "serving" });
  }

  /** Everything admitted is finished, and the target has it; `epoch` is the one that asked for it. */
  finishRelease(tenure: Tenure, epoch: number): void {
    this.#setState(tenure, { at: "released", epoch });
  }

  /** Ends every tenure, and goes on as another incarnation, which owns nothing yet. */
  becomeIncarnation(incarnation: Incarnation): void {
    for (const tenure of [...this.#tenures.values()]) this.#end(tenure);
    this.#incarnation = incarnation;
    this.#listener.begunAnew();
  }

  #begin(tenure: Tenure, { term, heldBack, recoverFrom }: Partition): void {
    const { partition } = tenure;
    this.#tenures.set(partition, tenure);
    tenure.isRecovering = recoverFrom.length > 0;
    const heldUntilMs = heldBack
      ? this.#clock.monotonic() + this.#right.outageMaxMs * CLOCK_MARGIN
      : Number.NEGATIVE_INFINITY;
    this.#serveFrom(tenure, this.#promisedUntil(partition, term), heldUntilMs);
    this.#wake(partition);
  }

  /** Whether it never was a tenure, because somebody else had a later term; this is a later one still. */
  #isVoid({ state, term }: Tenure, next: number): boolean {
    const isVoid = state.at === "waiting" && state.promisedUntilMs === Number.POSITIVE_INFINITY;
    return isVoid && next > term;
  }

  #keep(tenure: Tenure, shown: Partition, epoch: number): void {
    const { term, unfenced, heldBack, recoverFrom } = shown;
    tenure.unfenced = unfenced;
    tenure.isRecovering = recoverFrom.length > 0;
    if (term > tenure.term) tenure.renew(term);
    const { state } = tenure;
    if (state.at === "released" && epoch > state.epoch) this.#setState(tenure, { at: "serving" });
    if (state.at === "waiting" && !heldBack) {
      this.#serveFrom(tenure, state.promisedUntilMs, Number.NEGATIVE_INFINITY);
    }
  }

  /** Serves at once, or as soon as nobody else can. */
  #serveFrom(tenure: Tenure, promisedUntilMs: number, heldUntilMs: number): void {
    const waitMs = Math.max(promisedUntilMs, heldUntilMs) - this.#clock.monotonic();
    if (waitMs <= 0) {
      if (tenure.state.at === "waiting") this.#setState(tenure, { at: "serving" });
      return;
    }
    const waiting: TenureState = { at: "waiting", promisedUntilMs, heldUntilMs };
    tenure.moveTo(waiting);
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.#clock.after(waitMs, () => {
      // Another wait may have taken the place of this one.
      if (tenure.state === waiting) this.#setState(tenure, { at: "serving" });
    });
  }

  #end(tenure: Tenure, handedOver?: Partition): void {
    this.#tenures.delete(tenure.partition);
    this.#setState(tenure, { at: "ended" });
    this.#listener.ended(tenure, handedOver);
  }

  #setState(tenure: Tenure, state: TenureState): void {
    tenure.moveTo(state);
    if (state.at !== "releasing") this.#wake(tenure.partition);
  }

  #wake(partition: number): void {
    for (const wake of [...(this.#waiting.get(partition) ?? [])]) wake();
    this.#waiting.delete(partition);
  }
}

/** Whether it was released and has another term since: somebody else may have had it meanwhile. */
function isInterruptedBy({ state, term }: Tenure, next: number): boolean {
  return state.at === "released" && next > term;
}
