/**
 * A node of a simulated cluster: ownership, the right to serve and both halves of replication are the
 * real ones; the cache on top is as simple as can be, and acknowledges writes at the level `backup`,
 * or those of some keys when the database has them.
 */
import {
  type CancelTimer,
  type Clock,
  delay,
  type Incarnation,
  type Partition,
  type Random,
  silentLogger,
  type Topology,
} from "@holdfast/core";
import {
  type DirtyCopy,
  FakeCleanEntries,
  type JournalRecord,
  Ownership,
  Releases,
  type ReplicaBatch,
  type ReplicaReply,
  Replicas,
  Replication,
  RightToServe,
  type Tenure,
} from "@holdfast/node/testing";
import type { Mutation } from "./mutations.js";
import type { SimulatedCoordinator } from "./simulated-coordinator.js";
import { SimulatedPresence } from "./simulated-presence.js";
import type { StreamTransport } from "./streams.js";
import {
  LEASE_TTL_MS,
  type Row,
  type SimulatedDatabase,
  type SimulatedNetwork,
  type SimulatedRegistry,
} from "./surroundings.js";
import type { Tally } from "./tally.js";
import type { VirtualTime } from "./virtual-time.js";

export interface World {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly registry: SimulatedRegistry;
  readonly database: SimulatedDatabase;
  readonly network: SimulatedNetwork;
  readonly transport: StreamTransport;
  readonly coordinator: SimulatedCoordinator;
  readonly tally: Tally;
  readonly createIncarnation: () => Incarnation;
  readonly partitionOf: (key: string) => number;
  /** Whether writes of a key go to the database first, and are clean from the start. */
  readonly isWrittenThrough: (key: string) => boolean;
  /** What tests switch off to see that it is missed. */
  readonly mutation: Mutation | undefined;
  /** Called whenever a partition is about to be served. */
  readonly onServed: (node: SimulatedNode, partition: number) => void;
}

interface Dirty extends Row {
  isCommitted: boolean;
}

export type Outcome =
  | { readonly at: "done"; readonly version: number; readonly value: number }
  /** Nothing was done. */
  | { readonly at: "refused" }
  | { readonly at: "unknown" };

type ReleaseDemand = Parameters<Releases["release"]>[0];
type ReleaseOutcome = Awaited<ReturnType<Releases["release"]>>[number];

const OUTAGE_MAX_MS = 4_000;
const CACHE_ID = 1;

export class SimulatedNode {
  readonly nodeId: string;
  readonly #world: World;
  readonly #clock: Clock;
  readonly #ownership: Ownership;
  readonly #replicas: Replicas;
  readonly #replication: Replication;
  readonly #releases: Releases;
  readonly #dirty = new Map<string, Dirty>();
  readonly #clean = new FakeCleanEntries();
  /** Keys that are being written to the database. */
  readonly #writing = new Set<string>();
  #writes = 0;
  readonly #fenced = new Set<Incarnation>();
  readonly #presence: SimulatedPresence;
  #isPaused = false;
  #backlog: (() => void)[] = [];
  isRunning = true;

