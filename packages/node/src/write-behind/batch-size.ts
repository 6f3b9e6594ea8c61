/**
 * How many rows of one cache are put into a statement at present: as few as keep what is dirty young,
 * because large statements hold locks for long and are lost as a whole. It grows by steps while the age
 * of what is sent calls for more, and is halved whenever the database cannot cope with what it got:
 * additive increase, multiplicative decrease.
 */

export interface BatchSizeOptions {
  /** Most rows in one statement. */
  readonly batchMaxRows: number;
  /** How old the oldest unflushed write may get, in milliseconds. */
  readonly ageObjectiveMs: number;
}

/** What was sent in one statement that the database has carried out. */
export interface SentBatch {
  readonly rows: number;
  readonly tookMs: number;
  /** Of its oldest write, when it was taken. */
  readonly ageMs: number;
  /** Everything was to be sent as fast as possible. */
  readonly isUrgent: boolean;
}

const START_ROWS = 500;
const LEAST_ROWS = 10;
const STEP_ROWS = 250;

/** Share of the objective from which on statements grow: what comes next must have a chance, too. */
const NEED_SHARE = 0.5;

/** Share of the objective that a single statement may take. */
const SLOW_SHARE = 0.25;

export class BatchSize {
  readonly #options: () => BatchSizeOptions;
  #rows = START_ROWS;

  constructor(options: () => BatchSizeOptions) {
    this.#options = options;
  }

  get rows(): number {
    return Math.min(this.#rows, this.#options().batchMaxRows);
  }

  sent({ rows, tookMs, ageMs, isUrgent }: SentBatch): void {
    const { ageObjectiveMs, batchMaxRows } = this.#options();
    if (tookMs > ageObjectiveMs * SLOW_SHARE) {
      this.timedOut();
      return;
    }
    const isNeeded = isUrgent || ageMs >= ageObjectiveMs * NEED_SHARE;
    // A statement that was not full shows that larger ones are not what is missing.
    if (!isNeeded || rows < this.rows) return;
    this.#rows = Math.min(this.rows + STEP_ROWS, batchMaxRows);
  }

  /** The database did not carry a statement out in time, or took long over it. */
  timedOut(): void {
    const { batchMaxRows } = this.#options();
    this.#rows = Math.max(this.rows >> 1, Math.min(LEAST_ROWS, batchMaxRows));
  }
}
