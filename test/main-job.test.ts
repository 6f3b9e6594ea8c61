/** The demonstration from end to end, on a small catalogue: its outcome, and what Ctrl-C leaves. */
import { access } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { Holdfast, holdfast } from "./support/holdfast.js";

const SMALL = ["--products", "2000", "--lookups", "5000"];

describe("the main job", () => {
  it("keeps every promise, and sums up in the last line of standard output", async () => {
    const { code, stderr, stdout } = await holdfast("demo", ...SMALL, "--once", "--json");
    expect({ code, failed: /FAILED.*/.exec(stderr)?.[0] }).toEqual({ code: 0, failed: undefined });
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(1);
    const summary = JSON.parse(lines[0] ?? "");
    expect(summary).toMatchObject({
      differences: 0,
      products: 2_000,
      stampede: { callers: 1_000, databaseReads: 1 },
      cacheAside: { stale: 0 },
      warm: { keys: 2_000 },
      nodeAdded: { clientErrors: 0 },
      nodeKilled: { clientErrors: 0 },
    });
    const { readThrough, writeThrough, writeBehind, nodeKilled, nodeKilledDirty } = summary;
    expect(readThrough.lookups).toBe(5_000);
    // Three caches of a third each come close to one of the whole size.
    expect(Math.abs(readThrough.hitRatio - readThrough.idealLruHitRatio)).toBeLessThan(0.05);
    expect(readThrough.hitP50Ms).toBeLessThan(readThrough.missP50Ms);
    expect(readThrough.hitP99Ms).toBeGreaterThanOrEqual(readThrough.hitP50Ms);
    expect(writeThrough.writes).toBeGreaterThan(0);
    expect(writeBehind.rows).toBeLessThan(writeBehind.acknowledged);
    expect(writeBehind.batches).toBeLessThan(writeBehind.rows);
    expect(nodeKilled.unavailableMs).toBeGreaterThan(0);
    expect(nodeKilledDirty.dirty).toBeGreaterThan(0);
    expect(nodeKilledDirty.unreadable).toBe(0);
    expect(nodeKilledDirty.lost).toBe(0);
    expect(summary.durationMs).toBeGreaterThan(summary.startupMs);
    expect(summary.comparedRows).toBeGreaterThan(3 * 2_000);
  }, 240_000);

  it("loses nothing on Ctrl-C in the middle of the writes", async () => {
    const command = new Holdfast(["demo", ...SMALL, "--json"]);
    await command.until(/Write-behind: stock and page views/, 180_000);
    const logs = /logs in (\S+)/.exec(command.stderr)?.[1] ?? "";
    await access(logs);
    command.kill("SIGINT");
    const { code, signal, stderr, stdout } = await command.outcome;
    expect({ code, signal, stdout }).toEqual({ code: 130, signal: null, stdout: "" });
    expect(stderr).toMatch(/[\d,]+ rows compared: 0 differences\n {2}stopped\n$/);
    await expect(access(logs)).rejects.toThrow("ENOENT");
  }, 240_000);
});
