/**
 * What the nodes of a simulated cluster share: the registry, the database and the network between
 * them, each with delays and faults of its own, all drawn from one seed.
 */
import type { Incarnation, Random, Topology } from "@holdfast/core";
import type { Tally } from "./tally.js";
import type { VirtualTime } from "./virtual-time.js";

export interface Registration {
  readonly nodeId: string;
  readonly incarnation: Incarnation;
  readonly succeeds: readonly Incarnation[];
  topologyEpoch: number;
  state: "active" | "draining";
  expiresAtMs: number;
}

export const LEASE_TTL_MS = 1_500;

/** etcd: registrations under leases, and one topology that everybody who can reaches reads. */
export class SimulatedRegistry {
  readonly #time: VirtualTime;
  readonly members = new Map<string, Registration>();
  readonly #watchers = new Set<() => void>();
  topology: Topology | undefined;
  /** While it is down, leases do not end; afterwards they live for their whole time again. */
  #isDown = false;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  watch(onChange: () => void): void {
    this.#watchers.add(onChange);
  }

  unwatch(onChange: () => void): void {
    this.#watchers.delete(onChange);
  }

  set isDown(isDown: boolean) {
    this.#isDown = isDown;
    if (isDown) return;
    const expiresAtMs = this.#time.monotonic() + LEASE_TTL_MS;
    for (const member of this.members.values()) member.expiresAtMs = expiresAtMs;
  }

  changed(): void {
    for (const onChange of this.#watchers) onChange();
  }

  register(registration: Omit<Registration, "expiresAtMs">): boolean {
    const present = this.members.get(registration.nodeId);
    if (present !== undefined && present.incarnation !== registration.incarnation) return false;
    const member = { ...registration, expiresAtMs: this.#time.monotonic() + LEASE_TTL_MS };
    this.members.set(registration.nodeId, member);
    this.#expireLater(member);
    this.changed();
    return true;
  }

  /** @returns whether the lease still lives. */
  renew(nodeId: string, incarnation: Incarnation, topologyEpoch: number): boolean {
    const member = this.members.get(nodeId);
    if (member?.incarnation !== incarnation) return false;
    member.expiresAtMs = this.#time.monotonic() + LEASE_TTL_MS;
    member.topologyEpoch = topologyEpoch;
    return true;
  }

  setState(nodeId: string, incarnation: Incarnation, state: Registration["state"]): void {
    const member = this.members.get(nodeId);
    if (member?.incarnation !== incarnation) return;
    member.state = state;
    this.changed();
  }

  remove(nodeId: string, incarnation: Incarnation): void {
    if (this.members.get(nodeId)?.incarnation !== incarnation) return;
    this.members.delete(nodeId);
    this.changed();
  }

  #expireLater(member: Registration): void {
    this.#time.after(member.expiresAtMs - this.#time.monotonic(), () => {
      if (this.members.get(member.nodeId) !== member) return;
      if (this.#isDown) this.#time.after(LEASE_TTL_MS, () => this.#expireLater(member));
      else if (member.expiresAtMs > this.#time.monotonic()) this.#expireLater(member);
      else this.remove(member.nodeId, member.incarnation);
    });
  }
}

export interface Row {
  readonly version: number;
  readonly value: number;
}

/** PostgreSQL: statements arrive late, are executed at one instant, and are answered late. */
export class SimulatedDatabase {
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #tally: Tally;
  readonly rows = new Map<string, Row>();
  readonly fenced = new Set<Incarnation>();
  /** Statements that have not been answered. */
  underWay = 0;

  constructor(time: VirtualTime, random: Random, tally: Tally) {
    this.#time = time;
    this.#random = random;
    this.#tally = tally;
  }

  fence(incarnations: readonly Incarnation[]): Promise<void> {
    return this.#execute(() => {
      for (const incarnation of incarnations) {
        if (!this.fenced.has(incarnation)) this.#tally.note("fence");
        this.fenced.add(incarnation);
      }
    });
  }

  load(key: string): Promise<Row | undefined> {
    return this.#execute(() => this.rows.get(key));
  }

  /** The version that the row has afterwards; `undefined`: the writer is fenced off. */
  flush(by: Incarnation, key: string, row: Row): Promise<number | undefined> {
    return this.#execute(() => {
      if (this.fenced.has(by)) return undefined;
      const present = this.rows.get(key);
      if (present !== undefined && present.version >= row.version) return present.version;
      this.rows.set(key, row);
      return row.version;
    });
  }

  #execute<Result>(statement: () => Result): Promise<Result> {
    this.underWay += 1;
    return new Promise((resolve) => {
      this.#time.after(this.#delayMs(), () => {
        const result = statement();
        this.#time.after(this.#delayMs(), () => {
          this.underWay -= 1;
          resolve(result);
        });
      });
    });
  }

  /** Mostly fast, sometimes slow, and rarely so slow that its sender has been replaced meanwhile. */
  #delayMs(): number {
    const draw = this.#random.next();
    return draw < 0.9 ? draw * 5 : draw < 0.99 ? draw * 100 : draw * 2_500;
  }
}

/** Which nodes can reach each other, and the registry. */
export class SimulatedNetwork {
  readonly #random: Random;
  readonly #cut = new Set<string>();

  constructor(random: Random) {
    this.#random = random;
  }

  latencyMs(): number {
    const draw = this.#random.next();
    return draw < 0.95 ? 0.2 + draw : draw * 40;
  }

  /** Nothing passes between them, in either direction, until it is healed. */
  cut(a: string, b: string): void {
    this.#cut.add(linkOf(a, b));
  }

  heal(): void {
    this.#cut.clear();
  }

  connects(a: string, b: string): boolean {
    return this.#cut.size === 0 || !this.#cut.has(linkOf(a, b));
  }
}

export function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[Math.floor(random.next() * items.length)] as Item;
}

export const REGISTRY = "registry";

function linkOf(a: string, b: string): string {
  return a < b ? `${a}|${b}` : `${b}|${a}`;
}
