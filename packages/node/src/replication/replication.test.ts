import { settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import {
  BACKUP,
  createOwner,
  entry,
  OTHER,
  type OwnerFixture,
  PARTITION,
  PROMISE_MS,
  topology,
} from "../testing/replication-fixture.js";

const LEASE_MS = 500;
const ASK_MS = 200;
const IN_SYNC = { backups: [BACKUP], inSync: [BACKUP] };

/** An owner with one backup in sync. */
async function withBackup() {
  const owner = createOwner();
  owner.apply(topology(1, { backups: [BACKUP] }));
  await owner.answer(BACKUP);
  await owner.clock.advanceAsync(ASK_MS, 1);
  owner.apply(topology(2, { backups: [BACKUP], inSync: [BACKUP], changedEpoch: 2 }));
  return owner;
}

describe("a backup", () => {
  it("is synchronised, then proposed, and has what was dirty", async () => {
    const { apply, answer, streamTo, clock, proposed, dirty } = createOwner();
    dirty.push(entry("a", 7));
    apply(topology(1, { backups: [BACKUP] }));
    const stream = streamTo(BACKUP);
    await settle();
    expect(stream.sent).toMatchObject([{ first: 1, records: [] }]);
    const [greeting] = stream.sent.splice(0);
    stream.events.onReply({ id: greeting?.id ?? 0, through: 0, refused: [], overloaded: false });
    await settle();
    const kinds = stream.sent.flatMap(({ records }) => records.map(({ kind }) => kind));
    expect(kinds).toEqual(["BEGIN", "PUT", "END"]);
    expect(proposed).toEqual([]);
    await answer(BACKUP);
    await clock.advanceAsync(ASK_MS, 1);
    expect(proposed).toEqual([[{ partition: PARTITION, term: 1, member: BACKUP }]]);
  });

  it("is not proposed before it has what was acknowledged while it was synchronised", async () => {
    const owner = createOwner();
    owner.apply(topology(1, { backups: [BACKUP] }));
    const stream = owner.streamTo(BACKUP);
    await settle();
    const [greeting] = stream.sent.splice(0);
    stream.events.onReply({ id: greeting?.id ?? 0, through: 0, refused: [], overloaded: false });
    await settle();
    // END is on its way; nobody waits for this one yet.
    expect(owner.set().confirmed(owner.set().put(entry("a", 1), false))).toBe(false);
    const [sync] = stream.sent.splice(0, 1);
    stream.events.onReply({ id: sync?.id ?? 0, through: 2, refused: [], overloaded: false });
    await owner.clock.advanceAsync(2 * ASK_MS, 2);
    expect(owner.proposed).toEqual([]);
    await owner.answer(BACKUP);
    await owner.clock.advanceAsync(2 * ASK_MS, 2);
    expect(owner.proposed).toHaveLength(1);
  });

  it("that may have been given up in an epoch that was not read starts anew", async () => {
    const owner = createOwner();
    owner.apply(topology(1, { backups: [BACKUP] }));
    await owner.answer(BACKUP);
    owner.apply(topology(3, { backups: [BACKUP], changedEpoch: 2 }));
    await owner.clock.advanceAsync(ASK_MS, 1);
    expect(owner.proposed).toEqual([]);
    await owner.answer(BACKUP);
    await owner.clock.advanceAsync(2 * ASK_MS, 2);
    expect(owner.proposed).not.toEqual([]);
  });

  it("is not proposed while this node waits for the owner before to be over", async () => {
    const { apply, answer, clock, proposed, tenure } = createOwner();
    tenure.moveTo({ at: "waiting", promisedUntilMs: 5_000, heldUntilMs: 0 });
    apply(topology(1, { backups: [BACKUP] }));
    await answer(BACKUP);
    await clock.advanceAsync(ASK_MS, 1);
    expect(proposed).toEqual([]);
    tenure.moveTo({ at: "serving" });
    await clock.advanceAsync(2 * ASK_MS, 2);
    expect(proposed).toHaveLength(1);
  });

  it("that refuses is left alone for a while", async () => {
    const { apply, answer, streamTo, clock } = createOwner();
    apply(topology(1, { backups: [BACKUP] }));
    await answer(BACKUP, { refused: [1] });
    const { sent } = streamTo(BACKUP);
    for (let waitedMs = 0; waitedMs < 900; waitedMs += 100) {
      await clock.advanceAsync(100, 1);
      expect(sent.flatMap(({ records }) => records)).toEqual([]);
      await answer(BACKUP);
    }
    await clock.advanceAsync(200, 2);
    expect(sent.flatMap(({ records }) => records)[0]).toMatchObject({ kind: "BEGIN", sync: 2 });
  });
});

describe("a write", () => {
  it("is confirmed when every backup in sync has it", async () => {
    const { set, answer } = await withBackup();
    const confirmed = set().confirmed(set().put(entry("a", 1), false));
    let isConfirmed: boolean | undefined;
    void Promise.resolve(confirmed).then((isBackedUp) => {
      isConfirmed = isBackedUp;
    });
    await settle();
    expect(isConfirmed).toBeUndefined();
    await answer(BACKUP);
    expect(isConfirmed).toBe(true);
  });

  it("waits for a failed backup until its removal has been read", async () => {
    const { set, clock, removed, answers, apply } = await withBackup();
    answers.remove = async () => 3;
    let isConfirmed: boolean | undefined;
    void Promise.resolve(set().confirmed(set().put(entry("a", 1), false))).then((isBackedUp) => {
      isConfirmed = isBackedUp;
    });
    await clock.advanceAsync(2_500, 25);
    expect(removed).toEqual([[{ partition: PARTITION, term: 1, member: BACKUP }]]);
    expect(isConfirmed).toBeUndefined();
    apply(topology(3, { backups: [BACKUP], changedEpoch: 3 }));
    await settle();
    expect(isConfirmed).toBe(false);
  });

  it("does not wait for ever when a removal was answered and not made", async () => {
    const { set, clock, removed, answers, apply } = await withBackup();
    answers.remove = async () => 3;
    const confirmed = Promise.resolve(set().confirmed(set().put(entry("a", 1), false)));
    await clock.advanceAsync(2_500, 25);
    apply(topology(3, { backups: [BACKUP], inSync: [BACKUP], changedEpoch: 2 }));
    answers.remove = async () => 4;
    await clock.advanceAsync(ASK_MS, 1);
    expect(removed).toHaveLength(2);
    apply(topology(4, { backups: [BACKUP], changedEpoch: 4 }));
    expect(await confirmed).toBe(false);
  });

  it("has an unknown outcome when the tenure ends meanwhile", async () => {
    const { set, replication } = await withBackup();
    const confirmed = set().confirmed(set().put(entry("a", 1), false));
    replication.end(PARTITION);
    await expect(confirmed).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
  });

  it("is not held up by a backup that is not in sync and has no room", async () => {
    const { apply, answer, set } = createOwner();
    apply(topology(1, { backups: [BACKUP] }));
    await answer(BACKUP, { through: 0, overloaded: true });
    set().put(entry("a", 1, "x".repeat(40 * 2 ** 20)), false);
    expect(set().hasRoom).toBe(true);
  });
});

describe("the right to serve", () => {
  it("comes from the lease while no backup is in sync", () => {
    const { apply, replication } = createOwner();
    apply(topology(1, { backups: [BACKUP] }));
    expect(replication.safeUntilMs(PARTITION, LEASE_MS)).toBe(LEASE_MS);
  });

  it("comes from the backup's promise, counted from sending what it answered", async () => {
    const { replication, clock, streamTo } = await withBackup();
    // The next heartbeat after what was sent at the very beginning.
    await clock.advanceAsync(PROMISE_MS / 6, 1);
    const stream = streamTo(BACKUP);
    const [heartbeat] = stream.sent.splice(0);
    await clock.advanceAsync(100, 1);
    const before = replication.safeUntilMs(PARTITION, LEASE_MS);
    stream.events.onReply({ id: heartbeat?.id ?? 0, through: 3, refused: [], overloaded: false });
    const after = replication.safeUntilMs(PARTITION, LEASE_MS);
    expect(after).toBe(PROMISE_MS / 6 + PROMISE_MS * 0.9);
    expect(after).toBeGreaterThan(before);
  });

  it("needs every backup's promise, and one that is only proposed limits it", async () => {
    const owner = await withBackup();
    owner.apply(
      topology(3, { backups: [BACKUP, OTHER], inSync: [BACKUP, OTHER], changedEpoch: 3 }),
    );
    // The other one has not answered to this tenure.
    expect(owner.replication.safeUntilMs(PARTITION, LEASE_MS)).toBe(Number.NEGATIVE_INFINITY);
  });

  it("ends at once where the backup refuses", async () => {
    const { replication, clock, answer } = await withBackup();
    await clock.advanceAsync(PROMISE_MS / 6, 1);
    await answer(BACKUP, { refused: [1] });
    expect(replication.safeUntilMs(PARTITION, LEASE_MS)).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("a link", () => {
  it("goes on behind what was taken when its stream breaks", async () => {
    const { set, streamTo, clock } = await withBackup();
    const first = streamTo(BACKUP);
    set().put(entry("a", 1), false);
    set().put(entry("b", 2), false);
    await settle();
    const [batch] = first.sent.splice(0);
    expect(batch).toMatchObject({ first: 3 });
    first.events.onReply({ id: batch?.id ?? 0, through: 3, refused: [], overloaded: false });
    first.isClosed = true;
    first.events.onClosed();
    await clock.advanceAsync(100, 2);
    const second = streamTo(BACKUP);
    expect(second.hello).toEqual(first.hello);
    const [greeting] = second.sent.splice(0);
    second.events.onReply({ id: greeting?.id ?? 0, through: 3, refused: [], overloaded: false });
    await settle();
    const records = second.sent.flatMap((each) => each.records);
    expect(records).toMatchObject([{ kind: "PUT", entry: { key: "b" } }]);
  });

  it("tells a full backup what it can forget, ahead of what that waits behind", async () => {
    const { set, streamTo, clock } = await withBackup();
    const stream = streamTo(BACKUP);
    set().put(entry("a", 1), false);
    await settle();
    set().clean(entry("z", 9), 9);
    const [batch] = stream.sent.splice(0);
    stream.events.onReply({ id: batch?.id ?? 0, through: 2, refused: [], overloaded: true });
    await clock.advanceAsync(50, 1);
    const cleaned = stream.sent.flatMap((each) => each.cleaned);
    expect(cleaned).toMatchObject([{ kind: "CLEAN", entry: { key: "z", version: 9 } }]);
  });

  it("asks again for the removal of a backup in sync that it never reached", async () => {
    const owner = createOwner();
    owner.apply(topology(5, { backups: [BACKUP], inSync: [BACKUP], changedEpoch: 5 }));
    await owner.clock.advanceAsync(3_000, 30);
    expect(owner.removed[0]).toEqual([{ partition: PARTITION, term: 1, member: BACKUP }]);
  });
});

describe("the member that a partition is to move to", () => {
  it("gets what is dirty, then what is clean, the hottest first, and is proposed after that", async () => {
    const { apply, answer, streamTo, clock, proposed, dirty, clean } = createOwner();
    dirty.push(entry("dirty", 7));
    for (const key of ["hot", "warm", "cold"]) clean.put(entry(key, 1));
    apply(topology(1, { moveTo: BACKUP }));
    const seen = await seenBy(answer, streamTo);
    expect(seen).toEqual([
      "BEGIN",
      "PUT dirty",
      "END",
      "FORGET",
      "FILL hot",
      "FILL warm",
      "FILL cold",
    ]);
    await clock.advanceAsync(ASK_MS, 1);
    expect(proposed).toEqual([[{ partition: PARTITION, term: 1, member: BACKUP }]]);
  });

  it("is not proposed before it has all of it", async () => {
    const { apply, answer, clock, proposed, clean } = createOwner();
    for (let key = 0; key < 1_000; key++) clean.put(entry(String(key), 1));
    apply(topology(1, { moveTo: BACKUP }));
    await answer(BACKUP, {}, 4);
    await clock.advanceAsync(ASK_MS, 1);
    expect(proposed).toEqual([]);
    await answer(BACKUP, {}, 40);
    await clock.advanceAsync(ASK_MS, 1);
    expect(proposed).toHaveLength(1);
  });

  it("hears of every change of a clean entry, sent or not", async () => {
    const { apply, answer, streamTo, clean } = createOwner();
    clean.put(entry("a", 1));
    apply(topology(1, { moveTo: BACKUP }));
    await answer(BACKUP);
    clean.put(entry("b", 2));
    clean.remove(entry("a", 1));
    expect(await seenBy(answer, streamTo)).toEqual(["FILL b", "DROP a"]);
  });

  it("has everything once it is in sync and nothing is under way", async () => {
    const { apply, answer, clean, replication, clock } = createOwner();
    apply(topology(1, { moveTo: BACKUP }));
    await answer(BACKUP);
    await clock.advanceAsync(ASK_MS, 1);
    expect(replication.isThrough(PARTITION, BACKUP)).toBe(false);
    apply(topology(2, { moveTo: BACKUP, inSync: [BACKUP], changedEpoch: 2 }));
    expect(replication.isThrough(PARTITION, BACKUP)).toBe(true);
    expect(replication.isThrough(PARTITION, OTHER)).toBe(false);
    clean.put(entry("a", 1));
    expect(replication.isThrough(PARTITION, BACKUP)).toBe(false);
    await answer(BACKUP);
    expect(replication.isThrough(PARTITION, BACKUP)).toBe(true);
  });

  it("gets what is clean although it is a backup in sync already, which has what is dirty", async () => {
    const { apply, answer, streamTo, clean, replication } = await withBackup();
    clean.put(entry("a", 1));
    apply(topology(3, { ...IN_SYNC, moveTo: BACKUP, changedEpoch: 3 }));
    expect(replication.isThrough(PARTITION, BACKUP)).toBe(false);
    expect(await seenBy(answer, streamTo)).toEqual(["FORGET", "FILL a"]);
    expect(replication.isThrough(PARTITION, BACKUP)).toBe(true);
  });

  it("forgets what is clean, and gets no more of it, once the move is called off", async () => {
    const { apply, answer, streamTo, clean } = await withBackup();
    apply(topology(3, { ...IN_SYNC, moveTo: BACKUP, changedEpoch: 3 }));
    await answer(BACKUP);
    apply(topology(4, { ...IN_SYNC, changedEpoch: 4 }));
    clean.put(entry("a", 1));
    expect(await seenBy(answer, streamTo)).toEqual(["FORGET"]);
    expect(clean.isWatched(PARTITION)).toBe(false);
  });

  it("is begun anew when changes come faster than they can be sent", async () => {
    const { apply, answer, clean, replication, clock } = await withBackup();
    apply(topology(3, { ...IN_SYNC, moveTo: BACKUP, changedEpoch: 3 }));
    await answer(BACKUP);
    for (let each = 0; each < 5; each++) clean.put(entry("a", each, "x".repeat(8 * 2 ** 20)));
    expect(replication.isThrough(PARTITION, BACKUP)).toBe(false);
    await answer(BACKUP);
    await clock.advanceAsync(ASK_MS, 1);
    await answer(BACKUP);
    expect(replication.isThrough(PARTITION, BACKUP)).toBe(true);
  });
});

/** What a backup is sent and takes, until nothing more comes. */
async function seenBy(
  answer: OwnerFixture["answer"],
  streamTo: OwnerFixture["streamTo"],
): Promise<string[]> {
  const seen: string[] = [];
  for (let round = 0; round < 20; round++) {
    await settle();
    for (const { records } of streamTo(BACKUP).sent) {
      for (const record of records) {
        seen.push("entry" in record ? `${record.kind} ${record.entry.key}` : record.kind);
      }
    }
    await answer(BACKUP, {}, 1);
  }
  return seen;
}
