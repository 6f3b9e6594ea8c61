/**
 * What an owner asks of the leading coordinator on behalf of its backups: to take into in-sync sets
 * those that have everything, and to take out those that have failed. It asks until the topology shows
 * what was asked for, or nobody wants it any more.
 */
import { type Clock, delay, type Incarnation, type Logger } from "@holdfast/core";
import type { ReplicaSet } from "./replica-set.js";

export interface InSyncChange {
  readonly partition: number;
  readonly term: number;
  readonly member: Incarnation;
}

/** The leading coordinator. Both reject when it cannot be reached. */
export interface InSyncRequests {
  /** Resolves when it is decided what comes of it; the topology shows what. */
  propose(from: Incarnation, epoch: number, changes: readonly InSyncChange[]): Promise<void>;
  /** Resolves with the first epoch in which they are not in sync. */
  remove(from: Incarnation, changes: readonly InSyncChange[]): Promise<number>;
}

export interface InSyncDemandsParts {
  readonly incarnation: () => Incarnation;
  readonly requests: InSyncRequests;
  readonly sets: () => Iterable<ReplicaSet>;
  /** The epoch that this node has read. */
  readonly epoch: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Pause before something is asked again; what comes meanwhile goes with it. */
const ASK_AGAIN_MS = 200;

export class InSyncDemands {
  readonly #parts: InSyncDemandsParts;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #isDue = false;
  #isProposing = false;
  #isRemoving = false;

  constructor(parts: InSyncDemandsParts) {
    this.#parts = parts;
  }

  /** Asks, at the end of this turn, for what there is to ask for. */
  wake(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#ask();
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error("stopping"));
    await Promise.all(this.#running);
  }

  #ask(): void {
    if (this.#stopping.signal.aborted) return;
    if (!this.#isRemoving && this.#removals().length > 0) {
      this.#isRemoving = true;
      this.#run(this.#remove(), () => {
        this.#isRemoving = false;
      });
    }
    if (!this.#isProposing && this.#hasProposals()) {
      this.#isProposing = true;
      this.#run(this.#propose(), () => {
        this.#isProposing = false;
      });
    }
  }

  #run(asking: Promise<void>, onEnd: () => void): void {
    const running = asking.finally(() => {
      this.#running.delete(running);
      onEnd();
      this.#ask();
    });
    this.#running.add(running);
  }

  async #remove(): Promise<void> {
    const removals = this.#removals();
    const { requests, incarnation, logger } = this.#parts;
    try {
      const changes = removals.map(({ change }) => change);
      const epoch = await requests.remove(incarnation(), changes);
      for (const { set, change } of removals) set.noteRemoved(change.member, epoch);
    } catch (error) {
      logger.debug({ err: error }, "asking for the removal of backups failed; asking again");
      await this.#pause();
    }
  }

  async #propose(): Promise<void> {
    await this.#pause();
    const { requests, incarnation, epoch, logger } = this.#parts;
    const changes: InSyncChange[] = [];
    for (const set of this.#parts.sets()) {
      if (!mayPropose(set)) continue;
      const { partition, term } = set.tenure;
      for (const member of set.propose()) changes.push({ partition, term, member });
    }
    if (changes.length === 0) return;
    try {
      await requests.propose(incarnation(), epoch(), changes);
    } catch (error) {
      logger.debug({ err: error }, "proposing backups failed; proposing them again");
    }
  }

  #removals(): { readonly set: ReplicaSet; readonly change: InSyncChange }[] {
    return [...this.#parts.sets()].flatMap((set) =>
      set.removals.map((member) => {
        const { partition, term } = set.tenure;
        return { set, change: { partition, term, member } };
      }),
    );
  }

  #hasProposals(): boolean {
    for (const set of this.#parts.sets()) if (mayPropose(set) && set.hasProposals) return true;
    return false;
  }

  #pause(): Promise<void> {
    const { clock } = this.#parts;
    return delay(clock, ASK_AGAIN_MS, this.#stopping.signal).catch(() => {});
  }
}

/**
 * Whoever is proposed may be promoted, and would not know what this node still waits for: that nobody
 * before it can serve any more. The coordinator takes a proposal for the news that this is so.
 */
function mayPropose({ tenure }: ReplicaSet): boolean {
  return tenure.state.at !== "waiting";
}
