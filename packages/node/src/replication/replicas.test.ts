import type { Partition } from "@holdfast/core";
import { settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { MemoryJournal } from "../testing/memory-journal.js";
import {
  BACKUP,
  createReplicas,
  entry,
  OTHER,
  OWNER,
  PARTITION,
  PROMISE_MS,
  topology,
} from "../testing/replication-fixture.js";
import type { ReplicaRecord, ReplicaReply } from "./messages.js";
import type { Replicas } from "./replicas.js";

const HELLO = { from: OWNER, to: BACKUP, session: 1, promiseMs: PROMISE_MS };
const IN_SYNC = { backups: [BACKUP], inSync: [BACKUP], changedEpoch: 1 };

let nextId = 0;

/** A stream of an owner that sends one batch after the other. */
function streamOf(replicas: Replicas, hello = HELLO, first = 1) {
  const receive = replicas.open(hello, first);
  let next = first;
  return async (records: ReplicaRecord[], number = next): Promise<ReplicaReply> => {
    nextId += 1;
    next = number + records.length;
    return receive({ id: nextId, first: number, records, cleaned: [] });
  };
}

function control(
  kind: "BEGIN" | "MERGE" | "END",
  sync: number,
  term = 1,
  epoch = 0,
): ReplicaRecord {
  const header = { partition: PARTITION, term, sync };
  return kind === "END" ? { kind, ...header } : { kind, ...header, epoch };
}

function put(sync: number, key: string, version: number, value?: string): ReplicaRecord {
  const header = { partition: PARTITION, term: 1, sync };
  return { kind: "PUT", ...header, entry: entry(key, version, value), journal: true };
}

function keysOf(replicas: Replicas): string[] {
  return replicas.take(PARTITION).map(({ key, version }) => `${key}@${version}`);
}

describe("Replicas", () => {
  it("keep the newest of each key until it is clean", async () => {
    const { replicas } = createReplicas(BACKUP);
    const send = streamOf(replicas);
    await send([control("BEGIN", 1), put(1, "a", 1), put(1, "b", 2), put(1, "a", 3)]);
    const header = { partition: PARTITION, term: 1, sync: 1 };
    await send([{ kind: "CLEAN", ...header, entry: entry("b", 2) }]);
    await send([{ kind: "CLEAN", ...header, entry: entry("a", 2) }]);
    expect(keysOf(replicas)).toEqual(["a@3"]);
  });

  it("take each record once, however often it comes", async () => {
    const { replicas } = createReplicas(BACKUP);
    const send = streamOf(replicas);
    const reply = await send([control("BEGIN", 1), put(1, "a", 1)]);
    expect(reply.through).toBe(2);
    const again = await streamOf(replicas)([control("BEGIN", 1), put(1, "a", 1), put(1, "b", 2)]);
    expect(again).toMatchObject({ through: 3, refused: [] });
    expect(keysOf(replicas)).toEqual(["a@1", "b@2"]);
  });

  it("take a stream only for this incarnation, and no session that they do not know", () => {
    const { replicas } = createReplicas(BACKUP);
    expect(() => replicas.open({ ...HELLO, to: OTHER }, 1)).toThrow(/this is incarnation/);
    expect(() => replicas.open(HELLO, 5)).toThrow(/cannot follow 0/);
    replicas.open({ ...HELLO, session: 3 }, 1);
    expect(() => replicas.open({ ...HELLO, session: 2 }, 1)).toThrow(/is over/);
  });

  it("keep what they have when an owner merges, until it has said what there is", async () => {
    const { replicas } = createReplicas(BACKUP);
    const send = streamOf(replicas);
    await send([
      control("BEGIN", 1),
      put(1, "a", 1),
      put(1, "b", 2),
      put(1, "c", 9),
      control("END", 1),
    ]);
    await send([control("MERGE", 2), put(2, "a", 1), put(2, "c", 3)]);
    // What the new owner does not have was acknowledged by nobody; nor was the newer one of `c`.
    await send([control("END", 2)]);
    expect(keysOf(replicas)).toEqual(["a@1", "c@3"]);
  });

  it("hold to what they promised an owner when the next one merges before the topology is read", async () => {
    const { replicas, clock } = createReplicas(BACKUP);
    replicas.apply(topology(1, IN_SYNC));
    await streamOf(replicas)([control("BEGIN", 1), control("END", 1)]);
    const next = streamOf(replicas, { ...HELLO, from: OTHER });
    await next([control("MERGE", 1, 2), control("END", 1, 2)]);
    // The next owner is known to have ended, and this node is to own the partition.
    const after = topology(2, { owner: BACKUP, term: 3, backups: [], inSync: [] }, [OTHER]);
    const members = after.members.map((member) => ({ ...member, ended: member.state === "dead" }));
    replicas.apply({ ...after, members });
    expect(replicas.promisedUntilMs(PARTITION, 3)).toBe(clock.monotonic() + PROMISE_MS);
  });

  it("are kept by a topology that is older than the one by which their owner sends", async () => {
    const { replicas } = createReplicas(BACKUP);
    const send = streamOf(replicas);
    await send([control("BEGIN", 1, 1, 3), put(1, "a", 1), control("END", 1)]);
    replicas.apply(topology(2, { backups: [OTHER], inSync: [OTHER] }));
    expect(await send([])).toMatchObject({ refused: [] });
    replicas.apply(topology(3, IN_SYNC));
    replicas.apply(topology(4, { owner: BACKUP, term: 2, backups: [OWNER], inSync: [OWNER] }));
    expect(keysOf(replicas)).toEqual(["a@1"]);
  });

  it("have no more than they may, and go on when something is clean", async () => {
    const { replicas } = createReplicas(BACKUP, { capacityBytes: 500 });
    const receive = replicas.open(HELLO, 1);
    const records = [control("BEGIN", 1), put(1, "a", 1), put(1, "b", 2), put(1, "c", 3)];
    const full = await receive({ id: 1, first: 1, records, cleaned: [] });
    expect(full).toMatchObject({ through: 3, overloaded: true });
    const header = { partition: PARTITION, term: 1, sync: 1 };
    const cleaned = [{ kind: "CLEAN", ...header, entry: entry("a", 1) } as const];
    await receive({ id: 2, first: 4, records: [], cleaned });
    const more = await receive({ id: 3, first: 4, records: [put(1, "c", 3)], cleaned: [] });
    expect(more).toMatchObject({ through: 4, overloaded: false });
  });

  it("take what takes the place of the same size, however full they are", async () => {
    const { replicas } = createReplicas(BACKUP, { capacityBytes: 250 });
    const send = streamOf(replicas);
    await send([control("BEGIN", 1), put(1, "a", 1), control("END", 1)]);
    const reply = await send([control("MERGE", 2), put(2, "a", 1), control("END", 2)]);
    expect(reply).toMatchObject({ through: 6, overloaded: false });
  });

  it("answer when their journal has a record, but promise without waiting for it", async () => {
    const journal = new MemoryJournal();
    let isRecorded = () => {};
    journal.beforeWrite = () =>
      new Promise<void>((resolve) => {
        isRecorded = resolve;
      });
    const { replicas } = createReplicas(BACKUP, { journal });
    const send = streamOf(replicas);
    let reply: ReplicaReply | undefined;
    void send([control("BEGIN", 1), put(1, "a", 1)]).then((answer) => {
      reply = answer;
    });
    await settle();
    expect(reply).toBeUndefined();
    expect(await send([])).toMatchObject({ through: 0, refused: [] });
    isRecorded();
    await settle();
    expect(reply).toMatchObject({ through: 2 });
    expect(journal.records.get("a")?.version).toBe(1);
  });

  it("refuse what their journal cannot record", async () => {
    const journal = new MemoryJournal();
    journal.beforeWrite = () => {
      throw new Error("no space left");
    };
    const { replicas } = createReplicas(BACKUP, { journal });
    const reply = await streamOf(replicas)([control("BEGIN", 1), put(1, "a", 1)]);
    expect(reply.refused).toEqual([1]);
  });

  it("refuse an owner whom the topology has replaced, on every stream", async () => {
    const { replicas } = createReplicas(BACKUP);
    replicas.apply(topology(1, IN_SYNC));
    const first = streamOf(replicas);
    await first([control("BEGIN", 1), put(1, "a", 1)]);
    replicas.apply(topology(2, { owner: BACKUP, term: 2 }));
    // The reply that would have said so is lost with its stream.
    expect((await first([])).refused).toEqual([1]);
    expect((await streamOf(replicas, HELLO, 3)([])).refused).toEqual([1]);
    expect((await streamOf(replicas, HELLO, 3)([control("BEGIN", 2)])).refused).toEqual([2]);
  });

  it("know nothing any more of an owner that was declared dead, and promise it nothing", async () => {
    const { replicas } = createReplicas(BACKUP);
    replicas.apply(topology(1, IN_SYNC));
    const send = streamOf(replicas);
    await send([control("BEGIN", 1)]);
    replicas.apply(topology(2, { owner: BACKUP, term: 2 }, [OWNER]));
    await expect(send([])).rejects.toThrow(/over/);
    expect(() => replicas.open(HELLO, 2)).toThrow(/cannot follow/);
  });

  it("give up, to be brought to the present owner, what they are no backup of any more", async () => {
    const { replicas, givenUp } = createReplicas(BACKUP);
    replicas.apply(topology(1, IN_SYNC));
    await streamOf(replicas)([control("BEGIN", 1), put(1, "a", 1), control("END", 1)]);
    replicas.apply(topology(2, { backups: [OTHER], inSync: [OTHER], changedEpoch: 2 }));
    expect(givenUp.map(({ key }) => key)).toEqual(["a"]);
    expect(replicas.bytes).toBe(0);
  });

  it("forget what an owner has flushed and released", async () => {
    const { replicas, givenUp } = createReplicas(BACKUP);
    replicas.apply(topology(1, IN_SYNC));
    await streamOf(replicas)([control("BEGIN", 1), put(1, "a", 1), control("END", 1)]);
    replicas.apply(topology(2, { owner: OTHER, term: 2, planned: true }));
    expect(givenUp).toEqual([]);
    expect(replicas.entries).toBe(0);
  });
});

describe("a promise", () => {
  it("keeps this node from serving for its whole time, counted from the last answer", async () => {
    const { replicas, clock } = createReplicas(BACKUP);
    replicas.apply(topology(1, IN_SYNC));
    const send = streamOf(replicas);
    await send([control("BEGIN", 1)]);
    clock.advance(400);
    await send([]);
    clock.advance(100);
    replicas.apply(topology(2, { owner: BACKUP, term: 2 }));
    expect(replicas.promisedUntilMs(PARTITION, 2)).toBe(400 + PROMISE_MS);
  });

  it("is not forgotten because the replica was refused before", async () => {
    const journal = new MemoryJournal();
    journal.beforeWrite = () => {
      throw new Error("no space left");
    };
    const { replicas } = createReplicas(BACKUP, { journal });
    replicas.apply(topology(1, IN_SYNC));
    const send = streamOf(replicas);
    await send([control("BEGIN", 1)]);
    await send([put(1, "a", 1)]);
    replicas.apply(topology(2, { owner: BACKUP, term: 2 }));
    expect(replicas.promisedUntilMs(PARTITION, 2)).toBe(PROMISE_MS);
  });

  it("is not forgotten when another owner merges in between", async () => {
    const { replicas } = createReplicas(BACKUP);
    replicas.apply(topology(1, IN_SYNC));
    await streamOf(replicas)([control("BEGIN", 1), control("END", 1)]);
    replicas.apply(topology(2, { owner: OTHER, term: 2, ...IN_SYNC }));
    await streamOf(replicas, { ...HELLO, from: OTHER })([
      control("MERGE", 1, 2),
      control("END", 1, 2),
    ]);
    replicas.apply(topology(3, { owner: BACKUP, term: 3 }));
    expect(replicas.promisedUntilMs(PARTITION, 3)).toBe(PROMISE_MS);
  });

  it("binds nobody whose owner has released the partition, or is known to have ended", async () => {
    const { replicas } = createReplicas(BACKUP);
    replicas.apply(topology(1, IN_SYNC));
    await streamOf(replicas)([control("BEGIN", 1), control("END", 1)]);
    replicas.apply(topology(2, { owner: BACKUP, term: 2, planned: true }));
    expect(replicas.promisedUntilMs(PARTITION, 2)).toBe(Number.NEGATIVE_INFINITY);
  });

  it("is never a term that somebody else has had", async () => {
    const { replicas } = createReplicas(BACKUP);
    await streamOf(replicas, { ...HELLO, from: OTHER })([control("BEGIN", 1, 6)]);
    expect(replicas.promisedUntilMs(PARTITION, 5)).toBe(Number.POSITIVE_INFINITY);
    expect(replicas.promisedUntilMs(PARTITION, 7)).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("clean entries of a partition that is to move", () => {
  const header = { partition: PARTITION, term: 1, sync: 1 };
  const fill = (key: string, version: number): ReplicaRecord => ({
    kind: "FILL",
    ...header,
    entry: entry(key, version),
  });
  const MOVING = { moveTo: BACKUP, inSync: [BACKUP], changedEpoch: 1 };

  async function withCopies() {
    const fixture = createReplicas(BACKUP);
    const { replicas } = fixture;
    replicas.apply(topology(1, MOVING));
    const send = streamOf(replicas);
    await send([control("BEGIN", 1), control("END", 1), { kind: "FORGET", ...header }]);
    await send([fill("a", 1), fill("b", 1), { kind: "DROP", ...header, entry: entry("b", 1) }]);
    return { ...fixture, send };
  }

  it("are kept when the owner hands it over to this node", async () => {
    const { replicas, copies } = await withCopies();
    replicas.apply(topology(2, { owner: BACKUP, term: 2, planned: true, inSync: [OWNER] }));
    expect(replicas.promisedUntilMs(PARTITION, 2)).toBe(Number.NEGATIVE_INFINITY);
    replicas.take(PARTITION);
    expect(copies.keys(PARTITION)).toEqual(["a"]);
  });

  it("are kept as well when the owner had got a higher term of its own", async () => {
    const { replicas, copies } = await withCopies();
    replicas.apply(topology(2, { ...MOVING, term: 2 }));
    replicas.apply(topology(3, { owner: BACKUP, term: 3, planned: true, inSync: [OWNER] }));
    replicas.take(PARTITION);
    expect(copies.keys(PARTITION)).toEqual(["a"]);
  });

  it.each([
    ["this node takes over from a dead owner", { owner: BACKUP, term: 2 }],
    ["somebody else becomes the owner", { owner: OTHER, term: 2, inSync: [BACKUP] }],
    ["somebody else gets it", { owner: OTHER, term: 2, planned: true, inSync: [BACKUP] }],
  ])("are forgotten when %s", async (_what, change) => {
    const { replicas, copies } = await withCopies();
    replicas.apply(topology(2, change));
    replicas.take(PARTITION);
    expect(copies.keys(PARTITION)).toEqual([]);
  });

  it("stay when this node reads late that the partition is to move to it", async () => {
    const { replicas, copies } = createReplicas(BACKUP);
    const send = streamOf(replicas);
    await send([
      control("BEGIN", 1),
      control("END", 1),
      { kind: "FORGET", ...header },
      fill("a", 1),
    ]);
    replicas.apply(topology(1, { ...MOVING, moveTo: undefined }));
    replicas.apply(topology(2, MOVING));
    expect(copies.keys(PARTITION)).toEqual(["a"]);
  });

  it("are forgotten when the owner begins anew, and when this node is another incarnation", async () => {
    const first = await withCopies();
    await first.send([control("MERGE", 2)]);
    expect(first.copies.keys(PARTITION)).toEqual([]);
    const second = await withCopies();
    second.replicas.reset();
    expect(second.copies.keys(PARTITION)).toEqual([]);
  });

  it("give way to a dirty entry of the same name", async () => {
    const { send, copies } = await withCopies();
    await send([put(1, "a", 2)]);
    expect(copies.keys(PARTITION)).toEqual([]);
  });
});

describe("a partition that this node has released", () => {
  const HANDED_OVER = { owner: OTHER, term: 2, planned: true, inSync: [BACKUP], changedEpoch: 2 };
  const next = { from: OTHER, to: BACKUP, session: 1, promiseMs: PROMISE_MS };
  const dirty = [entry("a", 1), entry("b", 2)].map((each) => ({ entry: each, journal: true }));

  it("is kept as a backup, with what is dirty, in case the next owner dies at once", () => {
    const { replicas } = createReplicas(BACKUP);
    const shown = topology(2, HANDED_OVER);
    replicas.apply(shown);
    replicas.keep(PARTITION, shown.partitions[0] as Partition, dirty);
    replicas.apply(topology(3, { owner: BACKUP, term: 3, changedEpoch: 3 }, [OTHER]));
    expect(replicas.promisedUntilMs(PARTITION, 3)).toBe(Number.NEGATIVE_INFINITY);
    expect(keysOf(replicas)).toEqual(["a@1", "b@2"]);
  });

  it("follows the next owner, of whose entries it keeps those that are dirty still", async () => {
    const { replicas } = createReplicas(BACKUP);
    const shown = topology(2, HANDED_OVER);
    replicas.apply(shown);
    replicas.keep(PARTITION, shown.partitions[0] as Partition, dirty);
    const send = streamOf(replicas, next);
    await send([control("MERGE", 1, 2), put(1, "b", 2), control("END", 1, 2)]);
    expect(keysOf(replicas)).toEqual(["b@2"]);
  });

  it.each([
    ["before", [], ["b@2", "a@1"]],
    ["after", [control("END", 1, 2)], ["b@2"]],
  ])("may learn of it %s the next owner has said all", async (_when, end, kept) => {
    const { replicas } = createReplicas(BACKUP);
    const send = streamOf(replicas, next);
    await send([control("MERGE", 1, 2), put(1, "b", 2), ...end]);
    const shown = topology(2, HANDED_OVER);
    replicas.apply(shown);
    replicas.keep(PARTITION, shown.partitions[0] as Partition, dirty);
    expect(keysOf(replicas)).toEqual(kept);
  });

  it("is there for this node itself, with what the next owner wrote, if that one has died", async () => {
    const { replicas, givenUp } = createReplicas(BACKUP);
    const send = streamOf(replicas, next);
    await send([control("MERGE", 1, 2), put(1, "b", 2), control("END", 1, 2), put(1, "c", 9)]);
    const shown = topology(3, { owner: BACKUP, term: 3, changedEpoch: 3 }, [OTHER]);
    replicas.apply(shown);
    expect(replicas.promisedUntilMs(PARTITION, 3)).toBe(PROMISE_MS);
    replicas.keep(PARTITION, shown.partitions[0] as Partition, dirty);
    expect(keysOf(replicas)).toEqual(["b@2", "c@9"]);
    expect(givenUp).toEqual([]);
  });

  it("is given up where it is not to be a backup", () => {
    const { replicas, givenUp } = createReplicas(BACKUP);
    const shown = topology(2, { ...HANDED_OVER, inSync: [] });
    replicas.apply(shown);
    replicas.keep(PARTITION, shown.partitions[0] as Partition, dirty);
    expect(givenUp.map(({ key }) => key)).toEqual(["a", "b"]);
    expect(keysOf(replicas)).toEqual([]);
  });
});
