import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@holdfast/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Journal, type JournalOptions, JournalUnusableError } from "./journal.js";
import { JournalInUseError } from "./journal-lock.js";
import type { JournalRecord } from "./record.js";

let dir: string;
const open: Journal[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "holdfast-journal-"));
});

afterEach(async () => {
  for (const journal of open.splice(0)) await journal.close();
  await rm(dir, { recursive: true, force: true });
});

async function openJournal(changes: Partial<JournalOptions> = {}): Promise<Journal> {
  const journal = await Journal.open({
    dir,
    fsync: false,
    clusterId: "cluster",
    nodeId: "node",
    clock: systemClock,
    logger: silentLogger,
    ...changes,
  });
  open.push(journal);
  return journal;
}

async function reopen(journal: Journal, changes: Partial<JournalOptions> = {}): Promise<Journal> {
  open.splice(open.indexOf(journal), 1);
  await journal.close();
  return openJournal(changes);
}

function record(key: string, version = 1, text = key): JournalRecord {
  return {
    cacheId: 3,
    partition: 5,
    key,
    version,
    value: Buffer.from(text),
    encoding: 2,
    expiresAtMs: undefined,
    writtenAtMs: 1_000,
  };
}

function keysOf(journal: Journal, incarnation: string): string[] {
  return [...journal.records(incarnation)].map(({ key, version }) => `${key}@${version}`);
}

describe.each([false, true])("a journal with fsync %s", (fsync) => {
  it("shows the next process what was written, under the incarnation that wrote it", async () => {
    const first = await openJournal({ fsync });
    expect(first.predecessor).toBeUndefined();
    await first.begin("one");
    await Promise.all([first.write(record("a")), first.write(record("b"))]);
    const second = await reopen(first, { fsync });
    expect(second.predecessor).toBe("one");
    expect(second.leftovers).toEqual(["one"]);
    expect([...second.records("one")]).toEqual([record("a"), record("b")]);
    await second.begin("two");
    expect(second.leftovers).toEqual(["one"]);
    expect(second.count("one")).toBe(2);
  });

  it("keeps the newest write of a key, and forgets only the version that it is told to", async () => {
    const journal = await openJournal({ fsync });
    await journal.begin("one");
    await journal.write(record("k", 1));
    await journal.write(record("k", 2));
    journal.forget(record("k"), 1);
    await journal.write(record("other", 3));
    const next = await reopen(journal, { fsync });
    expect(keysOf(next, "one")).toEqual(["k@2", "other@3"]);
    next.forgetLeftover("one", record("k"), 2);
    await next.begin("two");
    expect(keysOf(next, "one")).toEqual(["other@3"]);
  });
});

