/**
 * The backup's half of replication: the dirty entries of other owners that this node keeps, and what
 * it has promised them. Of each partition there is one replica at most, that of the owner with the
 * highest term. The clean entries of a partition that is to move here lie in the caches already, where
 * nobody asks for them as long as it is another's; unless the owner lets go of it, they are forgotten.
 *
 * With every reply this node promises not to own the partitions of the stream for a while. So
 * from the moment in which a topology names another owner, replies say that the replica is refused;
 * and a node that is promoted itself lets the promise that it gave last run out before it serves.
 */
import {
  type Clock,
  findMember,
  type Incarnation,
  type Logger,
  type Partition,
  type Topology,
} from "@holdfast/core";
import type { JournalRecord } from "../journal/record.js";
import type {
  BeginRecord,
  CleanCopies,
  CopyRecord,
  DirtyCopy,
  PutRecord,
  ReplicaBatch,
  ReplicaHello,
  ReplicaRecord,
  ReplicaReply,
} from "./messages.js";
import { ReplicaEntries, type ReplicaJournal } from "./replica-entries.js";
import { type Replica, ReplicaSession, type SessionStream } from "./replica-session.js";

export interface ReplicasParts {
  readonly incarnation: () => Incarnation;
  /** `undefined`: the node keeps none, and has what it backs up in memory alone. */
  readonly journal: ReplicaJournal | undefined;
  /** Where clean entries go. */
  readonly copies: CleanCopies;
  /** Most bytes of entries that are kept for others. */
  readonly capacityBytes: number;
  /** Told by how many bytes the entries have grown. */
  readonly charge: (bytes: number) => void;
  /** Entries of a replica that is given up, although nobody else may have them. */
  readonly onGivenUp: (owner: Incarnation, entries: readonly JournalRecord[]) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Of a batch: what the journal is writing, and in which replicas. */
type Recordings = Map<Promise<void>, Set<Replica>>;

/** A session of somebody who is no member is forgotten after so many times its promise. */
const FORGOTTEN_PROMISES = 10;

export class Replicas {
  readonly #parts: ReplicasParts;
  readonly #sessions = new Map<Incarnation, ReplicaSession>();
  readonly #replicas = new Map<number, Replica>();
  /** The highest term that an owner has shown for a partition. */
  readonly #terms = new Map<number, number>();
  /** Until when it was promised to owners that have been replaced not to own a partition. */
  readonly #promises = new Map<number, number>();
  #topology: Topology | undefined;
  #bytes = 0;

  constructor(parts: ReplicasParts) {
    this.#parts = parts;
  }

