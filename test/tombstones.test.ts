/** Which tombstones go, what the database remembers of it, and who is not disturbed; a real server. */
import { randomUUID } from "node:crypto";
import { systemClock } from "@holdfast/core";
import {
  type Database,
  readFloor,
  readTombstonesGoneUntil,
  registerIncarnation,
  removeTombstones,
  reserveFloor,
  type TombstonePlace,
  type TombstoneTable,
} from "@holdfast/process";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createSource } from "../packages/node/src/database/index.js";
import { openTestDatabase, TestPostgres } from "./support/postgres.js";

const DAY_MS = 86_400_000;
const RETENTION_MS = 7 * DAY_MS;

let postgres: TestPostgres;
let url: string;
let database: Database;

beforeAll(async () => {
  postgres = await TestPostgres.start();
});

beforeEach(async () => {
  url = await postgres.createDatabase();
  database = openTestDatabase(url);
});

afterEach(() => database.close());

afterAll(() => postgres.stop());

const TABLES = {
  entries: { table: "holdfast_entries", scope: "cache", extra: ", encoding", value: ", 0" },
  versions: { table: "holdfast_versions", scope: "source", extra: "", value: "" },
} as const;

/** Rows of one scope, each so many days old; those that are not deleted are named `live`. */
async function plant(of: TombstoneTable, scope: string, ages: Readonly<Record<string, number>>) {
  const { table, scope: column, extra, value } = TABLES[of];
  for (const [key, days] of Object.entries(ages)) {
    await database.query({
      text: `
        INSERT INTO ${table} (${column}, key, version, deleted, updated_at${extra})
        VALUES ($1, $2, 10, $3, now() - $4 * interval '1 day'${value})`,
      values: [scope, Buffer.from(key), !key.startsWith("live"), days],
    });
  }
}

async function keysOf(of: TombstoneTable): Promise<string[]> {
  const { table, scope } = TABLES[of];
  const { rows } = await database.query<{ readonly name: string }>({
    text: `
      SELECT ${scope} || '/' || convert_from(key, 'UTF8') AS name FROM ${table} ORDER BY 1`,
    values: [],
  });
  return rows.map(({ name }) => name);
}

async function pass(of: TombstoneTable, limit = 100): Promise<{ removed: number; slices: number }> {
  let removed = 0;
  let slices = 0;
  for (let after: TombstonePlace | undefined; ; ) {
    const slice = await removeTombstones(database, of, { after, limit, retentionMs: RETENTION_MS });
    removed += slice.removed;
    slices += 1;
    if (slice.next === undefined) return { removed, slices };
    after = slice.next;
  }
}

async function park(cache: string, key: string): Promise<void> {
  const incarnation = randomUUID();
  await registerIncarnation(database, incarnation, "node-1");
  const source = createSource({ kind: "entries" }, { cache, database, clock: systemClock });
  const row = { key, version: 5, value: Buffer.from("v"), encoding: 0, expiresAtMs: undefined };
  await source.deadLetter(incarnation, row, { sqlstate: "23514", message: "refused" });
}

describe.each(["entries", "versions"] as const)("tombstones of holdfast_%s", (of) => {
  it("go when they are older than the retention; live rows and younger ones stay", async () => {
    await plant(of, "a", { old: 8, young: 6, "live-old": 30 });
    await plant(of, "b", { old: 7.01 });
    expect(await pass(of)).toEqual({ removed: 2, slices: 1 });
    expect(await keysOf(of)).toEqual(["a/live-old", "a/young"]);
    expect(await pass(of)).toEqual({ removed: 0, slices: 1 });
  });

  it("go in slices that look at no more of them than they are told", async () => {
    const ages = Object.fromEntries(
      Array.from({ length: 25 }, (_, n) => [`k${String(n).padStart(2, "0")}`, n % 2 === 0 ? 9 : 1]),
    );
    await plant(of, "a", ages);
    const first = await removeTombstones(database, of, {
      after: undefined,
      limit: 10,
      retentionMs: RETENTION_MS,
    });
    expect(first).toEqual({ removed: 5, next: { scope: "a", key: Buffer.from("k09") } });
    expect(await pass(of, 10)).toEqual({ removed: 8, slices: 3 });
    expect(await keysOf(of)).toHaveLength(12);
  });

  it("are recorded, in the same statement, as far as they are gone", async () => {
    await plant(of, "a", { young: 6 });
    await pass(of);
    expect(await readTombstonesGoneUntil(database)).toBeUndefined();
    await plant(of, "a", { older: 20, old: 8 });
    await pass(of);
    const ageMs = systemClock.now() - ((await readTombstonesGoneUntil(database)) ?? 0);
    expect(ageMs / DAY_MS).toBeCloseTo(8, 2);
    // It only grows.
    await plant(of, "a", { older: 20 });
    await pass(of);
    const later = systemClock.now() - ((await readTombstonesGoneUntil(database)) ?? 0);
    expect(later / DAY_MS).toBeCloseTo(8, 2);
  });

  it("stay where it cannot be recorded", async () => {
    await plant(of, "a", { old: 8 });
    await database.query({ text: "DELETE FROM holdfast_floor", values: [] });
    expect(await pass(of)).toEqual({ removed: 0, slices: 1 });
    expect(await keysOf(of)).toEqual(["a/old"]);
  });

  it("stay while their key has a dead letter", async () => {
    await plant(of, "a", { old: 8, refused: 8 });
    await park("a", "refused");
    expect(await pass(of)).toEqual({ removed: 1, slices: 1 });
    expect(await keysOf(of)).toEqual(["a/refused"]);
    await database.query({ text: "DELETE FROM holdfast_dead_letters", values: [] });
    expect(await pass(of)).toEqual({ removed: 1, slices: 1 });
  });

  it("stay, and keep nobody waiting, while somebody is about to change them", async () => {
    await plant(of, "a", { busy: 8, old: 8 });
    const writer = new pg.Client(url);
    await writer.connect();
    try {
      await writer.query("BEGIN");
      await writer.query(
        `UPDATE ${TABLES[of].table} SET deleted = false, version = 11 WHERE key = 'busy'`,
      );
      expect(await pass(of)).toEqual({ removed: 1, slices: 1 });
      await writer.query("COMMIT");
    } finally {
      await writer.end();
    }
    expect(await pass(of)).toEqual({ removed: 0, slices: 1 });
    expect(await keysOf(of)).toEqual(["a/busy"]);
  });
});

describe("the floor", () => {
  it("of epochs and terms is not touched by it", async () => {
    await reserveFloor(database, { epoch: 4_096, term: 256 });
    await plant("entries", "a", { old: 8 });
    await pass("entries");
    expect(await readFloor(database)).toEqual({ epoch: 4_096, term: 256 });
    await reserveFloor(database, { epoch: 8_192, term: 512 });
    expect(await readTombstonesGoneUntil(database)).toBeDefined();
  });
});
