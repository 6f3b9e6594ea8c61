import { inspect } from "node:util";
import type { ClusterConfig } from "@holdfast/core";
import {
  assignCacheIds,
  checkMeta,
  type Database,
  DatabaseError,
  type DatabaseOptions,
  migrate,
  pendingMigrations,
  readFloor,
  readMeta,
  reserveFloor,
  writeMeta,
} from "@holdfast/process";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "./support/eventually.js";
import { freePort } from "./support/free-port.js";
import { openTestDatabase, TestPostgres } from "./support/postgres.js";
import { TcpProxy } from "./support/tcp-proxy.js";

let postgres: TestPostgres;
const opened: Database[] = [];

beforeAll(async () => {
  postgres = await TestPostgres.start();
});

afterEach(async () => {
  for (const database of opened.splice(0)) await database.close();
});

afterAll(() => postgres.stop());

function open(url: string, options: Partial<DatabaseOptions> = {}): Database {
  const database = openTestDatabase(url, options);
  opened.push(database);
  return database;
}

function run<Row = unknown>(database: Database, text: string, values: readonly unknown[] = []) {
  return database.query<Row>({ text, values });
}

/** The error that a promise fails with. */
async function failureOf(promise: Promise<unknown>): Promise<DatabaseError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DatabaseError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

/** Waits until `count` statements that contain `text` are running. */
function areRunning(text: string, count = 1): Promise<true> {
  const observer = open(postgres.url);
  const query = "SELECT 1 FROM pg_stat_activity WHERE query LIKE $1 AND state = 'active'";
  return eventually(`${count} times ${text} is running`, async () => {
    const { rowCount } = await run(observer, query, [`${text}%`]);
    return rowCount === count || undefined;
  });
}

