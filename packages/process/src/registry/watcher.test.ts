import { silentLogger } from "@holdfast/core";
import { FakeClock, seededRandom, settle, testSeed } from "@holdfast/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RegistryEntry, type RegistrySnapshot, RegistryUnavailableError } from "./registry.js";
import {
  type Change,
  type ChangeListener,
  PrefixWatch,
  SAFETY_READ_INTERVAL_MS,
  type WatchSource,
} from "./watcher.js";

const LONGEST_BACKOFF_MS = 1_000;

/** A registry of one prefix whose lists and streams answer, fail and fall silent as told. */
class FakeSource implements WatchSource {
  readonly #clock: FakeClock;
  readonly #listeners = new Set<ChangeListener>();
  #entries = new Map<string, RegistryEntry>();
  revision = 1;
  lists = 0;
  streams = 0;
  failsLists = false;
  failsStreams = false;
  /** Streams stay open and say nothing. */
  isSilent = false;
  /** Called when a list has been taken and before it is answered. */
  onList = () => {};

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get openStreams(): number {
    return this.#listeners.size;
  }

  put(key: string): void {
    this.revision += 1;
    const createRevision = this.#entries.get(key)?.createRevision ?? this.revision;
    const entry = this.#entry(key, createRevision);
    this.#entries.set(key, entry);
    this.#tell([{ key, modRevision: this.revision, entry }]);
  }

