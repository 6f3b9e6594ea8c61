/**
 * Random faults under load: real processes, a real etcd, a real PostgreSQL. `npm test` runs a minute;
 * `npm run test:faults -- --minutes 60 --seed 1` as long as one likes.
 */
import { cp, mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom, testSeed } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import type { TestCluster } from "../support/cluster.js";
import { eventually, passed } from "../support/eventually.js";
import { startFaultyCluster } from "../support/faulty-cluster.js";
import { Load } from "./load.js";
import { Nemesis } from "./nemesis.js";
import { expectKept } from "./under-load.js";

const ENTRIES = { kind: "entries" };

// Levels at which nothing that was acknowledged is lost or out of sight, whoever dies, and nothing is seen
// that could still be lost. (What only a journal has is out of sight from a failover until it is replayed.)
const CACHES = {
  behind: { pattern: "write-behind", source: ENTRIES, writeBehind: { maxDelay: "1s" } },
  hasty: { pattern: "write-behind", source: ENTRIES, writeBehind: { maxDelay: "20ms", lanes: 1 } },
  certain: { pattern: "write-behind", source: ENTRIES, writeBehind: { ack: "database" } },
  through: { pattern: "write-through", source: ENTRIES },
};

const MINUTES = Number(process.env.HOLDFAST_FAULT_MINUTES ?? 1);
/** Which faults, by what their names match. A short run leaves out those that take a minute under load. */
const KINDS = MINUTES > 1 ? "." : "^(?!grow|restart every)";
const ONLY = new RegExp(process.env.HOLDFAST_FAULT_KINDS ?? KINDS);
/** Operations a second; two thirds of them change something. A short run shares the cores with other tests. */
const RATE = MINUTES > 1 ? 5_000 : 1_500;
const CLIENTS = 3;
const CALM_MS = 1_000;
const SETTLE_MS = 120_000;

const seed = testSeed();

describe(`random faults for ${MINUTES} min (seed ${seed})`, () => {
  it("lose nothing, bring nothing back, and show nothing old", {
    timeout: MINUTES * 60_000 + 300_000,
  }, async () => {
    await using faulty = await startFaultyCluster(CACHES, { coordinators: 2 });
    const { cluster } = faulty;
    await cluster.local.settled();
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => cluster.connect()));
    const load = new Load(clients, seededRandom(seed + 1), {
      caches: Object.keys(CACHES),
      rate: RATE,
    });
    // Chance of its own: the same faults in the same order, whatever the load draws meanwhile.
    const nemesis = new Nemesis(faulty, seededRandom(seed), ONLY);
    try {
      await underFaults(load, nemesis);
      await eventually("the cluster is whole again", () => cluster.local.settled(), SETTLE_MS);
      await expectKept(cluster, load, Object.keys(CACHES));
      await expectHealthyLogs(cluster);
    } catch (error) {
      const kept = await mkdtemp(join(tmpdir(), `holdfast-faults-${seed}-`));
      await cp(join(cluster.local.dataDir, "logs"), kept, { recursive: true });
      process.stdout.write(`the logs are kept in ${kept}\n`);
      throw error;
    }
    expect(load.figures.acknowledged).toBeGreaterThan(1_000);
    await faulty[Symbol.asyncDispose]();
    await nemesis.stop();
  });
});

async function underFaults(load: Load, nemesis: Nemesis): Promise<void> {
  const startedAtMs = performance.now();
  try {
    while (performance.now() < startedAtMs + MINUTES * 60_000) {
      await passed(CALM_MS);
      const before = load.figures.acknowledged;
      await nemesis.strike();
      await eventually(
        `writes go on after: ${nemesis.log.at(-1)}`,
        () => load.figures.acknowledged > before,
        30_000,
      );
    }
  } finally {
    await load.stop();
    process.stdout.write(`${summaryOf(load, nemesis, performance.now() - startedAtMs)}\n`);
  }
}

function summaryOf({ figures, history }: Load, { log }: Nemesis, ms: number): string {
  const { acknowledged, reads, degraded, failures } = figures;
  const rate = Math.round(acknowledged / (ms / 1_000));
  return (
    `${log.length} faults (${log.join("; ")}): ${acknowledged} acknowledged changes (${rate}/s), ` +
    `${reads} reads, ${degraded} degraded, failures ${JSON.stringify(failures)}, ` +
    `${history.violations.length} violations`
  );
}

async function expectHealthyLogs({ local }: TestCluster): Promise<void> {
  const logs = join(local.dataDir, "logs");
  for (const file of await readdir(logs)) {
    const text = await readFile(join(logs, file), "utf8");
    expect(text).not.toMatch(/unhandledRejection|uncaughtException|"level":60/);
    // The nodes compare what they cache with the database themselves.
    expect(text).not.toMatch(/than its row in the database/);
  }
}
