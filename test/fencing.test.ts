/**
 * Writers, fences and each other: what of a flush remains when several write at once, and when an
 * incarnation is fenced while it writes.
 */
import { randomUUID } from "node:crypto";
import { systemClock } from "@holdfast/core";
import { seededRandom, testSeed } from "@holdfast/core/testing";
import {
  applicationNameOf,
  type Database,
  DatabaseError,
  fence,
  registerIncarnation,
} from "@holdfast/process";
import { CODEC } from "@holdfast/proto";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createSource, type FlushRow, type Source } from "../packages/node/src/database/index.js";
import { eventually } from "./support/eventually.js";
import { openTestDatabase, TestPostgres } from "./support/postgres.js";

let postgres: TestPostgres;
let url: string;
let database: Database;
let entries: Source;
let table: Source;
const clients: pg.Client[] = [];

beforeAll(async () => {
  postgres = await TestPostgres.start();
});

beforeEach(async () => {
  url = await postgres.createDatabase();
  database = openTestDatabase(url, { maxConnections: 8 });
  await run("CREATE TABLE products (id integer PRIMARY KEY, name text)");
  const surroundings = { cache: "c", database, clock: systemClock };
  entries = createSource({ kind: "entries" }, surroundings);
  table = createSource(
    { kind: "table", table: "products", key: ["id"], columns: ["name"], separator: ":" },
    surroundings,
  );
  await table.prepare();
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.end();
  await database.close();
});

afterAll(() => postgres.stop());

function run(text: string, values: readonly unknown[] = []) {
  return database.query({ text, values });
}

/** A connection of somebody who can be slow, or stop, in the middle of a transaction. */
async function connect(applicationName: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: applicationName });
  client.on("error", () => {});
  await client.connect();
  clients.push(client);
  return client;
}

function row(id: number, version: number, name: string | undefined): FlushRow {
  const value = name === undefined ? undefined : Buffer.from(JSON.stringify({ name }));
  return { key: String(id), version, value, encoding: CODEC.json, expiresAtMs: undefined };
}

async function register(): Promise<string> {
  const incarnation = randomUUID();
  expect(await registerIncarnation(database, incarnation, "node-1")).toBe("live");
  return incarnation;
}

function isWaitingForLock(text: string): Promise<unknown> {
  const query =
    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 " +
    "AND datname = current_database()";
  return eventually(`${text} waits for a lock`, async () => {
    return (await run(query, [`%${text}%`])).rowCount === 1;
  });
}

const SOURCES = { entries: () => entries, table: () => table };

describe("registration", () => {
  it("may be repeated, and does not undo a fence", async () => {
    const incarnation = await register();
    expect(await registerIncarnation(database, incarnation, "node-1")).toBe("live");
    await fence(database, [incarnation]);
    expect(await registerIncarnation(database, incarnation, "node-1")).toBe("fenced");
  });

  it("comes too late for an incarnation that was fenced before it", async () => {
    const incarnation = randomUUID();
    await fence(database, [incarnation, incarnation]);
    expect(await registerIncarnation(database, incarnation, "node-1")).toBe("fenced");
  });
});

describe.each(Object.entries(SOURCES))("a fence, and flushes of %s", (_name, source) => {
  it("waits for a flush in flight, whose rows remain, and stops what comes later", async () => {
    const writer = await register();
    const slow = await connect("slow");
    await slow.query("BEGIN");
    await slow.query("SELECT * FROM holdfast_check_writer($1)", [writer]);
    await slow.query("INSERT INTO products VALUES (7, 'in flight')");
    let isFenced = false;
    const fencing = fence(database, [writer]).then(() => {
      isFenced = true;
    });
    await isWaitingForLock("holdfast_incarnations");
    expect(isFenced).toBe(false);
    await slow.query("COMMIT");
    await fencing;
    expect((await run("SELECT name FROM products")).rows).toEqual([{ name: "in flight" }]);
    expect(await source().flush(writer, [row(1, 10, "late")])).toEqual({ at: "fenced" });
  });

  it("stops a flush that was waiting for it", async () => {
    const writer = await register();
    const fencer = await connect("fencer");
    await fencer.query("BEGIN");
    await fencer.query("UPDATE holdfast_incarnations SET fenced = true WHERE incarnation = $1", [
      writer,
    ]);
    const flushing = source().flush(writer, [row(1, 10, "late")]);
    await isWaitingForLock("holdfast_flush_");
    await fencer.query("COMMIT");
    expect(await flushing).toEqual({ at: "fenced" });
    expect(await source().load(["1"])).toMatchObject([{ value: undefined, version: 0 }]);
  });

  it("leaves the flushes of others alone", async () => {
    const [fenced, other] = [await register(), await register()];
    await fence(database, [fenced]);
    expect(await source().flush(other, [row(1, 10, "a")])).toMatchObject({ at: "flushed" });
  });
});

