import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open, type RootDatabase } from "lmdb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GroupCommit, type Storage } from "./group-commit.js";

let dir: string;
let root: RootDatabase<Buffer, Buffer>;
let storage: Storage;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "holdfast-commit-"));
  root = open({ path: dir, encoding: "binary", keyEncoding: "binary", eventTurnBatching: false });
  storage = root.openDB({
    name: "records",
    encoding: "binary",
    keyEncoding: "binary",
    useVersions: true,
  });
});

afterEach(async () => {
  await root.close();
  await rm(dir, { recursive: true });
});

const bytes = (text: string) => Buffer.from(text);
const noFailure = (reason: unknown): Error => {
  throw reason;
};

describe("group commit", () => {
  it("commits what comes in one turn together, in its order", async () => {
    const commits = new GroupCommit(storage, noFailure);
    const first = commits.put(bytes("a"), bytes("one"), 1);
    expect(commits.put(bytes("b"), bytes("two"), 2)).toBe(first);
    commits.remove(bytes("a"), 1);
    expect(commits.put(bytes("c"), bytes("three"), 3)).toBe(first);
    expect(commits.underWayBytes).toBe(11);
    await first;
    expect(commits.underWayBytes).toBe(0);
    expect([...storage.getKeys()].map(String)).toEqual(["b", "c"]);
  });

  it("lets what comes while a commit is under way gather for the next", async () => {
    const commits = new GroupCommit(storage, noFailure);
    const first = commits.put(bytes("a"), bytes("one"), 1);
    const later: Promise<void>[] = [];
    await new Promise<void>((resolve) => {
      // The commit has begun at the end of this turn, and cannot have ended at the end of the next.
      setImmediate(() => {
        later.push(commits.put(bytes("b"), bytes("two"), 1));
        later.push(commits.put(bytes("c"), bytes("three"), 1));
        resolve();
      });
    });
    expect(later[0]).not.toBe(first);
    expect(later[1]).toBe(later[0]);
    await commits.settled();
    expect([...storage.getKeys()].map(String)).toEqual(["a", "b", "c"]);
  });

  it("removes nothing of another version", async () => {
    const commits = new GroupCommit(storage, noFailure);
    await commits.put(bytes("a"), bytes("one"), 2);
    commits.remove(bytes("a"), 1);
    commits.remove(bytes("unknown"), 1);
    await commits.settled();
    expect(storage.get(bytes("a"))?.toString()).toBe("one");
  });

  it("tells everybody in a group why its commit failed, and goes on with the next", async () => {
    let batches = 0;
    const failing = new Proxy(storage, {
      get(target, name) {
        if (name !== "batch") return Reflect.get(target, name);
        return (changes: () => void) => {
          batches += 1;
          return batches === 1 ? Promise.reject(new Error("no room")) : target.batch(changes);
        };
      },
    });
    const seen: unknown[] = [];
    const commits = new GroupCommit(failing, (reason) => {
      seen.push(reason);
      return new Error("the disk is full");
    });
    const group = [
      commits.put(bytes("a"), bytes("one"), 1),
      commits.put(bytes("b"), bytes("2"), 1),
    ];
    const results = await Promise.allSettled(group);
    for (const result of results) expect(result).toMatchObject({ reason: { message: /full/ } });
    expect(seen).toHaveLength(1);
    expect(commits.underWayBytes).toBe(0);
    await commits.put(bytes("c"), bytes("three"), 1);
    expect([...storage.getKeys()].map(String)).toEqual(["c"]);
  });
});
