/**
 * Keeps this node present in the cluster: its record up to date, its lease held, and, when the
 * cluster has gone on without it, itself a new incarnation that owns nothing.
 *
 * One loop does all of it, one step at a time, woken by whatever happens: a new topology, a lost
 * lease, being deposed. A step that fails because something cannot be reached is tried again.
 */
import {
  type Clock,
  delay,
  type Incarnation,
  IncompatibleClusterError,
  type Logger,
} from "@holdfast/core";
import type { LeaseKeeper, ParentLink } from "@holdfast/process";
import type { Ownership } from "../ownership/ownership.js";
import type { Membership } from "./membership.js";

const RETRY_MS = 250;

/** Writes of the member record that only report a newer epoch are this far apart at least. */
const REPORT_INTERVAL_MS = 500;

export interface IncarnationHome {
  /** Enters a new incarnation into the database, and uses its name there from now on. */
  enter(incarnation: Incarnation): Promise<void>;
  /** Enters an incarnation again whose entry was lost. */
  restore(incarnation: Incarnation): Promise<void>;
}

export interface PresenceParts {
  readonly membership: Membership;
  readonly ownership: Ownership;
  readonly lease: LeaseKeeper;
  readonly home: IncarnationHome;
  readonly createIncarnation: () => Incarnation;
  readonly parent: ParentLink | undefined;
  readonly onFatal: (reason: unknown) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Presence {
  readonly #parts: PresenceParts;
  readonly #stopping = new AbortController();
  /** What this process was before, as far as no registration has said so. */
  #predecessors: Incarnation[] = [];
  #isDeposed = false;
  #isRegistered = false;
  #isRecordStale = false;
  #wake: () => void = () => {};
  #running: Promise<void> | undefined;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    parts.lease.onLost(() => {
      this.#isRegistered = false;
      parts.logger.warn(
        {},
        "the lease is lost; what has no backup in sync is not served until this node is back",
      );
      this.#wake();
    });
  }

  get isRegistered(): boolean {
    return this.#isRegistered;
  }

  /** Registers the node for the first time. @throws whatever keeps it from that. */
  async start(): Promise<void> {
    await this.#parts.membership.register();
    this.#noteRegistered();
    this.#running = this.#run();
  }

  /** The cluster has replaced this incarnation. */
  depose(): void {
    if (this.#isDeposed) return;
    this.#isDeposed = true;
    this.#parts.logger.warn(
      { incarnation: this.#parts.ownership.incarnation },
      "this incarnation has been replaced; becoming a new one",
    );
    this.#wake();
  }

  /**
   * The database does not know this incarnation. That is no fence, so it is entered again; but only
   * while the registry still lists it, else the node has been deposed.
   */
  async restore(): Promise<void> {
    const { membership, ownership, home, logger } = this.#parts;
    const { incarnation } = ownership;
    if (!(await membership.isListed())) return this.depose();
    logger.error(
      { incarnation },
      "the database has lost this node's incarnation; entering it again",
    );
    await home.restore(incarnation);
  }

  /** What the member record says has changed. */
  refresh(): void {
    this.#isRecordStale = true;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("stopping"));
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        if (await this.#step()) continue;
        await this.#woken();
      } catch (error) {
        if (error instanceof IncompatibleClusterError) {
          this.#parts.onFatal(error);
          return;
        }
        this.#parts.logger.warn({ err: error }, "staying in the cluster failed; trying again");
        await delay(this.#parts.clock, RETRY_MS, signal).catch(() => {});
      }
    }
  }

  /** Does what is most urgent. Returns false when there was nothing to do. */
  async #step(): Promise<boolean> {
    const { membership, ownership, clock } = this.#parts;
    if (this.#isDeposed) await this.#becomeNew();
    else if (!this.#isRegistered) await this.#return();
    else if (this.#isRecordStale) {
      this.#isRecordStale = false;
      await membership.update(ownership.epoch).catch((error: unknown) => {
        this.#isRecordStale = true;
        throw error;
      });
      await delay(clock, REPORT_INTERVAL_MS, this.#stopping.signal).catch(() => {});
    } else return false;
    return true;
  }

  /** The lease was lost: the same incarnation goes on if nobody has replaced it. */
  async #return(): Promise<void> {
    if (await this.#parts.membership.reregister()) {
      this.#noteRegistered();
      this.#parts.logger.info({}, "registered again under a new lease");
    } else this.depose();
  }

  async #becomeNew(): Promise<void> {
    const { ownership, lease, home, membership, createIncarnation, parent, logger } = this.#parts;
    const incarnation = createIncarnation();
    // Also after attempts that came to nothing: nobody has been told of those before.
    this.#predecessors.push(ownership.incarnation);
    this.#isRegistered = false;
    // From here on nothing is owned, and everything of the old incarnation is forgotten.
    ownership.becomeIncarnation(incarnation);
    await lease.release();
    await home.enter(incarnation);
    membership.amend({ incarnation, succeeds: [...this.#predecessors] });
    await membership.register();
    this.#predecessors = [];
    this.#isDeposed = false;
    this.#noteRegistered();
    this.#isRecordStale = true;
    parent?.report({ type: "incarnation", incarnation });
    logger.info({ incarnation }, "registered as a new incarnation");
  }

  /** The lease may have been lost while the last answer was on its way. */
  #noteRegistered(): void {
    this.#isRegistered = this.#parts.lease.leaseId !== undefined;
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      const isIdle = this.#isRegistered && !this.#isDeposed && !this.#isRecordStale;
      if (!isIdle || this.#stopping.signal.aborted) resolve();
    });
  }
}
