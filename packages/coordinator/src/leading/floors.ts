/**
 * Epochs and terms that the database has set aside, so that none is ever used twice, even when the
 * registry loses everything. They are set aside in large steps, ahead of use: a publish waits for
 * the database only when a step is used up, and the database is asked for the next long before.
 *
 * A leader that finds a topology goes on from it without asking first: whoever published it kept at
 * least half a step in reserve. So a failover does not need the database.
 */
import { type Logger, MAX_TERM, type Topology } from "@holdfast/core";
import type { Floor } from "@holdfast/process";
import type { FloorStore } from "../state/stores.js";

const EPOCHS_AHEAD = 4_096;
const TERMS_AHEAD = 256;

export interface Floors {
  /** What may have been used before this topology; to be asked once, before the first publish. */
  open(topology: Topology | undefined): Promise<Floor>;
  /** Resolves when these numbers may be used. @throws {DatabaseError} */
  ensure(epoch: number, term: number): Promise<void>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/** Without a database nothing remembers what a lost registry held. */
export const noFloors: Floors = {
  open: async () => ({ epoch: 0, term: 0 }),
  ensure: async () => {},
  close: async () => {},
};

export function highestTerm(topology: Topology): number {
  return topology.partitions.reduce((highest, { term }) => Math.max(highest, term), 0);
}

export class StoredFloors implements Floors {
  readonly #store: FloorStore;
  readonly #logger: Logger;
  #reserved: Floor = { epoch: 0, term: 0 };
  #refilling: Promise<void> | undefined;

  constructor(store: FloorStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** @throws {DatabaseError} only when there is no topology: was there one before? */
  async open(topology: Topology | undefined): Promise<Floor> {
    if (topology === undefined) {
      this.#reserved = await this.#store.read();
      return this.#reserved;
    }
    const term = highestTerm(topology);
    this.#reserved = { epoch: topology.epoch + EPOCHS_AHEAD / 2, term: term + TERMS_AHEAD / 2 };
    this.#refillInBackground(topology.epoch, term);
    return { epoch: topology.epoch, term: 0 };
  }

  async ensure(epoch: number, term: number): Promise<void> {
    const left = { epoch: this.#reserved.epoch - epoch, term: this.#reserved.term - term };
    if (left.epoch < 0 || left.term < 0) await this.#refill(epoch, term);
    else if (left.epoch < EPOCHS_AHEAD / 2 || left.term < TERMS_AHEAD / 2) {
      this.#refillInBackground(epoch, term);
    }
  }

  async close(): Promise<void> {
    await this.#refilling;
  }

  #refillInBackground(epoch: number, term: number): void {
    if (this.#refilling !== undefined) return;
    this.#refilling = this.#refill(epoch, term)
      .catch((error: unknown) => {
        this.#logger.warn({ err: error }, "cannot set epochs and terms aside, trying again later");
      })
      .finally(() => {
        this.#refilling = undefined;
      });
  }

  async #refill(epoch: number, term: number): Promise<void> {
    const wanted = {
      epoch: epoch + EPOCHS_AHEAD,
      term: Math.min(term + TERMS_AHEAD, MAX_TERM - 1),
    };
    const reserved = await this.#store.reserve(wanted);
    this.#reserved = {
      epoch: Math.max(reserved.epoch, this.#reserved.epoch),
      term: Math.max(reserved.term, this.#reserved.term),
    };
  }
}