  /** Entries kept for others. */
  get entries(): number {
    let entries = 0;
    for (const replica of this.#replicas.values()) entries += replica.entries.size;
    return entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * An owner opens a stream. Returns what answers its batches; the streams of earlier sessions are
   * answered no more.
   *
   * @param first - number of the first record that is to come.
   * @throws {Error} when the stream is not for this incarnation, or its session is not known here. A
   *   reply would be a promise about replicas that are not here.
   */
  open(
    hello: ReplicaHello,
    first: number,
  ): (batch: ReplicaBatch) => ReplicaReply | Promise<ReplicaReply> {
    if (hello.to !== this.#parts.incarnation()) {
      throw new Error(`this is incarnation ${this.#parts.incarnation()}, not ${hello.to}`);
    }
    const session = this.#sessionFor(hello);
    if (first > session.last + 1) {
      throw new Error(`record ${first} cannot follow ${session.last}; begin another session`);
    }
    const stream = session.openStream();
    return (batch) => this.#receive(stream, batch);
  }

  /** Follows a topology, before anything is owned by it. */
  apply(topology: Topology): void {
    this.#topology = topology;
    const me = this.#parts.incarnation();
    for (const replica of this.#replicas.values()) {
      const shown = topology.partitions[replica.partition];
      if (shown === undefined || shown.term < replica.term) continue;
      // An owner may get a higher term of its own.
      if (shown.owner === replica.owner) replica.term = shown.term;
      else {
        const released = isReleased(replica, shown);
        this.#refuse(replica, released);
        replica.isHandedOver = released && shown.owner === me;
        if (!replica.isHandedOver) this.#forgetCopies(replica);
      }
      const isKept =
        topology.epoch < replica.epoch ||
        shown.owner === me ||
        shown.moveTo === me ||
        shown.inSync.includes(me) ||
        shown.backups.includes(me);
      if (!isKept) this.#giveUp(replica, shown);
    }
    this.#forgetSessions(topology);
  }

  /**
   * Until when this node has promised not to own a partition, that a topology gives to it; Infinity:
   * there is a later term than this one.
   */
  promisedUntilMs(partition: number, term: number): number {
    if ((this.#terms.get(partition) ?? 0) >= term) return Number.POSITIVE_INFINITY;
    return this.#promises.get(partition) ?? Number.NEGATIVE_INFINITY;
  }

  /** Hands over what this node, now the owner, has of a partition. */
  take(partition: number): readonly JournalRecord[] {
    const replica = this.#replicas.get(partition);
    if (replica === undefined) return [];
    const entries = replica.entries.all();
    const keepCopies = replica.isHandedOver;
    this.#remove(replica, { keepJournal: true, keepCopies });
    return entries;
  }

  /**
   * This node has released a partition, and keeps what is dirty in it for its owner; which is itself, if
   * the one that it was released to is gone already.
   *
   * @param shown - the partition in the topology that shows who that is.
   */
  keep(partition: number, shown: Partition, dirty: Iterable<DirtyCopy>): void {
    const { owner, term } = shown;
    const present = this.#replicas.get(partition);
    if (owner === undefined || (present !== undefined && present.term > term)) return;
    const replica = present ?? this.#create({ owner, partition, term, epoch: 0 });
    // The owner has begun already, and said what is dirty: nothing else is.
    const isSettled = present !== undefined && !present.entries.isMerging;
    for (const { entry } of dirty) {
      if (!isSettled) replica.entries.keep(entry);
      else if (!replica.entries.has(entry)) this.#parts.journal?.forget(entry, entry.version);
    }
    const me = this.#parts.incarnation();
    const isKept = owner === me || shown.inSync.includes(me) || shown.backups.includes(me);
    if (!isKept) this.#giveUp(replica, undefined);
  }

  /** The node goes on as another incarnation: what this one kept is in its journal, or gone. */
  reset(): void {
    for (const replica of [...this.#replicas.values()]) {
      const entries = replica.entries.all();
      this.#remove(replica, { keepJournal: true, keepCopies: false });
      // Where there is a journal, it brings them back.
      if (this.#parts.journal === undefined) this.#parts.onGivenUp(replica.owner, entries);
    }
    this.#sessions.clear();
    this.#terms.clear();
    this.#promises.clear();
  }

  #sessionFor({ from, session: number, promiseMs }: ReplicaHello): ReplicaSession {
    const known = this.#sessions.get(from);
    if (known?.number === number) return known;
    if (known !== undefined && known.number > number) {
      throw new Error(`session ${number} of ${from} is over; the present one is ${known.number}`);
    }
    // Replicas of the session before stay: they are merged into, or begun anew.
    const repliedAtMs = known?.repliedAtMs ?? Number.NEGATIVE_INFINITY;
    const session = new ReplicaSession(from, number, promiseMs, repliedAtMs);
    this.#sessions.set(from, session);
    return session;
  }

  /** At once, where nothing has to be recorded. @throws {Error} when another session is open. */
  #receive(stream: SessionStream, batch: ReplicaBatch): ReplicaReply | Promise<ReplicaReply> {
    const { session } = stream;
    if (this.#sessions.get(session.owner) !== session) throw new Error("this session is over");
    const { id, first, records, cleaned } = batch;
    for (const { sync, entry } of cleaned) {
      const replica = session.bySync.get(sync);
      replica?.entries.clean(entry);
    }
    // Not behind records that wait for the disk: a promise must not end because that is slow.
    if (records.length === 0) return this.#reply(stream, id, false);
    const recordings: Recordings = new Map();
    let overloaded = false;
    for (const [index, record] of records.entries()) {
      const number = first + index;
      if (number <= session.last) continue;
      if (number > session.last + 1 || !this.#hasRoomFor(session, record)) {
        overloaded = true;
        break;
      }
      session.last = number;
      this.#accept(session, record, recordings);
    }
    const { last, recording } = session;
    if (recordings.size === 0 && recording === undefined) {
      session.recorded = last;
      return this.#reply(stream, id, overloaded);
    }
    const recorded = [...recordings].map(([written, replicas]) =>
      written.catch((error: unknown) => this.#failed(replicas, error)),
    );
    const now = Promise.all([recording, ...recorded]).then(() => {
      session.recorded = last;
      if (session.recording === now) session.recording = undefined;
    });
    session.recording = now;
    return now.then(() => this.#reply(stream, id, overloaded));
  }

  /** Each reply is a promise, so it is made in the turn in which it is sent. */
  #reply(stream: SessionStream, id: number, overloaded: boolean): ReplicaReply {
    const { session } = stream;
    const refused = session.tell(stream);
    session.repliedAtMs = this.#parts.clock.monotonic();
    return { id, through: session.recorded, refused, overloaded };
  }

  /** Whatever does not grow is taken however full it is. */
  #hasRoomFor(session: ReplicaSession, record: ReplicaRecord): boolean {
    if (record.kind !== "PUT") return true;
    const growth = session.bySync.get(record.sync)?.entries.growthWith(record.entry) ?? 0;
    return growth <= 0 || this.#bytes + growth <= this.#parts.capacityBytes;
  }

  /** @param recordings - takes up what a reply waits for. */
  #accept(session: ReplicaSession, record: ReplicaRecord, recordings: Recordings): void {
    if (record.kind === "BEGIN" || record.kind === "MERGE") {
      this.#begin(session, record);
      return;
    }
    const replica = session.bySync.get(record.sync);
    if (replica === undefined) return;
    switch (record.kind) {
      case "PUT":
        this.#put(replica, record, recordings);
        break;
      case "CLEAN":
        replica.entries.clean(record.entry);
        break;
      case "FILL":
      case "DROP":
      case "FORGET":
        this.#copy(replica, record);
        break;
      default:
        replica.entries.endMerge();
    }
  }

  #copy(replica: Replica, record: CopyRecord): void {
    const { copies } = this.#parts;
    replica.hasCopies = true;
    if (record.kind === "FILL") copies.put(record.entry);
    else if (record.kind === "DROP") copies.remove(record.entry);
    else copies.forget(replica.partition);
  }

  #begin(session: ReplicaSession, record: BeginRecord): void {
    const { partition, term, sync, epoch } = record;
    const { owner } = session;
    const present = this.#replicas.get(partition);
    const shown = this.#topology?.partitions[partition];
    const isReplaced = shown !== undefined && shown.owner !== owner && shown.term >= term;
    if (isReplaced || (present !== undefined && present.term > term)) {
      session.refuse(partition, sync);
      return;
    }
    this.#terms.set(partition, Math.max(term, this.#terms.get(partition) ?? 0));
    const isMerge = record.kind === "MERGE";
    if (present !== undefined) {
      present.session.bySync.delete(present.sync);
      // What was promised to another owner is a promise still.
      if (present.owner !== owner) this.#refuse(present);
      if (isMerge) this.#forgetCopies(present);
      else this.#giveUp(present, undefined);
    }
    const entries = isMerge ? present?.entries : undefined;
    const replica = this.#create({ owner, partition, term, epoch }, session, sync, entries);
    if (isMerge) replica.entries.beginMerge();
  }

  /** @param session - where what belongs to it comes from; by default, from nowhere yet. */
  #create(
    whose: Pick<Replica, "owner" | "partition" | "term" | "epoch">,
    session: ReplicaSession = noSession(whose.owner),
    sync = 0,
    entries: ReplicaEntries = this.#createEntries(),
  ): Replica {
    const replica: Replica = {
      ...whose,
      sync,
      session,
      entries,
      hasCopies: false,
      isOver: false,
      isHandedOver: false,
    };
    session.bySync.set(sync, replica);
    this.#replicas.set(whose.partition, replica);
    return replica;
  }

  #put(replica: Replica, { entry, journal }: PutRecord, recordings: Recordings): void {
    if (!replica.entries.put(entry)) return;
    // What is clean of this name is older; if anything is afterwards, the owner sends it again.
    if (replica.hasCopies) this.#parts.copies.remove(entry);
    const written = this.#parts.journal?.write(entry);
    if (!journal || written === undefined) return;
    // A batch is mostly written in one piece.
    const replicas = recordings.get(written);
    if (replicas === undefined) recordings.set(written, new Set([replica]));
    else replicas.add(replica);
  }

