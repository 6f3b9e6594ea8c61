/**
 * A journal on a disk that is full. Needs a small file system of its own, which only root may mount.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemClock } from "@holdfast/core";
import { Journal } from "@holdfast/node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "./support/eventually.js";

const isRoot = process.getuid?.() === 0;

let disk: string;

beforeEach(async () => {
  disk = await mkdtemp(join(tmpdir(), "holdfast-disk-"));
  if (isRoot) execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]);
});

afterEach(async () => {
  if (isRoot) execFileSync("umount", [disk]);
  await rm(disk, { recursive: true });
});

function openJournal(fsync: boolean): Promise<Journal> {
  return Journal.open({
    dir: join(disk, "journal"),
    fsync,
    clusterId: "cluster",
    nodeId: "node",
    clock: systemClock,
    logger: silentLogger,
  });
}

function record(key: string) {
  return {
    cacheId: 1,
    partition: 1,
    key,
    version: 1,
    value: new Uint8Array(1_000),
    encoding: 0,
    expiresAtMs: undefined,
    writtenAtMs: 0,
  };
}

describe.runIf(isRoot).each([false, true])("on a full disk, fsync %s, a journal", (fsync) => {
  it("refuses, keeps what it has acknowledged, and goes on when there is room", async () => {
    const journal = await openJournal(fsync);
    await journal.begin("one");
    const filler = join(disk, "filler");
    const { bavail, bsize } = await statfs(disk);
    await writeFile(filler, Buffer.alloc(bavail * bsize - 2 ** 20));

    const acknowledged: string[] = [];
    await eventually("the disk is full", async () => {
      const keys = Array.from({ length: 50 }, (_, i) => `k${acknowledged.length + i}`);
      const results = await Promise.allSettled(keys.map((key) => journal.write(record(key))));
      acknowledged.push(...keys.filter((_, i) => results[i]?.status === "fulfilled"));
      return results.some(({ status }) => status === "rejected");
    });
    expect(journal.problem).toBeDefined();
    expect(acknowledged.length).toBeGreaterThan(100);

    await rm(filler);
    await eventually("it goes on by itself", () => journal.problem === undefined);
    await journal.write(record("after"));
    await journal.close();

    const next = await openJournal(fsync);
    const found = new Set([...next.records("one")].map(({ key }) => key));
    expect(acknowledged.filter((key) => !found.has(key))).toEqual([]);
    expect(found).toContain("after");
    await next.close();
  });
});
