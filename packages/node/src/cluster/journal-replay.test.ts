import { type Member, silentLogger, type Topology } from "@holdfast/core";
import { FakeClock, settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import type { JournalRecord, RecordName, ReplayOutcome } from "../journal/record.js";
import { JournalReplay, type Leftovers } from "./journal-replay.js";

const ME = "me";

/** Leftovers in memory; a record's partition is the number in its key. */
class FakeLeftovers implements Leftovers {
  readonly #records = new Map<string, Map<string, JournalRecord>>();

  leave(incarnation: string, ...keys: string[]): void {
    const records = this.#records.get(incarnation) ?? new Map();
    this.#records.set(incarnation, records);
    for (const key of keys) records.set(key, record(key));
  }

  get leftovers(): string[] {
    return [...this.#records.keys()];
  }

  count(incarnation: string): number {
    return this.#records.get(incarnation)?.size ?? 0;
  }

  records(incarnation: string): Iterable<JournalRecord> {
    return this.#records.get(incarnation)?.values() ?? [];
  }

  forgetLeftover(incarnation: string, { key }: RecordName): void {
    this.#records.get(incarnation)?.delete(key);
  }

  async finishLeftover(incarnation: string): Promise<void> {
    this.#records.delete(incarnation);
  }
}

function record(key: string): JournalRecord {
  return {
    cacheId: 1,
    partition: Number(/\d+/.exec(key)?.[0]),
    key,
    version: 7,
    value: Buffer.from(key),
    encoding: 0,
    expiresAtMs: undefined,
    writtenAtMs: 0,
  };
}

function topologyOf(...owners: (string | undefined)[]): Topology {
  const member = (incarnation: string) =>
    ({ incarnation, addresses: { data: "", peer: `${incarnation}:peer`, http: "" } }) as Member;
  return {
    epoch: 1,
    writeToken: "",
    members: [ME, "other", "third"].map(member),
    partitions: owners.map((owner) => ({ owner }) as Topology["partitions"][number]),
  };
}

function createReplay(...owners: (string | undefined)[]) {
  const clock = new FakeClock();
  const journal = new FakeLeftovers();
  const view = { topology: topologyOf(...owners) as Topology | undefined };
  const offers: string[] = [];
  const finished: string[] = [];
  const behaviour = { answer: (_key: string): ReplayOutcome => "persisted" };
  const take = async (place: string, records: readonly JournalRecord[]) => {
    offers.push(`${place} ${records.map(({ key }) => key).join(" ")}`);
    return records.map(({ key }) => behaviour.answer(key));
  };
  const replay = new JournalReplay({
    doneWhen: "persisted",
    journal,
    topology: view,
    incarnation: () => ME,
    local: (records) => take("here", records),
    remote: take,
    onFinished: () => finished.push("finished"),
    clock,
    logger: silentLogger,
  });
  const round = async (ms = 2_000) => {
    clock.advance(ms);
    for (let i = 0; i < 10; i++) await settle();
  };
  return { clock, journal, view, offers, finished, behaviour, replay, round };
}

describe("JournalReplay", () => {
  it("offers every record to the present owner of its key, and forgets what is written", async () => {
    const { journal, replay, offers, finished, round } = createReplay(ME, "other", "third");
    journal.leave("old", "a1", "b0", "c2", "d1");
    replay.wake();
    await round(0);
    expect(offers.toSorted()).toEqual(["here b0", "other:peer a1 d1", "third:peer c2"]);
    expect(journal.leftovers).toEqual([]);
    expect(finished).toEqual(["finished"]);
    await replay.stop();
  });

  it("keeps what is not in the database yet, and asks again", async () => {
    const { journal, replay, offers, behaviour, finished, round } = createReplay("other");
    journal.leave("old", "a0", "b0");
    behaviour.answer = (key) => (key === "a0" ? "persisted" : "pending");
    replay.wake();
    await round(0);
    expect(replay.remaining).toBe(1);
    expect(finished).toEqual([]);
    behaviour.answer = () => "persisted";
    await round();
    expect(offers).toEqual(["other:peer a0 b0", "other:peer b0"]);
    expect(replay.remaining).toBe(0);
    expect(finished).toEqual(["finished"]);
    await replay.stop();
  });

  it("waits for an owner, and goes to another when the topology changes", async () => {
    const { journal, replay, offers, view, behaviour, round } = createReplay(undefined);
    journal.leave("old", "a0");
    behaviour.answer = () => {
      throw new Error("the connection broke");
    };
    replay.wake();
    await round();
    expect(offers).toEqual([]);
    view.topology = topologyOf("other");
    await round();
    expect(offers.at(-1)).toBe("other:peer a0");
    view.topology = topologyOf(ME);
    behaviour.answer = () => "persisted";
    await round();
    expect(offers.at(-1)).toBe("here a0");
    expect(replay.remaining).toBe(0);
    await replay.stop();
  });

  it("takes up what a later incarnation leaves while it runs", async () => {
    const { journal, replay, behaviour, finished, round } = createReplay("other");
    journal.leave("old", "a0");
    behaviour.answer = () => "later";
    replay.wake();
    await round(0);
    journal.leave("later", "b0");
    replay.wake();
    behaviour.answer = () => "persisted";
    await round();
    await round();
    expect(journal.leftovers).toEqual([]);
    expect(finished).toHaveLength(2);
    await replay.stop();
  });

  it("asks less and less often while nothing gets better", async () => {
    const { journal, replay, offers, behaviour, round } = createReplay("other");
    journal.leave("old", "a0");
    behaviour.answer = () => "later";
    replay.wake();
    for (let ms = 0; ms < 60_000; ms += 50) await round(50);
    expect(offers.length).toBeLessThan(40);
    expect(offers.length).toBeGreaterThan(20);
    await replay.stop();
  });

  it("is finished at the deadline at the latest", async () => {
    const { journal, replay, clock, behaviour } = createReplay("other");
    journal.leave("old", "a0");
    behaviour.answer = () => "later";
    replay.wake();
    const finish = replay.finish(clock.monotonic() + 100);
    await clock.advanceAsync(200);
    await finish;
    expect(replay.remaining).toBe(1);
    await replay.stop();
  });
});