  /** What is not on the disk is not what was asked for: the owner must do without this backup. */
  #failed(replicas: ReadonlySet<Replica>, error: unknown): void {
    for (const replica of replicas) {
      if (replica.isOver) continue;
      this.#parts.logger.warn({ err: error }, "replicated entries could not be recorded");
      this.#refuse(replica);
    }
  }

  /**
   * From now on nothing of it is taken, and nothing promised. What was promised before still is, unless
   * its owner has let go of the partition, or is known to have ended.
   */
  #refuse(replica: Replica, isReleased = false): void {
    if (replica.isOver) return;
    replica.isOver = true;
    const { session, partition, sync, owner } = replica;
    session.refuse(partition, sync);
    const member = this.#topology && findMember(this.#topology, owner);
    if (isReleased || member?.ended === true) return;
    const untilMs = session.promisedUntilMs;
    this.#promises.set(partition, Math.max(untilMs, this.#promises.get(partition) ?? untilMs));
  }

  /** @param shown - the topology that takes it away; `undefined`: its owner begins anew. */
  #giveUp(replica: Replica, shown: Partition | undefined): void {
    this.#refuse(replica);
    const entries = replica.entries.all();
    // An owner that released the partition has handed over everything.
    const isSettled = shown !== undefined && isReleased(replica, shown);
    const keepJournal = entries.length > 0 && !isSettled;
    this.#remove(replica, { keepJournal, keepCopies: false });
    if (keepJournal) this.#parts.onGivenUp(replica.owner, entries);
  }

  #remove(
    replica: Replica,
    { keepJournal, keepCopies }: { readonly keepJournal: boolean; readonly keepCopies: boolean },
  ): void {
    if (!keepCopies) this.#forgetCopies(replica);
    const { partition, session, sync, entries } = replica;
    entries.release(keepJournal);
    session.bySync.delete(sync);
    if (this.#replicas.get(partition) === replica) this.#replicas.delete(partition);
  }

  #forgetCopies(replica: Replica): void {
    if (replica.hasCopies) this.#parts.copies.forget(replica.partition);
    replica.hasCopies = false;
  }

  #createEntries(): ReplicaEntries {
    const { journal, charge } = this.#parts;
    const grow = (bytes: number) => {
      this.#bytes += bytes;
      charge(bytes);
    };
    return new ReplicaEntries({ journal, grow });
  }

  /** Of owners that are gone nothing more comes. */
  #forgetSessions(topology: Topology): void {
    const nowMs = this.#parts.clock.monotonic();
    for (const [owner, { repliedAtMs, promiseMs }] of this.#sessions) {
      const member = findMember(topology, owner);
      // One that is not listed yet may have read a later topology.
      const isGone = member === undefined && nowMs > repliedAtMs + FORGOTTEN_PROMISES * promiseMs;
      if (member?.state === "dead" || isGone) this.#sessions.delete(owner);
    }
  }
}

/** Whether a topology shows that the replica's owner gave the partition away in order. */
function isReleased({ owner, term }: Replica, shown: Partition): boolean {
  return shown.planned && shown.owner !== owner && shown.term === term + 1;
}

/** That of an owner from which nothing has come, and to which nothing was promised. */
function noSession(owner: Incarnation): ReplicaSession {
  return new ReplicaSession(owner, 0, 0, Number.NEGATIVE_INFINITY);
}