  delete(key: string): void {
    if (!this.#entries.delete(key)) return;
    this.revision += 1;
    this.#tell([{ key, modRevision: this.revision, entry: undefined }]);
  }

  /** What a stream says late, whatever the state is by now. */
  deliver(changes: readonly Change[]): void {
    this.#tell(changes);
  }

  /** Everything is gone, and revisions begin anew. */
  wipe(): void {
    this.#entries = new Map();
    this.revision = 1;
  }

  breakStreams(): void {
    for (const listener of [...this.#listeners]) listener.onBroken(new Error("broken"));
  }

  async list(_prefix: string, keysOnly: boolean): Promise<RegistrySnapshot> {
    this.lists += 1;
    const readAtMs = this.#clock.monotonic();
    await settle();
    if (this.failsLists) throw new RegistryUnavailableError("no answer");
    const value = (entry: RegistryEntry) => (keysOnly ? Buffer.alloc(0) : entry.value);
    const entries = new Map(
      [...this.#entries].map(([key, entry]) => [key, { ...entry, value: value(entry) }]),
    );
    const snapshot = { revision: this.revision, entries, readAtMs };
    this.onList();
    return snapshot;
  }

  openStream(_prefix: string, fromRevision: number, listener: ChangeListener) {
    this.streams += 1;
    if (this.failsStreams) {
      listener.onBroken(new Error("no stream"));
      return { close() {} };
    }
    this.#listeners.add(listener);
    listener.onOpen();
    const missed = [...this.#entries.values()].filter((e) => e.modRevision >= fromRevision);
    const changes = missed.map((e) => ({ key: e.key, modRevision: e.modRevision, entry: e }));
    if (changes.length > 0) listener.onChanges(changes);
    return { close: () => void this.#listeners.delete(listener) };
  }

  state(): string {
    return describeEntries(this.#entries);
  }

  #tell(changes: readonly Change[]): void {
    if (this.isSilent) return;
    for (const listener of this.#listeners) listener.onChanges(changes);
  }

  #entry(key: string, createRevision: number): RegistryEntry {
    const modRevision = this.revision;
    const value = Buffer.from(String(modRevision));
    return { key, value, createRevision, modRevision, leaseId: undefined };
  }
}

function describeEntries(entries: ReadonlyMap<string, RegistryEntry>): string {
  const texts = [...entries.values()].map(({ key, value }) => `${key}=${value}`);
  return texts.sort().join(" ");
}

/** Lets a list be answered, and another one that it may call for. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await settle();
}

function createWatch() {
  const clock = new FakeClock();
  const source = new FakeSource(clock);
  const snapshots: RegistrySnapshot[] = [];
  const watch = new PrefixWatch({
    source,
    prefix: "",
    onSnapshot: (snapshot) => snapshots.push(snapshot),
    clock,
    random: seededRandom(1),
    logger: silentLogger,
  });
  const shown = () => describeEntries(snapshots.at(-1)?.entries ?? new Map());
  return { clock, source, snapshots, watch, shown };
}

describe("PrefixWatch", () => {
  it("reports the state that it finds, then each change", async () => {
    const { source, snapshots, shown } = createWatch();
    source.put("a");
    await rest();
    expect(snapshots).toHaveLength(1);
    expect(shown()).toBe("a=2");
    source.put("b");
    expect(shown()).toBe("a=2 b=3");
    source.delete("a");
    expect(shown()).toBe("b=3");
    expect(snapshots.map(({ revision }) => revision)).toEqual([2, 3, 4]);
  });

  it("leaves the states that it has reported as they were", async () => {
    const { source, snapshots } = createWatch();
    source.put("a");
    await rest();
    source.put("b");
    expect(describeEntries(snapshots[0]?.entries ?? new Map())).toBe("a=2");
  });

  it("misses nothing that happens between the list and the stream", async () => {
    const { source, shown } = createWatch();
    source.onList = () => {
      source.onList = () => {};
      source.put("late");
    };
    await rest();
    expect(shown()).toBe("late=2");
  });

  it("confirms a state by a safety read, which moves its time on and nothing else", async () => {
    const { clock, source, snapshots } = createWatch();
    source.put("a");
    await rest();
    await clock.advanceAsync(SAFETY_READ_INTERVAL_MS);
    await rest();
    expect(snapshots.map(({ readAtMs }) => readAtMs)).toEqual([0, SAFETY_READ_INTERVAL_MS]);
    expect(snapshots[1]?.entries.get("a")?.value.toString()).toBe("2");
    expect(source.streams).toBe(1);
  });

  it("keeps the time of the last read over changes, which are newer than it", async () => {
    const { clock, source, snapshots } = createWatch();
    await rest();
    await clock.advanceAsync(1_000);
    source.put("a");
    expect(snapshots.at(-1)?.readAtMs).toBe(0);
  });

  it("finds out by a safety read that its stream has fallen silent", async () => {
    const { clock, source, shown } = createWatch();
    await rest();
    source.isSilent = true;
    source.put("a");
    await clock.advanceAsync(SAFETY_READ_INTERVAL_MS);
    await rest();
    expect(shown()).toBe("a=2");
    expect(source.streams).toBe(2);
    expect(source.openStreams).toBe(1);
  });

  it("takes a change that overtakes a safety read for good", async () => {
    const { clock, source, snapshots, shown } = createWatch();
    source.put("a");
    await rest();
    source.onList = () => source.put("b");
    await clock.advanceAsync(SAFETY_READ_INTERVAL_MS);
    await rest();
    expect(shown()).toBe("a=2 b=3");
    expect(snapshots.at(-1)?.readAtMs).toBe(SAFETY_READ_INTERVAL_MS);
    expect(source.streams).toBe(1);
  });

  it("ignores changes that come after a safety read has shown what they led to", async () => {
    const { clock, source, snapshots, shown } = createWatch();
    source.put("a");
    await rest();
    source.isSilent = true;
    source.put("b");
    source.delete("b");
    await clock.advanceAsync(SAFETY_READ_INTERVAL_MS);
    await rest();
    const reports = snapshots.length;
    source.isSilent = false;
    const entry = { key: "b", value: Buffer.from("3"), createRevision: 3, modRevision: 3 };
    source.deliver([{ key: "b", modRevision: 3, entry: { ...entry, leaseId: undefined } }]);
    expect(shown()).toBe("a=2");
    expect(snapshots).toHaveLength(reports);
    expect(snapshots.at(-1)?.revision).toBe(4);
  });

  it("lists again when the stream breaks", async () => {
    const { clock, source, shown } = createWatch();
    await rest();
    source.isSilent = true;
    source.put("a");
    source.isSilent = false;
    source.breakStreams();
    await clock.advanceAsync(LONGEST_BACKOFF_MS);
    expect(shown()).toBe("a=2");
    expect(source.openStreams).toBe(1);
  });

  it("shows that the registry was wiped, though its revisions are lower", async () => {
    const { clock, source, snapshots, shown } = createWatch();
    for (const key of ["a", "b", "c"]) source.put(key);
    await rest();
    source.wipe();
    source.put("d");
    await clock.advanceAsync(SAFETY_READ_INTERVAL_MS);
    await rest();
    expect(shown()).toBe("d=2");
    expect(snapshots.at(-1)?.revision).toBe(2);
    source.put("e");
    expect(shown()).toBe("d=2 e=3");
  });

  it("tries for ever, at most ten times a second and at least once", async () => {
    const { clock, source, shown } = createWatch();
    source.failsLists = true;
    await clock.advanceAsync(30_000, 3_000);
    expect(source.lists).toBeGreaterThanOrEqual(30);
    expect(source.lists).toBeLessThanOrEqual(100);
    source.failsLists = false;
    source.put("a");
    await clock.advanceAsync(LONGEST_BACKOFF_MS);
    expect(shown()).toBe("a=2");
  });

  it("returns quickly from a hiccup, also when a long outage came before it", async () => {
    const { clock, source, shown } = createWatch();
    source.failsLists = true;
    await clock.advanceAsync(30_000, 3_000);
    source.failsLists = false;
    await clock.advanceAsync(LONGEST_BACKOFF_MS);
    source.isSilent = true;
    source.put("a");
    source.isSilent = false;
    source.breakStreams();
    // The first wait is at most 200 ms.
    await clock.advanceAsync(200, 20);
    await rest();
    expect(shown()).toBe("a=2");
  });

  it("does not rush when lists succeed and streams never do", async () => {
    const { clock, source, shown } = createWatch();
    source.failsStreams = true;
    await clock.advanceAsync(10_000, 1_000);
    expect(source.lists).toBeLessThanOrEqual(40);
    source.put("a");
    await clock.advanceAsync(LONGEST_BACKOFF_MS);
    expect(shown()).toBe("a=2");
  });

  it("goes on after a listener that throws", async () => {
    const clock = new FakeClock();
    const source = new FakeSource(clock);
    let reports = 0;
    const watch = new PrefixWatch({
      source,
      prefix: "",
      onSnapshot: () => {
        reports += 1;
        throw new Error("a defect of the listener");
      },
      clock,
      random: seededRandom(1),
      logger: silentLogger,
    });
    await rest();
    source.put("a");
    expect(reports).toBe(2);
    await watch.close();
  });

  it("says nothing and holds nothing once it is closed", async () => {
    const { clock, source, snapshots, watch } = createWatch();
    await rest();
    await watch.close();
    await watch.close();
    source.put("a");
    await clock.advanceAsync(60_000);
    expect(snapshots).toHaveLength(1);
    expect(source.openStreams).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it("closes at once while a list is under way", async () => {
    const { source, snapshots, watch } = createWatch();
    expect(source.lists).toBe(1);
    await watch.close();
    await rest();
    expect(snapshots).toEqual([]);
  });

  it("ends up with the registry's state, whatever happened on the way", async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant("put" as const), key: fc.constantFrom("a", "b", "c") }),
      fc.record({ kind: fc.constant("delete" as const), key: fc.constantFrom("a", "b", "c") }),
      fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 6_000 }) }),
      fc.record({
        kind: fc.constantFrom(
          "wipe",
          "break",
          "mute",
          "unmute",
          "failLists",
          "failStreams",
          "heal",
        ),
      }),
    );
    const seed = testSeed();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, source, snapshots, watch, shown } = createWatch();
        let wiped = false;
        for (const one of steps) {
          if (one.kind === "put") source.put(one.key);
          else if (one.kind === "delete") source.delete(one.key);
          else if (one.kind === "wait") await clock.advanceAsync(one.ms, 4);
          else if (one.kind === "wipe") {
            source.wipe();
            source.breakStreams();
            wiped = true;
          } else if (one.kind === "break") source.breakStreams();
          else if (one.kind === "mute") source.isSilent = true;
          else if (one.kind === "unmute") source.isSilent = false;
          else if (one.kind === "failLists") source.failsLists = true;
          else if (one.kind === "failStreams") source.failsStreams = true;
          else source.failsLists = source.failsStreams = false;
        }
        source.failsLists = source.failsStreams = source.isSilent = false;
        await clock.advanceAsync(2 * (SAFETY_READ_INTERVAL_MS + LONGEST_BACKOFF_MS), 40);
        expect(shown()).toBe(source.state());
        expect(source.openStreams).toBe(1);
        const revisions = snapshots.map(({ revision }) => revision);
        if (!wiped) expect(revisions).toEqual(revisions.toSorted((x, y) => x - y));
        await watch.close();
      }),
      { seed, numRuns: 200 },
    );
  });
});