describe("a journal", () => {
  it("keeps what several incarnations left behind apart, and drops whom it is told to", async () => {
    const first = await openJournal();
    await first.begin("one");
    await first.write(record("k", 1));
    await first.begin("two");
    await first.write(record("k", 2));
    const next = await reopen(first);
    expect(next.leftovers).toEqual(["one", "two"]);
    next.forgetLeftover("one", record("k"), 1);
    await next.finishLeftover("one");
    expect(next.leftovers).toEqual(["two"]);
    expect(keysOf(next, "two")).toEqual(["k@2"]);
  });

  it("remembers nobody who left nothing behind", async () => {
    const first = await openJournal();
    await first.begin("one");
    await first.write(record("k"));
    first.forget(record("k"), 1);
    await first.begin("two");
    expect(first.leftovers).toEqual([]);
    const next = await reopen(first);
    expect(next.predecessor).toBe("two");
  });

  it("shows what was left behind while it is being forgotten", async () => {
    const first = await openJournal();
    await first.begin("one");
    for (const key of ["a", "b", "c", "d", "e"]) await first.write(record(key));
    const next = await reopen(first);
    const seen: string[] = [];
    for (const { key, version } of next.records("one")) {
      seen.push(key);
      next.forgetLeftover("one", record(key), version);
      // Somebody else has found this one to be in the database.
      if (key === "b") next.forgetLeftover("one", record("d"), version);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(seen).toEqual(["a", "b", "c", "e"]);
    expect(next.count("one")).toBe(0);
  });

  it("loses no incarnation when one begins while another is finished", async () => {
    const first = await openJournal();
    await first.begin("one");
    await first.write(record("a"));
    const second = await reopen(first);
    await second.begin("two");
    await second.write(record("b"));
    second.forgetLeftover("one", record("a"), 1);
    await Promise.all([second.begin("three"), second.finishLeftover("one")]);
    await second.write(record("c"));
    await second.begin("four");
    expect(second.leftovers).toEqual(["two", "three"]);
    const next = await reopen(second);
    expect(next.leftovers).toEqual(["two", "three", "four"]);
    expect(keysOf(next, "three")).toEqual(["c@1"]);
  });

  it("is not shared by two processes", async () => {
    await openJournal();
    await expect(openJournal()).rejects.toThrow(JournalInUseError);
    await expect(openJournal()).rejects.toThrow(
      `${join(dir, "lock")} is locked: another process uses this journal; give each node a folder of its own`,
    );
  });

  it("is free again the moment its process is killed, with all that it acknowledged", async () => {
    const module = new URL("../../dist/journal/journal.js", import.meta.url).href;
    const script = `
      import { Journal } from ${JSON.stringify(module)};
      import { silentLogger, systemClock } from "@holdfast/core";
      const journal = await Journal.open({ dir: process.argv[1], fsync: false, clusterId: "cluster",
        nodeId: "node", clock: systemClock, logger: silentLogger });
      await journal.begin("killed");
      for (let i = 0; ; i++) {
        await journal.write({ cacheId: 1, partition: 0, key: "k" + i, version: i + 1,
          value: undefined, encoding: 0, expiresAtMs: undefined, writtenAtMs: 0 });
        process.stdout.write(i + "\\n");
      }`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script, dir], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.length > 2_000) child.kill("SIGKILL");
    });
    await once(child, "close");
    const acknowledged = output.split("\n").length - 1;
    const journal = await openJournal();
    expect(journal.predecessor).toBe("killed");
    expect(journal.count("killed")).toBeGreaterThanOrEqual(acknowledged);
  });

  it("serves one node of one cluster only", async () => {
    const first = await openJournal();
    await first.begin("one");
    await reopen(first);
    await open.splice(0)[0]?.close();
    await expect(openJournal({ nodeId: "other" })).rejects.toThrow(
      `the journal in ${dir} belongs to node "node" of cluster cluster, not to "other" of cluster; give each node a folder of its own`,
    );
    await expect(openJournal({ clusterId: "b" })).rejects.toThrow(JournalUnusableError);
    await openJournal();
  });

  it("is not opened when a record is damaged, and says what to do", async () => {
    const first = await openJournal();
    await first.begin("one");
    await first.write(record("k", 1, "a value that is easily found"));
    await first.close();
    open.splice(0);
    const file = join(dir, "data", "data.mdb");
    const bytes = await readFile(file);
    const at = bytes.lastIndexOf("easily");
    expect(at).toBeGreaterThan(0);
    for (let i = bytes.indexOf("easily"); i >= 0; i = bytes.indexOf("easily", i + 1)) bytes[i] = 0;
    await writeFile(file, bytes);
    await expect(openJournal()).rejects.toThrow(
      `the journal in ${dir} cannot be read (a record's checksum does not fit its bytes). It may hold acknowledged writes: restore the folder from its disk's backup, or move it away to start without them`,
    );
  });

  it.each([
    ["garbage", () => Buffer.alloc(65_536, 0xa5)],
    ["a torn file", (bytes: Buffer) => bytes.subarray(0, 5_000)],
  ])("is not opened when its file is %s", async (_, spoil) => {
    const first = await openJournal();
    await first.begin("one");
    for (let i = 0; i < 500; i++) await first.write(record(`k${i}`));
    await first.close();
    open.splice(0);
    const file = join(dir, "data", "data.mdb");
    await writeFile(file, spoil(await readFile(file)));
    await expect(openJournal()).rejects.toThrow(JournalUnusableError);
  });
});