  constructor(nodeId: string, succeeds: Incarnation | undefined, world: World) {
    this.nodeId = nodeId;
    this.#world = world;
    this.#clock = this.#createClock();
    const incarnation =
      world.mutation === "start again as the same incarnation" && succeeds !== undefined
        ? succeeds
        : world.createIncarnation();
    this.#presence = new SimulatedPresence(this, succeeds, {
      world,
      clock: this.#clock,
      epoch: () => this.#ownership.epoch,
      apply: (topology) => this.#apply(topology),
    });
    const promises = {
      safeUntilMs: (partition: number, leaseUntilMs: number) =>
        this.#replication.safeUntilMs(partition, leaseUntilMs),
    };
    const right = new RightToServe(
      this.#presence.lease,
      promises,
      this.#presence.topology,
      this.#clock,
      OUTAGE_MAX_MS,
    );
    const promisedUntil = (partition: number, term: number) =>
      world.mutation === "break promises"
        ? Number.NEGATIVE_INFINITY
        : this.#replicas.promisedUntilMs(partition, term);
    this.#ownership = new Ownership(incarnation, right, promisedUntil, this.#clock, {
      ended: (tenure, handedOver) => this.#ended(tenure, handedOver),
      deposed: () => this.#becomeNew(),
      begunAnew: () => {
        this.#replication.reset();
        this.#replicas.reset();
      },
    });
    this.#replicas = new Replicas({
      incarnation: () => this.incarnation,
      journal: undefined,
      copies: {
        put: (entry) => this.#clean.put(entry),
        remove: (name) => this.#clean.remove(name),
        forget: (partition) => {
          if (world.mutation !== "serve copies of a dead owner's clean entries") {
            this.#clean.forget(partition);
          }
        },
      },
      capacityBytes: 2 ** 20,
      charge: () => {},
      onGivenUp: () => {},
      clock: this.#clock,
      logger: silentLogger,
    });
    this.#replication = new Replication({
      incarnation: () => this.incarnation,
      open: world.transport.opener(nodeId, (run) => this.deliver(run)),
      requests: world.coordinator.requestsOf(this),
      dirty: (partition) => this.#copiesOf(partition),
      clean: this.#clean,
      inherit: (tenure) => this.#inherit(tenure),
      promiseMs: LEASE_TTL_MS,
      clock: this.#clock,
      random: world.random,
      logger: silentLogger,
    });
    this.#releases = new Releases(
      this.#ownership,
      { waitFor: (epoch, deadlineMs) => this.#hasRead(epoch, deadlineMs) },
      (...move) =>
        world.mutation === "hand over before the target has everything" ||
        this.#replication.isThrough(...move),
      this.#clock,
      silentLogger,
    );
    this.#presence.begin();
    this.#flushSoon();
  }

  get incarnation(): Incarnation {
    return this.#ownership.incarnation;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get dirtyEntries(): number {
    return this.#dirty.size;
  }

  /** What it would serve from memory as what the database has. */
  cleanEntries(partition: number): ReadonlyMap<string, Row> {
    const entries = [...this.#clean.hottest(partition)].filter(({ key }) => !this.#dirty.has(key));
    return new Map(entries.map((entry) => [entry.key, toRow(entry)]));
  }

  /** Whether it would serve a partition at this very instant. */
  serves(partition: number): boolean {
    const tenure = this.#ownership.tenureOf(partition);
    return tenure?.state.at === "serving" && this.#ownership.mayFinish(tenure);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    for (const run of this.#backlog.splice(0)) this.#world.time.after(0, () => this.deliver(run));
  }

  kill(): void {
    this.isRunning = false;
    this.#backlog = [];
    this.#presence.end();
    void this.#replication.stop();
  }

  deliver(run: () => void): void {
    if (!this.isRunning) return;
    if (this.#isPaused) this.#backlog.push(run);
    else run();
  }

  open(...hello: Parameters<Replicas["open"]>): (batch: ReplicaBatch) => ReplicaReply {
    const receive = this.#replicas.open(...hello);
    return (batch) => {
      const kept =
        this.#world.mutation === "lose a replicated write"
          ? withoutSome(batch, this.#world.random)
          : batch;
      // Without a journal there is nothing to wait for.
      return receive(kept) as ReplicaReply;
    };
  }

  release(demand: ReleaseDemand): Promise<readonly ReleaseOutcome[]> {
    return this.#releases.release(demand);
  }

  /** Keeps its partitions until they have been moved away, and gets no others; or as before. */
  drain(isDraining: boolean): void {
    this.#presence.drain(isDraining);
  }

  async write(key: string, value: number): Promise<Outcome> {
    const tenure = this.#admit(key);
    if (tenure === undefined) return { at: "refused" };
    const { mutation, isWrittenThrough } = this.#world;
    if (isWrittenThrough(key)) return this.#writeThrough(tenure, key, value);
    const version = tenure.nextVersion();
    const entry: Dirty = { version, value, isCommitted: false };
    this.#dirty.set(key, entry);
    this.#clean.pin({ cacheId: CACHE_ID, partition: tenure.partition, key });
    tenure.writesInFlight += 1;
    const committed = this.#send(tenure, key, entry);
    const isBackedUp =
      mutation === "acknowledge before the backups have it"
        ? true
        : await committed.catch(() => false);
    tenure.writesInFlight -= 1;
    // Without a backup and without a journal nothing can be said of what was written.
    if (!isBackedUp || !this.#mayFinish(tenure)) return { at: "unknown" };
    return { at: "done", version, value };
  }

  async #writeThrough(tenure: Tenure, key: string, value: number): Promise<Outcome> {
    if (this.#writing.has(key)) return { at: "refused" };
    const { partition } = tenure;
    const { incarnation } = this;
    const row = { version: tenure.nextVersion(), value };
    this.#writing.add(key);
    this.#writes += 1;
    tenure.writesInFlight += 1;
    try {
      await this.#fence(tenure);
      if (!this.#mayFinish(tenure)) return { at: "unknown" };
      const version = await this.#world.database.flush(incarnation, key, row);
      const isDone = version === row.version && this.#mayFinish(tenure);
      if (isDone) this.#clean.put(this.#record(key, partition, row));
      else if (this.#ownership.tenureOf(partition) === tenure) {
        this.#clean.remove({ cacheId: CACHE_ID, partition, key });
      }
      return isDone ? { at: "done", ...row } : { at: "unknown" };
    } finally {
      this.#writing.delete(key);
      tenure.writesInFlight -= 1;
    }
  }

  async read(key: string): Promise<Outcome> {
    const tenure = this.#admit(key);
    if (tenure === undefined) return { at: "refused" };
    const dirty = this.#dirty.get(key);
    if (dirty !== undefined) {
      const isShown = dirty.isCommitted || this.#world.mutation === "show what is not committed";
      return isShown ? { at: "done", ...dirty } : { at: "refused" };
    }
    const { partition } = tenure;
    const clean = this.#clean.get(partition, key);
    if (clean !== undefined) return { at: "done", ...toRow(clean) };
    await this.#fence(tenure);
    const writes = this.#writes;
    const row = await this.#world.database.load(key);
    const isOurs = this.isRunning && this.#mayFinish(tenure);
    const isKnown = this.#dirty.has(key) || this.#clean.get(partition, key) !== undefined;
    const isOutdated = this.#writing.has(key) || writes !== this.#writes;
    if (!isOurs || isKnown || isOutdated) return { at: "refused" };
    if (row !== undefined) this.#clean.put(this.#record(key, partition, row));
    return { at: "done", version: row?.version ?? 0, value: row?.value ?? 0 };
  }

  #admit(key: string): Tenure | undefined {
    if (!this.isRunning || this.#isPaused) return undefined;
    const partition = this.#world.partitionOf(key);
    try {
      const tenure =
        this.#world.mutation === "serve without the right to"
          ? this.#ownership.tenureOf(partition)
          : this.#ownership.admit(partition);
      if (tenure !== undefined) this.#world.onServed(this, partition);
      return tenure;
    } catch {
      return undefined;
    }
  }

  #mayFinish(tenure: Tenure): boolean {
    if (!this.isRunning) return false;
    return (
      this.#world.mutation === "serve without the right to" || this.#ownership.mayFinish(tenure)
    );
  }

  #send({ partition }: Tenure, key: string, entry: Dirty): Promise<boolean> {
    const set = this.#replication.setOf(partition);
    const position = set?.put(this.#record(key, partition, entry), false) ?? 0;
    const committed = Promise.resolve(set?.confirmed(position) ?? false);
    committed.then(
      () => {
        entry.isCommitted = true;
      },
      () => {},
    );
    return committed;
  }

  #record(key: string, partition: number, { version, value }: Row): JournalRecord {
    return {
      cacheId: CACHE_ID,
      partition,
      key,
      version,
      value: toBytes(value),
      encoding: 0,
      expiresAtMs: undefined,
      writtenAtMs: 0,
    };
  }

  *#copiesOf(partition: number): Iterable<DirtyCopy> {
    for (const [key, entry] of this.#dirty) {
      if (this.#world.partitionOf(key) !== partition) continue;
      yield { entry: this.#record(key, partition, entry), journal: false };
    }
  }

  #inherit(tenure: Tenure): void {
    for (const record of this.#replicas.take(tenure.partition)) {
      const { key } = record;
      const entry = { ...toRow(record), isCommitted: false };
      this.#dirty.set(key, entry);
      this.#clean.pin(record);
      void this.#send(tenure, key, entry).catch(() => {});
    }
  }

  #ended({ partition }: Tenure, handedOver: Partition | undefined): void {
    if (handedOver !== undefined) {
      this.#replicas.keep(partition, handedOver, this.#copiesOf(partition));
    }
    this.#replication.end(partition);
    for (const key of [...this.#dirty.keys()]) {
      if (this.#world.partitionOf(key) === partition) this.#dirty.delete(key);
    }
    this.#clean.forget(partition);
  }

  async #hasRead(epoch: number, deadlineMs: number): Promise<boolean> {
    while (this.#ownership.epoch < epoch && this.#clock.monotonic() < deadlineMs) {
      await delay(this.#clock, 5);
    }
    return this.#ownership.epoch >= epoch;
  }

  async #fence({ unfenced }: Tenure): Promise<void> {
    const missing = unfenced.filter((incarnation) => !this.#fenced.has(incarnation));
    if (missing.length === 0) return;
    await this.#world.database.fence(missing);
    for (const incarnation of missing) this.#fenced.add(incarnation);
    this.#world.coordinator.reportFenced(missing);
  }

  #flushSoon(): void {
    const { random } = this.#world;
    this.#clock.after(50 + random.next() * 800, () => {
      for (const [key, entry] of this.#dirty) void this.#flush(key, entry);
      this.#flushSoon();
    });
  }

  async #flush(key: string, entry: Dirty): Promise<void> {
    const { database, partitionOf, mutation } = this.#world;
    const partition = partitionOf(key);
    const tenure = this.#ownership.tenureOf(partition);
    if (tenure === undefined) return;
    if (!entry.isCommitted && mutation !== "flush what is not committed") return;
    await this.#fence(tenure);
    const { incarnation } = this;
    if (!this.isRunning || this.#ownership.tenureOf(partition) !== tenure) return;
    const version = await database.flush(incarnation, key, entry);
    this.deliver(() => {
      if (version === undefined) {
        if (incarnation === this.incarnation) this.#becomeNew();
        return;
      }
      if (this.#dirty.get(key) !== entry) {
        // The partition may have left and come back: what was loaded meanwhile is older.
        this.#writes += 1;
        const clean = this.#clean.get(partition, key);
        if (clean !== undefined && clean.version < version) this.#clean.remove(clean);
        return;
      }
      this.#dirty.delete(key);
      this.#replication.clean({ cacheId: CACHE_ID, partition, key }, version);
      if (version === entry.version) this.#clean.put(this.#record(key, partition, entry));
    });
  }

  #apply(topology: Topology): void {
    this.#replicas.apply(topology);
    this.#ownership.apply(topology);
    this.#replication.apply(topology, this.#ownership.byPartition);
  }

  #becomeNew(): void {
    const { createIncarnation, time, tally } = this.#world;
    const { incarnation } = this;
    // Not in the middle of what found out about it.
    time.after(0, () =>
      this.deliver(() => {
        if (incarnation !== this.incarnation) return;
        tally.note("new incarnation");
        this.#ownership.becomeIncarnation(createIncarnation());
        this.#presence.replace(incarnation);
      }),
    );
  }

  #createClock(): Clock {
    const { time } = this.#world;
    return {
      now: () => time.now(),
      systemNow: () => time.systemNow(),
      monotonic: () => time.monotonic(),
      after: (delayMs, callback): CancelTimer => {
        let isCancelled = false;
        const cancel = time.after(delayMs, () =>
          this.deliver(() => {
            if (!isCancelled) callback();
          }),
        );
        return () => {
          isCancelled = true;
          cancel();
        };
      },
    };
  }
}

/** Loses one replicated write in twenty. */
function withoutSome(batch: ReplicaBatch, random: Random): ReplicaBatch {
  const records = batch.records.map((record) =>
    record.kind === "PUT" && random.next() < 0.05 ? { ...record, sync: -1 } : record,
  );
  return { ...batch, records };
}

function toBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

function toRow({ version, value }: JournalRecord): Row {
  // Written above, and passed on as it is.
  return { version, value: (value as Buffer).readDoubleLE() };
}