describe("Database", () => {
  it("returns bigint as numbers and bytea as Buffers", async () => {
    const { rows, rowCount } = await run(
      open(postgres.url),
      "SELECT 9007199254740991::bigint AS big, $1::bytea AS bytes, NULL AS nothing",
      [Buffer.from([0, 255])],
    );
    expect(rowCount).toBe(1);
    expect(rows).toEqual([{ big: 9007199254740991, bytes: Buffer.from([0, 255]), nothing: null }]);
  });

  it("says that a constraint refused a row, and quotes no value of the row", async () => {
    const database = open(await postgres.createDatabase({ withTables: false }));
    await run(database, "CREATE TABLE t (name text CONSTRAINT one_of_each UNIQUE)");
    await run(database, "INSERT INTO t VALUES ('s3cret')");
    const error = await failureOf(run(database, "INSERT INTO t VALUES ($1)", ["s3cret"]));
    expect(error).toMatchObject({ kind: "refused", sqlstate: "23505", retryable: false });
    expect(error.message).toBe(
      "the database refused the statement: unique constraint violated (SQLSTATE 23505), " +
        'constraint "one_of_each"',
    );
    const cast = await failureOf(run(database, "SELECT ($1::text)::integer", ["s3cret"]));
    expect(cast).toMatchObject({ kind: "refused", sqlstate: "22P02", retryable: false });
    expect(cast.serverMessage).toContain("s3cret");
    for (const shown of [error, cast]) {
      expect(inspect(shown) + JSON.stringify(shown)).not.toContain("s3cret");
    }
  });

  it("keeps the connection after a refused row", async () => {
    const database = open(postgres.url, { maxConnections: 1 });
    const pid = async () => (await run(database, "SELECT pg_backend_pid() AS pid")).rows;
    const before = await pid();
    await failureOf(run(database, "SELECT 1 / 0"));
    expect(await pid()).toEqual(before);
  });

  it("is refused, and may try again, when the server ends a statement for its time", async () => {
    const database = open(postgres.url, { statementTimeoutMs: 100 });
    const error = await failureOf(run(database, "SELECT pg_sleep(60)"));
    expect(error).toMatchObject({ kind: "refused", sqlstate: "57014", retryable: true });
  });

  it("is ambiguous when no answer comes in time, and uses another connection then", async () => {
    const database = open(postgres.url, { maxConnections: 1 });
    const slow = { text: "SELECT pg_sleep(60)", values: [] };
    const error = await failureOf(database.query(slow, { timeoutMs: 100 }));
    expect(error).toMatchObject({ kind: "ambiguous", retryable: true });
    expect(error.message).toMatch(/^no answer from the database within \d+ ms$/);
    expect((await run(database, "SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });

  it("is unavailable when every connection stays busy, and the waiting query is not sent", async () => {
    const database = open(postgres.url, { maxConnections: 1 });
    const first = run(database, "SELECT pg_sleep(1)");
    await areRunning("SELECT pg_sleep(1)");
    const second = database.query(
      { text: "CREATE TABLE must_not_exist ()", values: [] },
      { timeoutMs: 50 },
    );
    expect(await failureOf(second)).toMatchObject({
      kind: "unavailable",
      message: "no database connection within 50 ms",
    });
    await first;
    expect((await run(database, "SELECT to_regclass('must_not_exist') AS t")).rows).toEqual([
      { t: null },
    ]);
  });

  it("is ambiguous when the connection is ended under a statement, and recovers", async () => {
    const database = open(postgres.url, { maxConnections: 1, applicationName: "victim" });
    const failure = failureOf(run(database, "SELECT pg_sleep(61)"));
    await areRunning("SELECT pg_sleep(61)");
    await run(
      open(postgres.url),
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'",
    );
    expect(await failure).toMatchObject({ kind: "ambiguous", sqlstate: "57P01", retryable: true });
    expect((await run(database, "SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });

  it("survives the end of idle connections", async () => {
    const database = open(postgres.url, { maxConnections: 1, applicationName: "idler" });
    await run(database, "SELECT 1");
    const observer = open(postgres.url);
    const count = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'idler'";
    await run(observer, count.replace("1", "pg_terminate_backend(pid)"));
    await eventually("the idle connection has ended", async () => {
      return (await run(observer, count)).rowCount === 0;
    });
    // The end may be noticed only by this statement, which then may not be told from a sent one.
    const { rows } = await eventually("the pool connects again", () =>
      run(database, "SELECT 2 AS two"),
    );
    expect(rows).toEqual([{ two: 2 }]);
  });

  it("is ambiguous when the network swallows the answer, and unavailable when it lets nobody in", async () => {
    await using proxy = await TcpProxy.start({ targetPort: postgres.port });
    const url = postgres.url.replace(`:${postgres.port}/`, `:${proxy.port}/`);
    const database = open(url, { maxConnections: 1, connectTimeoutMs: 300 });
    await run(database, "SELECT 1");
    await proxy.setMode("blackhole");
    const swallowed = database.query({ text: "SELECT 1", values: [] }, { timeoutMs: 100 });
    expect(await failureOf(swallowed)).toMatchObject({ kind: "ambiguous" });
    expect(await failureOf(run(database, "SELECT 1"))).toMatchObject({ kind: "unavailable" });
    await proxy.setMode("pass");
    expect((await run(database, "SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });

  it("is ambiguous, then unavailable, then well, while the server crashes and returns", async () => {
    const database = open(postgres.url, { maxConnections: 2 });
    const failure = failureOf(run(database, "SELECT pg_sleep(62)"));
    await areRunning("SELECT pg_sleep(62)");
    await postgres.kill();
    expect(await failure).toMatchObject({ kind: "ambiguous" });
    expect(await failureOf(run(database, "SELECT 1"))).toMatchObject({
      kind: "unavailable",
      retryable: true,
    });
    await postgres.restart();
    const { rows } = await eventually("the pool connects again", () =>
      run(database, "SELECT 1 AS one"),
    );
    expect(rows).toEqual([{ one: 1 }]);
  });

  it("refuses to be used after it was closed", async () => {
    const database = open(postgres.url);
    await database.close();
    expect(await failureOf(run(database, "SELECT 1"))).toMatchObject({ kind: "unavailable" });
  });

  it("commits at once, and sees each commit, whatever the defaults of the database are", async () => {
    const url = await postgres.createDatabase({ withTables: false });
    const name = new URL(url).pathname.slice(1);
    const admin = open(postgres.url);
    await run(admin, `ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`);
    await run(admin, `ALTER DATABASE ${name} SET synchronous_commit = 'off'`);
    const { rows } = await run(
      open(url),
      "SELECT current_setting('transaction_isolation') AS isolation, " +
        "current_setting('synchronous_commit') AS commit",
    );
    expect(rows).toEqual([{ isolation: "read committed", commit: "on" }]);
  });
});

describe("Session", () => {
  it("leaves no setting and no transaction behind", async () => {
    const database = open(postgres.url, { maxConnections: 1 });
    {
      await using session = await database.openSession();
      await session.query({ text: "SET work_mem = '1MB'", values: [] });
      await session.query({ text: "BEGIN", values: [] });
      await session.query({ text: "CREATE TABLE never_committed ()", values: [] });
    }
    const { rows } = await run(
      database,
      "SELECT current_setting('work_mem') <> '1MB' AS fresh, to_regclass('never_committed') AS t",
    );
    expect(rows).toEqual([{ fresh: true, t: null }]);
  });

  it("runs a text only when it is a single statement", async () => {
    await using session = await open(postgres.url).openSession();
    expect(await session.textRows("SELECT 1, NULL, true")).toEqual([["1", null, "t"]]);
    const two = session.textRows("SELECT 1; SELECT 2");
    expect(await failureOf(two)).toMatchObject({ sqlstate: "42601" });
  });
});

describe("a database that cannot be connected to", () => {
  const messageOf = async (url: string) => {
    const error = await failureOf(run(open(url), "SELECT 1"));
    expect(error.kind).toBe("unavailable");
    expect(inspect(error)).not.toContain("s3cret");
    return [error.message, error.fault];
  };

  it("is named, with the reason, in one line without the password", async () => {
    const { port } = postgres;
    const right = new URL(postgres.url);
    const at = (change: (url: URL) => void) => {
      const url = new URL(right);
      change(url);
      return url.href;
    };
    expect(await messageOf(at((url) => (url.password = "s3cret")))).toEqual([
      `database "holdfast" at 127.0.0.1:${port}: password authentication failed for user "holdfast"`,
      "setup",
    ]);
    expect(await messageOf(at((url) => (url.password = "")))).toEqual([
      `database "holdfast" at 127.0.0.1:${port}: the server asks for a password and the URL has none`,
      "setup",
    ]);
    expect(await messageOf(at((url) => (url.pathname = "/nowhere")))).toEqual([
      `database "nowhere" at 127.0.0.1:${port}: database "nowhere" does not exist`,
      "setup",
    ]);
    expect(await messageOf(at((url) => (url.hostname = "nowhere.invalid")))).toEqual([
      `database "holdfast" at nowhere.invalid:${port}: the host name cannot be resolved (ENOTFOUND)`,
      "transient",
    ]);
    const closed = await freePort();
    expect(await messageOf(at((url) => (url.port = String(closed))))).toEqual([
      `database "holdfast" at 127.0.0.1:${closed}: connection refused (is the server running there?)`,
      "transient",
    ]);
  });

  it("is refused at once when its URL is none", () => {
    for (const url of ["postgres://u:s3cret@host:notaport/db", "http://u:s3cret@h/", "s3cret"]) {
      expect(() => openTestDatabase(url)).toThrow(
        "the database URL is not valid; it reads postgres://user:password@host:port/name",
      );
    }
  });
});

describe("migrate", () => {
  const TABLES = `
    SELECT relname AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE nspname = $1 AND relkind = 'r' ORDER BY relname`;

  it("makes every table once, however often and by however many it is run", async () => {
    const url = await postgres.createDatabase({ withTables: false });
    const databases = [1, 2, 3, 4].map(() => open(url));
    const [first] = databases;
    if (first === undefined) throw new Error("no database");
    expect(await pendingMigrations(first)).toEqual([
      "tables",
      "flush-entries",
      "flush-table",
      "cache-ids",
      "tombstones-gone",
    ]);
    const done = await Promise.all(databases.map((database) => migrate(database)));
    expect(done.flat()).toEqual([
      "tables",
      "flush-entries",
      "flush-table",
      "cache-ids",
      "tombstones-gone",
    ]);
    expect(await migrate(first)).toEqual([]);
    const { rows } = await run<{ name: string }>(first, TABLES, ["public"]);
    expect(rows.map(({ name }) => name)).toEqual([
      "holdfast_cache_ids",
      "holdfast_dead_letters",
      "holdfast_entries",
      "holdfast_floor",
      "holdfast_incarnations",
      "holdfast_meta",
      "holdfast_migrations",
      "holdfast_versions",
    ]);
  });

  it("makes a schema of its own where one is named, and two of them side by side", async () => {
    const url = await postgres.createDatabase({ withTables: false });
    for (const schema of ["east", "west"]) {
      const database = open(url, { schema });
      await migrate(database);
      await reserveFloor(database, { epoch: schema === "east" ? 1 : 2, term: 0 });
      expect((await run(database, TABLES, [schema])).rowCount).toBe(8);
    }
    expect(await readFloor(open(url, { schema: "east" }))).toEqual({ epoch: 1, term: 0 });
    expect((await run(open(url), TABLES, ["public"])).rowCount).toBe(0);
  });

  it("needs no right to create anything when nothing is pending", async () => {
    const url = new URL(await postgres.createDatabase());
    const name = url.pathname.slice(1);
    const admin = open(url.href);
    await run(admin, `CREATE ROLE worker_${name} LOGIN PASSWORD 'w'`);
    await run(admin, `GRANT SELECT ON holdfast_migrations TO worker_${name}`);
    url.username = `worker_${name}`;
    url.password = "w";
    expect(await migrate(open(url.href))).toEqual([]);
  });

  it("notices a migration whose text was edited after it ran", async () => {
    const database = open(await postgres.createDatabase());
    await run(database, "UPDATE holdfast_migrations SET sha256 = 'other' WHERE version = 2");
    await expect(migrate(database)).rejects.toThrow(
      'schema "public": migration 2 (flush-entries) ran with another text than this version of ' +
        "Holdfast has",
    );
  });
});

describe("what the database remembers of the cluster", () => {
  let database: Database;

  beforeEach(async () => {
    database = open(await postgres.createDatabase());
  });

  const config = (clusterId: string): ClusterConfig => ({
    clusterId,
    formatVersion: 1,
    partitions: 1024,
    hashAlgorithm: "murmur3-x86-32",
    hashSeed: 4_294_967_295,
  });

  it("is nothing at first, and afterwards what the first of several wrote", async () => {
    expect(await readMeta(database)).toBeUndefined();
    const stored = await Promise.all(["a", "b", "c"].map((id) => writeMeta(database, config(id))));
    const winner = await readMeta(database);
    expect(stored).toEqual([winner, winner, winner]);
    expect(winner).toEqual(config(winner?.clusterId ?? ""));
  });

  it("is compared with what a process expects, difference by difference", () => {
    expect(() => checkMeta(config("a"), config("a"))).not.toThrow();
    expect(() => checkMeta(config("a"), { ...config("b"), partitions: 64 })).toThrow(
      "the database schema belongs to another cluster: clusterId is a there and b here, " +
        "partitions is 1024 there and 64 here; give each cluster a schema of its own",
    );
  });

  it("is a floor that only rises, each number by itself", async () => {
    expect(await readFloor(database)).toEqual({ epoch: 0, term: 0 });
    expect(await reserveFloor(database, { epoch: 4096, term: 256 })).toEqual({
      epoch: 4096,
      term: 256,
    });
    expect(await reserveFloor(database, { epoch: 1, term: 512 })).toEqual({
      epoch: 4096,
      term: 512,
    });
    await Promise.all([5, 9, 7].map((n) => reserveFloor(database, { epoch: n * 1_000, term: n })));
    expect(await readFloor(database)).toEqual({ epoch: 9_000, term: 512 });
  });

  it("comes back when the floor's only row was lost", async () => {
    await run(database, "DELETE FROM holdfast_floor");
    expect(await readFloor(database)).toEqual({ epoch: 0, term: 0 });
    expect(await reserveFloor(database, { epoch: 3, term: 2 })).toEqual({ epoch: 3, term: 2 });
  });

  it("gives each name of a cache one id for ever, whoever asks in the same moment", async () => {
    const first = await assignCacheIds(database, ["a", "b"], new Map([["x", 10]]));
    expect([...first].toSorted()).toEqual([
      ["a", 11],
      ["b", 12],
    ]);
    const names = ["c", "d", "e", "f", "g", "h"];
    const answers = await Promise.all(
      names.map((name) => assignCacheIds(database, [name, "a"], new Map())),
    );
    const given = answers.map((ids, index) => ids.get(names[index] ?? ""));
    expect(new Set(given).size).toBe(names.length);
    expect(Math.min(...given.map(Number))).toBeGreaterThan(12);
    expect(answers.every((ids) => ids.get("a") === 11)).toBe(true);
    const later = await assignCacheIds(database, ["c", "x"], new Map([["y", 1_000]]));
    expect(later).toEqual(
      new Map([
        ["c", given[0]],
        ["x", 10],
      ]),
    );
  });
});
