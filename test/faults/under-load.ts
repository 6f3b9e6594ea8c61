/** A load that goes on while a test does something to the cluster, and what must be true of it after. */
import type { Cluster } from "@holdfast/client";
import { seededRandom, testSeed } from "@holdfast/core/testing";
import { expect } from "vitest";
import type { TestCluster } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { Load, type LoadOptions } from "./load.js";

const SETTLE_MS = 30_000;

/** Seed of every load of this file's tests; printed where they are described. */
export const seed: number = testSeed();

/** Each has keys of its own: what an earlier one left is nothing that it knows of. */
let loads = 0;

/**
 * Does `act` under load, waits until the cluster is whole and everything is written, and expects that
 * no client saw what cannot be, and nothing that one knew is missing in the database.
 */
export async function underLoad(
  cluster: TestCluster,
  client: Cluster,
  options: LoadOptions,
  act: (load: Load) => Promise<void>,
): Promise<Load> {
  loads += 1;
  const defaults = { rate: 300, keys: 150, prefix: `load-${loads}-` };
  const load = new Load([client], seededRandom(seed), { ...defaults, ...options });
  try {
    await eventually("the load runs", () => load.figures.acknowledged > 100);
    await act(load);
  } finally {
    await load.stop();
  }
  await cluster.local.settled();
  await expectKept(cluster, load, options.caches);
  return load;
}

/** Waits until somebody has acknowledged so many changes more. */
export async function goesOn(load: Load, changes = 50, timeoutMs = 10_000): Promise<void> {
  const from = load.figures.acknowledged;
  await eventually(
    "writes are acknowledged",
    () => load.figures.acknowledged > from + changes,
    timeoutMs,
  );
}

export async function expectKept(
  cluster: TestCluster,
  { history, figures }: Load,
  caches: readonly string[],
): Promise<void> {
  await eventually("everything is written", () => isWritten(cluster, caches), SETTLE_MS);
  const lost = await lostOf(cluster, history.known());
  const { violations } = history;
  expect({ violations, unexpected: figures.unexpected, lost }).toEqual({
    violations: [],
    unexpected: [],
    lost: [],
  });
}

async function isWritten(cluster: TestCluster, caches: readonly string[]): Promise<boolean> {
  const dirty = await Promise.all(caches.map((name) => cluster.dirtyEntries(name)));
  return dirty.every((entries) => entries === 0);
}

/** What somebody knew, and the database does not have. */
async function lostOf(
  { database }: TestCluster,
  known: ReadonlyMap<string, number>,
): Promise<string[]> {
  const { rows } = await database.query(
    "SELECT cache || '/' || convert_from(key, 'UTF8') AS key, version FROM holdfast_entries",
  );
  const versions = new Map(rows.map(({ key, version }) => [key as string, Number(version)]));
  return [...known]
    .filter(([key, version]) => (versions.get(key) ?? 0) < version)
    .map(([key, version]) => `${key}: ${version} was known, the row has ${versions.get(key)}`);
}
