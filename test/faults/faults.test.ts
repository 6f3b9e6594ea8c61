/**
 * Random faults under load: real processes, a real etcd, a real PostgreSQL. `npm test` runs a minute;
 * `npm run test:faults -- --minutes 60 --seed 1` as long as one likes.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { seededRandom, testSeed } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { Load } from "./load.js";
import { Nemesis, passed } from "./nemesis.js";

const CACHES = {
  behind: {
    pattern: "write-behind",
    source: { kind: "entries" },
    writeBehind: { maxDelay: "1s" },
  },
};

const MINUTES = Number(process.env.HOLDFAST_FAULT_MINUTES ?? 1);
const WORKERS = 24;
const CLIENTS = 3;
const CALM_MS = 1_000;
const SETTLE_MS = 120_000;

const seed = testSeed();

describe(`random faults for ${MINUTES} min (seed ${seed})`, () => {
  it("lose nothing, bring nothing back, and show nothing old", {
    timeout: MINUTES * 60_000 + 300_000,
  }, async () => {
    await using cluster = await startCluster(CACHES);
    await cluster.local.settled();
    const random = seededRandom(seed);
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => cluster.connect()));
    const load = new Load(clients, "behind", WORKERS, random);
    const nemesis = new Nemesis(cluster, random);
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
    }
    await eventually("the cluster is whole again", () => cluster.local.settled(), SETTLE_MS);
    await eventually("everything is written", () => isWritten(cluster), SETTLE_MS);

    const { history, figures } = load;
    const seconds = (performance.now() - startedAtMs) / 1_000;
    const summary = `${nemesis.log.length} faults, ${figures.acknowledged} acknowledged changes (${Math.round(figures.acknowledged / seconds)}/s), ${figures.reads} reads, ${figures.degraded} degraded, failures ${JSON.stringify(figures.failures)}`;
    process.stdout.write(`${summary}\n`);
    const wrong = { violations: history.violations(), unexpected: figures.unexpected };
    const lost = await lostOf(cluster, history.known());
    expect({ faults: nemesis.log, ...wrong, lost }).toEqual({
      faults: nemesis.log,
      violations: [],
      unexpected: [],
      lost: [],
    });
    await expectHealthyLogs(cluster);
    expect(figures.acknowledged).toBeGreaterThan(1_000);
    await cluster[Symbol.asyncDispose]();
    await nemesis.stop();
  });
});

async function isWritten(cluster: TestCluster): Promise<boolean> {
  return (await cluster.dirtyEntries("behind")) === 0;
}

/** What somebody knew, and the database does not have. */
async function lostOf(
  { database }: TestCluster,
  known: ReadonlyMap<string, number>,
): Promise<string[]> {
  const { rows } = await database.query(
    "SELECT convert_from(key, 'UTF8') AS key, version FROM holdfast_entries",
  );
  const versions = new Map(rows.map(({ key, version }) => [key as string, Number(version)]));
  return [...known]
    .filter(([key, version]) => (versions.get(key) ?? 0) < version)
    .map(([key, version]) => `${key}: ${version} was known, the row has ${versions.get(key)}`);
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
