/**
 * What clients did and saw, key by key, and whether it can be explained: once somebody knows that a
 * key has a version, nobody who asks afterwards may get an older one, and the database has it in the
 * end. It is the linear-time part of a check for linearizability: versions tell the order.
 */

export interface Operation {
  readonly key: string;
  readonly kind: "read" | "write" | "delete";
  readonly startMs: number;
  readonly endMs: number;
  /** Of what was read, or of an acknowledged change; 0: the key was absent. */
  readonly version: number;
  /** Of what was read or written; 0: none. */
  readonly value: number;
}

/**
 * Everybody who was in sync for some keys was declared dead at once. Without journals nothing says
 * what they had acknowledged, and what was known before counts no more.
 */
export interface Loss {
  readonly keys: readonly string[];
  readonly atMs: number;
}

export class History {
  readonly #operations: Operation[] = [];
  /** Everything that was ever written, acknowledged or not, by its value. */
  readonly #written = new Set<number>();
  /** From key to the beginnings of deletions of which nobody knows whether they happened. */
  readonly #uncertainDeletes = new Map<string, number[]>();
  /** From key to the instants of its losses. */
  readonly #losses = new Map<string, number[]>();

  /** A write has begun; values are never written twice. */
  begin(value: number): void {
    this.#written.add(value);
  }

  add(operation: Operation): void {
    this.#operations.push(operation);
  }

  addUncertainDelete(key: string, startMs: number): void {
    this.#uncertainDeletes.set(key, [...(this.#uncertainDeletes.get(key) ?? []), startMs]);
  }

  lost({ keys, atMs }: Loss): void {
    for (const key of keys) this.#losses.set(key, [...(this.#losses.get(key) ?? []), atMs]);
  }

  get acknowledged(): number {
    return this.#operations.filter(({ kind }) => kind !== "read").length;
  }

  get reads(): number {
    return this.#operations.length - this.acknowledged;
  }

  /** What cannot be explained. */
  violations(): string[] {
    const violations: string[] = [];
    const byKey = new Map<string, Operation[]>();
    for (const operation of this.#operations) {
      const list = byKey.get(operation.key);
      if (list === undefined) byKey.set(operation.key, [operation]);
      else list.push(operation);
    }
    for (const operations of byKey.values()) violations.push(...this.#check(operations));
    return violations;
  }

  /** The highest version of each key that was acknowledged or read. */
  known(): Map<string, number> {
    const known = new Map<string, number>();
    for (const { key, version, endMs } of this.#operations) {
      if (endMs <= Math.max(0, ...(this.#losses.get(key) ?? []))) continue;
      known.set(key, Math.max(version, known.get(key) ?? 0));
    }
    return known;
  }

  #check(operations: readonly Operation[]): string[] {
    const violations: string[] = [];
    const values = new Map<number, number>();
    const byStart = operations.toSorted((a, b) => a.startMs - b.startMs);
    const byEnd = operations.toSorted((a, b) => a.endMs - b.endMs);
    const losses = [...(this.#losses.get(operations[0]?.key ?? "") ?? [])];
    let known: Operation | undefined;
    let ended = 0;
    for (const operation of byStart) {
      // What was known before a loss is forgotten by everyone who began before it, too.
      while ((losses[0] ?? Number.POSITIVE_INFINITY) <= operation.endMs) {
        const lostAtMs = losses.shift() ?? 0;
        while ((byEnd[ended]?.endMs ?? Number.POSITIVE_INFINITY) <= lostAtMs) ended += 1;
        known = undefined;
      }
      for (; ; ended++) {
        const earlier = byEnd[ended];
        if (earlier === undefined || earlier.endMs >= operation.startMs) break;
        if (earlier.version > (known?.version ?? 0)) known = earlier;
      }
      const { version, value } = operation;
      if (known !== undefined && !this.#mayFollow(operation, known, operations)) {
        violations.push(`${describe(operation)}, but ${known.version} was known before`);
      }
      const other = values.get(version);
      if (other !== undefined && other !== value) {
        violations.push(`${describe(operation)}, but the version has value ${other} as well`);
      }
      values.set(version, value);
      if (value !== 0 && !this.#written.has(value)) {
        violations.push(`${describe(operation)}, which nobody wrote`);
      }
    }
    return violations;
  }

  /** Whether this can be what somebody gets who asks when that is known. */
  #mayFollow(operation: Operation, known: Operation, all: readonly Operation[]): boolean {
    if (operation.kind !== "read") return operation.version > known.version;
    if (operation.version > 0) return operation.version >= known.version;
    // Absent: a deletion is known, or one may have happened since.
    if (known.kind === "delete") return true;
    const uncertain = this.#uncertainDeletes.get(operation.key) ?? [];
    if (uncertain.some((startMs) => startMs < operation.endMs)) return true;
    return all.some(
      ({ kind, version, startMs, endMs }) =>
        kind === "delete" &&
        version > known.version &&
        startMs < operation.endMs &&
        endMs > known.startMs,
    );
  }
}

function describe({ key, kind, startMs, endMs, version, value }: Operation): string {
  const when = `${Math.round(startMs)}–${Math.round(endMs)} ms`;
  return `${kind} of ${key} (${when}): version ${version}, value ${value}`;
}