describe("a fence, and a writer that has stopped with its locks held", () => {
  it("ends the writer's connections, and nothing of its transaction remains", async () => {
    const writer = await register();
    const stuck = await connect(applicationNameOf(writer));
    await stuck.query("BEGIN");
    await stuck.query(
      "SELECT * FROM holdfast_flush_entries($1, '{c}', '{a}', '{9}', '{a}', '{0}', '{NULL}', '{f}')",
      [writer],
    );
    await fence(database, [writer]);
    expect((await run("SELECT * FROM holdfast_entries")).rowCount).toBe(0);
    await expect(stuck.query("COMMIT")).rejects.toThrow();
    expect(await entries.flush(writer, [row(1, 10, "late")])).toEqual({ at: "fenced" });
  });

  it("says so when the locks belong to somebody whom it cannot end", async () => {
    const writer = await register();
    const stranger = await connect("somebody else");
    await stranger.query("BEGIN");
    await stranger.query("SELECT holdfast_check_writer($1)", [writer]);
    const failure = await fence(database, [writer]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DatabaseError);
    expect(failure).toMatchObject({ kind: "refused", sqlstate: "55P03", retryable: true });
    await stranger.query("COMMIT");
    await fence(database, [writer]);
  });
});

describe.each(Object.entries(SOURCES))("several writers of %s at once", (_name, source) => {
  it("leave each key with the highest of its versions, deletions included", async () => {
    const seed = testSeed();
    const random = seededRandom(seed);
    const writers = [await register(), await register(), await register(), await register()];
    const newest = new Map<number, FlushRow>();
    let version = 100;
    const batches = Array.from({ length: 80 }, () => {
      const rows = new Map<number, FlushRow>();
      for (let i = 0; i < 12; i++) {
        const id = Math.floor(random.next() * 20);
        const written = row(id, ++version, random.next() < 0.4 ? undefined : `v${version}`);
        rows.set(id, written);
      }
      for (const [id, written] of rows) newest.set(id, written);
      return [...rows.values()].sort(() => random.next() - 0.5);
    });
    // Some twice, all in any order: as retries and successors would.
    const sent = [...batches, ...batches.filter(() => random.next() < 0.3)]
      .map((batch) => ({ batch, at: random.next() }))
      .sort((a, b) => a.at - b.at);
    await Promise.all(
      writers.map(async (writer, lane) => {
        for (const [place, { batch }] of sent.entries()) {
          if (place % writers.length !== lane) continue;
          expect(await source().flush(writer, batch)).toMatchObject({ at: "flushed" });
        }
      }),
    );
    const ids = [...newest.keys()];
    const loaded = await source().load(ids.map(String));
    ids.forEach((id, place) => {
      const found = loaded[place];
      if (found === undefined || found instanceof Error) throw found;
      const value = found.value && JSON.parse(Buffer.from(found.value).toString());
      const expected = newest.get(id);
      const wanted = expected?.value && JSON.parse(Buffer.from(expected.value).toString());
      const where = `id ${id}, HOLDFAST_TEST_SEED=${seed}`;
      expect([found.version, value], where).toEqual([expected?.version, wanted]);
    });
  });
});

describe.each([
  ["entries", () => entries, "holdfast_entries"],
  ["table", () => table, "holdfast_versions"],
] as const)("a flush of %s", (_name, source, rows) => {
  it("takes its locks in the order of the keys, so that no two flushes wait for each other", async () => {
    const writer = await register();
    const batch = (version: number) => ["9", "5", "1"].map((id) => row(Number(id), version, "a"));
    await source().flush(writer, batch(10));
    const holder = await connect("holder");
    const lockOf = (id: string) =>
      `SELECT 1 FROM ${rows} WHERE key = '${id}' FOR UPDATE SKIP LOCKED`;
    await holder.query("BEGIN");
    expect((await holder.query(lockOf("5"))).rowCount).toBe(1);
    const flushing = source().flush(writer, batch(11));
    await isWaitingForLock("holdfast_flush_");
    // It has taken the first key, waits for the second, and has not touched the last.
    expect((await run(lockOf("1"))).rowCount).toBe(0);
    expect((await run(lockOf("9"))).rowCount).toBe(1);
    await holder.query("COMMIT");
    expect(await flushing).toMatchObject({ at: "flushed" });
  });
});

describe("updates of entries", () => {
  it("stay on their page: no index covers what every update changes", async () => {
    const { rows } = await run(`
      SELECT DISTINCT a.attname AS column
      FROM pg_index AS i JOIN pg_attribute AS a
        ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::smallint[])
      WHERE i.indrelid IN ('holdfast_entries'::regclass, 'holdfast_versions'::regclass)
      ORDER BY 1`);
    expect(rows).toEqual([{ column: "cache" }, { column: "key" }, { column: "source" }]);
  });
});
