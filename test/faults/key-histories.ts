/**
 * Whether what clients see can be explained, checked while they see it and in bounded memory. For each
 * key: whoever begins when a version is known to somebody gets no older one, and a change a newer one;
 * a version has one value; a value was written, to that key; nothing known is absent without a deletion
 * that may have done it. (support/history.ts checks a whole record afterwards, and knows of losses.)
 */

/** After it no deletion comes into effect of which a client was told that it may have happened. */
const UNCERTAIN_MS = 20_000;
const REMEMBERED_VERSIONS = 64;
const REMEMBERED_VIOLATIONS = 100;

export type Kind = "read" | "write" | "delete";

interface Known {
  readonly version: number;
  readonly isDeleted: boolean;
  /** What told it, and when that began. */
  readonly from: Kind;
  readonly startMs: number;
}

/** An operation that has begun. */
export interface Begun {
  readonly key: string;
  readonly kind: Kind;
  readonly startMs: number;
  /** What was known when it began. */
  readonly known: Known;
}

interface KeyState {
  readonly index: number;
  known: Known;
  /** The highest version of a deletion that was acknowledged. */
  deletion: number;
  deletionsInFlight: number;
  uncertainUntilMs: number;
  /** Versions seen, oldest first, with their values; 0: deleted. */
  readonly values: Map<number, number>;
}

const NOTHING: Known = { version: 0, isDeleted: true, from: "read", startMs: 0 };

export class KeyHistories {
  readonly #now: () => number;
  readonly #states: ReadonlyMap<string, KeyState>;
  readonly #violations: string[] = [];
  #issued = 0;
  /** Acknowledged changes. */
  acknowledged = 0;
  reads = 0;

  /** `now` counts milliseconds, monotonically. */
  constructor(keys: readonly string[], now: () => number) {
    this.#now = now;
    const states = keys.map((key, index): [string, KeyState] => {
      const counts = { deletion: 0, deletionsInFlight: 0, uncertainUntilMs: 0 };
      return [key, { index, known: NOTHING, ...counts, values: new Map() }];
    });
    this.#states = new Map(states);
  }

  /** What cannot be explained; the first hundred cases. */
  get violations(): readonly string[] {
    return this.#violations;
  }

  /** The highest version of each key that was acknowledged or read. */
  known(): Map<string, number> {
    return new Map([...this.#states].map(([key, { known }]) => [key, known.version]));
  }

  /** A value for this key that no write had before. Never 0. */
  newValue(key: string): number {
    this.#issued += 1;
    return this.#issued * this.#states.size + this.#state(key).index;
  }

  begin(key: string, kind: Kind): Begun {
    const state = this.#state(key);
    if (kind === "delete") state.deletionsInFlight += 1;
    return { key, kind, startMs: this.#now(), known: state.known };
  }

  /** It was answered: `value` 0 means that the key is absent, or was deleted. */
  end(begun: Begun, version: number, value: number): void {
    const { key, kind, startMs, known } = begun;
    const state = this.#state(key);
    if (kind === "read") this.reads += 1;
    else this.acknowledged += 1;
    if (kind === "delete") {
      state.deletionsInFlight -= 1;
      state.deletion = Math.max(state.deletion, version);
    }
    const isAbsent = kind === "read" && value === 0;
    const follows = kind === "read" ? version >= known.version : version > known.version;
    if (isAbsent ? !this.#mayBeAbsent(state, known) : !follows) {
      const told = `by a ${known.from} that began at ${Math.round(known.startMs)} ms`;
      this.#violation(begun, version, value, `${known.version} was known before, ${told}`);
    }
    if (isAbsent) return;
    this.#remember(begun, version, value);
    if (version <= state.known.version) return;
    state.known = { version, isDeleted: value === 0, from: kind, startMs };
  }

  /** It failed. `mayHaveHappened`: nobody knows whether it will have an effect. */
  fail({ key, kind }: Begun, { mayHaveHappened }: { readonly mayHaveHappened: boolean }): void {
    if (kind !== "delete") return;
    const state = this.#state(key);
    state.deletionsInFlight -= 1;
    if (mayHaveHappened) state.uncertainUntilMs = this.#now() + UNCERTAIN_MS;
  }

  #mayBeAbsent(state: KeyState, known: Known): boolean {
    if (known.isDeleted || state.deletion > known.version || state.deletionsInFlight > 0) {
      return true;
    }
    return known.startMs < state.uncertainUntilMs;
  }

  #remember(begun: Begun, version: number, value: number): void {
    const { values, index } = this.#state(begun.key);
    const other = values.get(version);
    if (other !== undefined && other !== value) {
      this.#violation(begun, version, value, `the version has value ${other} as well`);
    }
    const count = this.#states.size;
    if (value !== 0 && (value % count !== index || value > this.#issued * count + index)) {
      this.#violation(begun, version, value, "nobody wrote that");
    }
    if (other !== undefined) return;
    values.set(version, value);
    const [oldest] = values.keys();
    if (values.size > REMEMBERED_VERSIONS && oldest !== undefined) values.delete(oldest);
  }

  #violation({ key, kind, startMs }: Begun, version: number, value: number, but: string): void {
    if (this.#violations.length >= REMEMBERED_VIOLATIONS) return;
    const when = `${Math.round(startMs)}–${Math.round(this.#now())} ms`;
    this.#violations.push(
      `${kind} of ${key} (${when}): version ${version}, value ${value}, but ${but}`,
    );
  }

  #state(key: string): KeyState {
    const state = this.#states.get(key);
    if (state === undefined) throw new Error(`${key} is none of the keys`);
    return state;
  }
}
