import type { CacheStats, CallOptions } from "@holdfast/client";
import { FakeClock, settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { tellWaiting } from "./tell-waiting.js";

type Figures = Pick<CacheStats, "dirtyEntries" | "unreachable">;

/** A flush that goes on until `finish` or `fail`, and what a person reads meanwhile. */
function start(stats: (options?: CallOptions) => Promise<Figures>) {
  const clock = new FakeClock(700);
  const heard: string[] = [];
  let finish = () => {};
  let fail = (_error: Error) => {};
  const flush = new Promise<string>((resolve, reject) => {
    finish = () => resolve("flushed");
    fail = reject;
  });
  // Nothing else of the counters is read.
  const cache = { stats: stats as (options?: CallOptions) => Promise<CacheStats> };
  const stderr = { write: (text: string) => heard.push(text) };
  const told = tellWaiting(flush, cache, { clock, stderr });
  const pass = async (ms: number) => {
    clock.advance(ms);
    await settle();
  };
  return { clock, heard, told, pass, finish, fail };
}

describe("A flush that takes long", () => {
  it("says after 2 s, and then every 5 s, how much is dirty still", async () => {
    let dirtyEntries = 12_345;
    const { clock, heard, told, pass, finish } = start(async () => ({
      dirtyEntries,
      unreachable: [],
    }));
    await pass(1_999);
    expect(heard).toEqual([]);
    await pass(1);
    expect(heard).toEqual(["still flushing after 2 s; dirty entries in the cache: 12,345\n"]);
    dirtyEntries = 6;
    await pass(4_999);
    expect(heard).toHaveLength(1);
    await pass(1);
    expect(heard[1]).toBe("still flushing after 7 s; dirty entries in the cache: 6\n");
    finish();
    expect(await told).toBe("flushed");
    expect(clock.pendingTimers).toBe(0);
    expect(heard).toHaveLength(2);
  });

  it("names the nodes that do not answer", async () => {
    const unreachable = ["node-1", "node-3"];
    const { heard, pass } = start(async () => ({ dirtyEntries: 0, unreachable }));
    await pass(2_000);
    expect(heard).toEqual([
      "still flushing after 2 s; dirty entries in the cache: 0; no answer from node-1, node-3\n",
    ]);
  });

  it("goes on where no node tells its figures", async () => {
    const { heard, pass } = start(() => Promise.reject(new Error("nobody answers")));
    await pass(2_000);
    await pass(5_000);
    expect(heard).toEqual([
      "still flushing after 2 s; no node tells how much is dirty\n",
      "still flushing after 7 s; no node tells how much is dirty\n",
    ]);
  });

  it("waits for no figures once it has ended, and says nothing more", async () => {
    const { heard, told, pass, fail } = start(
      (options) =>
        new Promise((_, reject) => {
          options?.signal?.addEventListener("abort", () => reject(options.signal?.reason));
        }),
    );
    await pass(2_000);
    fail(new Error("the cluster is gone"));
    await expect(told).rejects.toThrow("the cluster is gone");
    expect(heard).toEqual([]);
  });
});
