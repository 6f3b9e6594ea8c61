/** One owner and its backups, with streams that tests deliver by hand: what replication tests start from. */
import { silentLogger, type Topology, UNOWNED_PARTITION } from "@holdfast/core";
import { FakeClock, seededRandom, settle } from "@holdfast/core/testing";
import type { JournalRecord } from "../journal/record.js";
import { Tenure } from "../ownership/tenure.js";
import type { InSyncChange } from "../replication/in-sync-demands.js";
import type {
  ReplicaBatch,
  ReplicaHello,
  ReplicaReply,
  ReplicaStreamEvents,
} from "../replication/messages.js";
import type { ReplicaSet } from "../replication/replica-set.js";
import { Replicas, type ReplicasParts } from "../replication/replicas.js";
import { Replication } from "../replication/replication.js";
import { FakeCleanEntries } from "./clean-entries.js";

export const OWNER = "00000000-0000-0000-0000-00000000000a";
export const BACKUP = "00000000-0000-0000-0000-00000000000b";
export const OTHER = "00000000-0000-0000-0000-00000000000c";
export const PROMISE_MS = 3_000;
export const PARTITION = 0;

export function entry(key: string, version: number, value = "x"): JournalRecord {
  return {
    cacheId: 1,
    partition: PARTITION,
    key,
    version,
    value: Buffer.from(value),
    encoding: 0,
    expiresAtMs: undefined,
    writtenAtMs: 0,
  };
}

export function topology(
  epoch: number,
  change: Partial<Topology["partitions"][number]>,
  dead: readonly string[] = [],
): Topology {
  const members = [OWNER, BACKUP, OTHER].map((incarnation) => ({
    incarnation,
    nodeId: incarnation.slice(-1),
    addresses: { data: "", peer: incarnation, http: "" },
    zone: "",
    weight: 1,
    state: dead.includes(incarnation) ? ("dead" as const) : ("active" as const),
    ended: false,
  }));
  const partition = { ...UNOWNED_PARTITION, owner: OWNER, term: 1, ...change };
  return { epoch, writeToken: String(epoch), members, partitions: [partition] };
}

export function createReplicas(
  incarnation: string,
  parts: Partial<ReplicasParts> = {},
): {
  readonly clock: FakeClock;
  readonly replicas: Replicas;
  readonly copies: FakeCleanEntries;
  readonly givenUp: JournalRecord[];
} {
  const copies = new FakeCleanEntries();
  const clock = new FakeClock();
  const givenUp: JournalRecord[] = [];
  const replicas = new Replicas({
    incarnation: () => incarnation,
    journal: undefined,
    copies,
    capacityBytes: 2 ** 20,
    charge: () => {},
    onGivenUp: (_owner, entries) => givenUp.push(...entries),
    clock,
    logger: silentLogger,
    ...parts,
  });
  return { clock, replicas, copies, givenUp };
}

/** A stream as the owner has opened it. */
export interface OpenStream {
  readonly hello: ReplicaHello;
  readonly events: ReplicaStreamEvents;
  /** What was sent and has not been answered. */
  readonly sent: ReplicaBatch[];
  isClosed: boolean;
}

export interface OwnerFixture {
  readonly clock: FakeClock;
  readonly replication: Replication;
  readonly tenure: Tenure;
  readonly set: () => ReplicaSet;
  readonly streamTo: (backup: string) => OpenStream;
  /** What was asked of the coordinator, call by call. */
  readonly proposed: InSyncChange[][];
  readonly removed: InSyncChange[][];
  readonly dirty: JournalRecord[];
  readonly clean: FakeCleanEntries;
  readonly answers: { remove: (changes: readonly InSyncChange[]) => Promise<number> };
  readonly apply: (next: Topology) => void;
  /** Answers everything that was sent, and what that sets off, as a backup would that takes it all. */
  readonly answer: (
    backup: string,
    change?: Partial<ReplicaReply>,
    rounds?: number,
  ) => Promise<void>;
}

export function createOwner(): OwnerFixture {
  const clock = new FakeClock();
  const streams: OpenStream[] = [];
  const proposed: InSyncChange[][] = [];
  const removed: InSyncChange[][] = [];
  const dirty: JournalRecord[] = [];
  const clean = new FakeCleanEntries();
  const answers = { remove: async (_changes: readonly InSyncChange[]): Promise<number> => 0 };
  const tenure = new Tenure(PARTITION, 1, []);
  const replication = new Replication({
    incarnation: () => OWNER,
    open: (_address, hello, events) => {
      const stream: OpenStream = { hello, events, sent: [], isClosed: false };
      streams.push(stream);
      return {
        send: (batch) => stream.sent.push(batch),
        close: () => {
          stream.isClosed = true;
        },
      };
    },
    requests: {
      propose: async (_from, _epoch, changes) => {
        proposed.push([...changes]);
      },
      remove: (_from, changes) => {
        removed.push([...changes]);
        return answers.remove(changes);
      },
    },
    dirty: () => dirty.map((each) => ({ entry: each, journal: false })),
    clean,
    inherit: () => {},
    promiseMs: PROMISE_MS,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
  });
  const apply = (next: Topology) => replication.apply(next, new Map([[PARTITION, tenure]]));
  const streamTo = (backup: string) => {
    const stream = streams.findLast(({ hello, isClosed }) => hello.to === backup && !isClosed);
    if (stream === undefined) throw new Error("no stream is open");
    return stream;
  };
  const answer = async (backup: string, change: Partial<ReplicaReply> = {}, rounds = 10) => {
    for (let round = 0; round < rounds; round++) {
      await settle();
      const { events, sent } = streamTo(backup);
      if (sent.length === 0) return;
      for (const { id, first, records } of sent.splice(0)) {
        const through = first + records.length - 1;
        events.onReply({ id, through, refused: [], overloaded: false, ...change });
      }
    }
  };
  const set = () => {
    const found = replication.setOf(PARTITION);
    if (found === undefined) throw new Error("the partition is not owned");
    return found;
  };
  return {
    clock,
    replication,
    tenure,
    set,
    streamTo,
    proposed,
    removed,
    dirty,
    clean,
    answers,
    apply,
    answer,
  };
}
