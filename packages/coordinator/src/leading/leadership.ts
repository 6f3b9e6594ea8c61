/**
 * Whether this coordinator leads. Whoever creates the `coordinator` key under a lease leads while
 * that key exists; the revision that created it identifies the leadership, and every publish
 * compares it. So two coordinators that both believe to lead cannot both publish.
 *
 *   standing by --the key is free--> campaigning --created it--> leading
 *        ^                                                          |
 *        +---------- the key or the lease is gone ------------------+
 *
 * While the lease is not certain to live, because the registry does not answer, nobody leads here,
 * although the key may still be ours. When the registry is back and the lease lives, leading begins
 * anew, with a new instant to count absences from.
 */
import type { Clock, Component, Logger } from "@holdfast/core";
import {
  COORDINATOR_KEY,
  type CoordinatorRecord,
  encodeRecord,
  type LeaseKeeper,
  type Registry,
  RegistryUnavailableError,
} from "@holdfast/process";
import type { RegistryView } from "../state/registry-view.js";
import { WakeUp } from "./wake-up.js";

/** One uninterrupted time of leading. */
export interface Reign {
  /** Revision that created the `coordinator` key. */
  readonly createRevision: number;
  /** The later of the election and the registry's return, monotonic. */
  readonly sinceMs: number;
}

export interface LeadershipOptions {
  readonly registry: Registry;
  readonly view: RegistryView;
  readonly keeper: LeaseKeeper;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Known only once the server listens. */
  readonly record: () => CoordinatorRecord;
}

/** How soon to look again when the registry failed, or may be back. */
const RETRY_MS = 200;

interface Holding {
  readonly leaseId: string;
  readonly createRevision: number;
  readonly era: number;
}

export class Leadership implements Component {
  readonly name = "leadership";
  readonly #options: LeadershipOptions;
  readonly #wakeUp: WakeUp;
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: (() => void)[] = [];
  /** What this process created itself; the view may show it later. */
  #created: Holding | undefined;
  #reign: Reign | undefined;
  #stopping = false;
  #running: Promise<void> | undefined;

  constructor(options: LeadershipOptions) {
    this.#options = options;
    this.#wakeUp = new WakeUp(options.clock);
  }

  /** Undefined when this coordinator does not lead, or cannot be certain of it. */
  get reign(): Reign | undefined {
    return this.#options.keeper.isSafe() ? this.#reign : undefined;
  }

  /** Calls back when leading begins or ends. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start(): Promise<void> {
    const { view, keeper } = this.#options;
    this.#unsubscribe.push(
      view.onChange(() => this.#wakeUp.wake()),
      keeper.onLost(() => this.#wakeUp.wake()),
    );
    this.#running = this.#run();
  }

  /** Gives the leadership up at once, so that another can take it without waiting for the lease. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#setReign(undefined);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#wakeUp.wake();
    await this.#running;
    await this.#options.keeper.release();
  }

  async #run(): Promise<void> {
    const { logger } = this.#options;
    let isFailing = false;
    while (!this.#stopping) {
      let waitMs: number | undefined = RETRY_MS;
      this.#wakeUp.reset();
      try {
        waitMs = await this.#step();
        isFailing = false;
      } catch (error) {
        // Only the first of a series is worth a warning: an outage may be long.
        const level = isFailing ? "debug" : "warn";
        if (!this.#stopping) logger[level]({ err: error }, "campaign failed, trying again");
        isFailing = true;
      }
      if (!this.#stopping) await this.#wakeUp.sleep(waitMs);
    }
  }

  /** Returns after how long to look again at the latest. */
  async #step(): Promise<number | undefined> {
    const { view, keeper, clock } = this.#options;
    if (view.state === undefined) return undefined;
    if (keeper.leaseId === undefined) {
      this.#setReign(undefined);
      await keeper.acquire();
      if (this.#stopping) return undefined;
    }
    const holder = this.#holder();
    if (holder === undefined) {
      this.#setReign(undefined);
      await this.#campaign();
      return 0;
    }
    if (holder.leaseId !== keeper.leaseId) {
      this.#setReign(undefined);
      return undefined;
    }
    if (!keeper.isSafe()) {
      this.#setReign(undefined);
      return RETRY_MS;
    }
    if (this.#reign?.createRevision !== holder.createRevision) {
      const { createRevision } = holder;
      this.#setReign({ createRevision, sinceMs: clock.monotonic() });
    }
    return Math.max(1, keeper.safeUntilMs - clock.monotonic());
  }

  /** Who has the key, as far as is known. What we created ourselves is news before the view has it. */
  #holder(): Pick<Holding, "leaseId" | "createRevision"> | undefined {
    const { view } = this.#options;
    const created = this.#created;
    const state = view.state;
    if (state === undefined) return undefined;
    if (created?.era === state.era && created.createRevision > state.revision) return created;
    if (state.coordinator === undefined) return undefined;
    const { createRevision, leaseId = "" } = state.coordinator;
    return { createRevision, leaseId };
  }

  async #campaign(): Promise<void> {
    const { registry, view, keeper, record, logger } = this.#options;
    const { leaseId } = keeper;
    if (leaseId === undefined) return;
    const era = view.state?.era ?? 0;
    let createRevision: number | undefined;
    try {
      const result = await registry.transact(
        [{ key: COORDINATOR_KEY, target: "create", equals: 0 }],
        [{ key: COORDINATOR_KEY, put: encodeRecord(record()), leaseId }],
      );
      if (result.succeeded) createRevision = result.revision;
    } catch (error) {
      if (!(error instanceof RegistryUnavailableError)) throw error;
    }
    if (createRevision === undefined) {
      // Lost, or the answer got lost: the lease on the key tells. The view may not show it yet.
      const entry = await registry.get(COORDINATOR_KEY);
      if (entry?.leaseId !== leaseId) {
        if (entry !== undefined) this.#created = { ...entry, leaseId: entry.leaseId ?? "", era };
        return;
      }
      createRevision = entry.createRevision;
    }
    this.#created = { leaseId, createRevision, era };
    logger.info({ createRevision }, "elected");
  }

  #setReign(reign: Reign | undefined): void {
    if (this.#reign === reign) return;
    const { logger } = this.#options;
    if (reign === undefined) logger.info({}, "no longer leading");
    else logger.info({ createRevision: reign.createRevision }, "leading");
    this.#reign = reign;
    for (const listener of [...this.#listeners]) listener();
  }
}
