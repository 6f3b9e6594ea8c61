/** What is particular to rows of the application's own tables: types, keys, columns, refusals. */
import { randomUUID } from "node:crypto";
import { CacheError, systemClock } from "@holdfast/core";
import {
  type Database,
  DatabaseError,
  fence,
  registerIncarnation,
  type SourceConfig,
} from "@holdfast/process";
import { CODEC } from "@holdfast/proto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createSource, type FlushRow, type Source } from "../packages/node/src/database/index.js";
import { openTestDatabase, TestPostgres } from "./support/postgres.js";

type TableConfig = Extract<SourceConfig, { readonly kind: "table" }>;

let postgres: TestPostgres;
let database: Database;
const writer = randomUUID();

beforeAll(async () => {
  postgres = await TestPostgres.start();
});

beforeEach(async () => {
  database = openTestDatabase(await postgres.createDatabase());
  await registerIncarnation(database, writer, "node-1");
});

afterEach(() => database.close());

afterAll(() => postgres.stop());

async function run(text: string, values: readonly unknown[] = []) {
  return (await database.query({ text, values })).rows;
}

function sourceOf(config: Partial<TableConfig>): Source {
  return createSource(
    {
      kind: "table",
      table: "products",
      key: ["id"],
      columns: undefined,
      separator: ":",
      ...config,
    },
    { cache: "products", database, clock: systemClock },
  );
}

const bytes = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

function row(key: string, version: number, document: unknown): FlushRow {
  const value = document === undefined ? undefined : bytes(document);
  return { key, version, value, encoding: CODEC.json, expiresAtMs: undefined };
}

async function documentOf(source: Source, key: string): Promise<unknown> {
  const [loaded] = await source.load([key]);
  if (loaded === undefined || loaded instanceof Error) throw loaded;
  expect(loaded.encoding).toBe(CODEC.json);
  return loaded.value && JSON.parse(Buffer.from(loaded.value).toString());
}

/** What `check` has against a write; `undefined` when it has nothing. */
function objection(source: Source, key: string, document: unknown): string | undefined {
  try {
    source.check(key, document === undefined ? undefined : bytes(document), CODEC.json);
    return undefined;
  } catch (error) {
    if (!(error instanceof CacheError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

describe("rows as documents", () => {
  it("keep every digit and type there and back", async () => {
    await run(`CREATE TABLE products (id bigint PRIMARY KEY, price numeric(20, 4), big bigint,
      at timestamptz, day date, tags text[], extra jsonb, flag boolean, raw bytea, ratio float8)`);
    const source = sourceOf({});
    const text =
      '{"id": 9223372036854775807, "price": 1234567890123456.7800, "big": 9007199254740993, ' +
      '"at": "2026-01-02T03:04:05.678901+00:00", "day": "2026-01-02", "tags": ["a", "b\\"c", null], ' +
      '"extra": {"deep": [1.50, {"ü": null}]}, "flag": true, "raw": "\\\\x00ff", "ratio": 0.1}';
    await source.prepare();
    const key = "9223372036854775807";
    source.check(key, bytes(text), CODEC.json);
    expect(await source.flush(writer, [row(key, 10, text)])).toMatchObject({ at: "flushed" });
    const [loaded] = await source.load([key]);
    if (loaded === undefined || loaded instanceof Error) throw loaded;
    const back = Buffer.from(loaded.value ?? []).toString();
    // The server compares, because JavaScript would lose the very digits that matter.
    const [same] = await run("SELECT $1::jsonb = $2::jsonb AS same, $1::text AS back", [
      back,
      text,
    ]);
    expect(same).toEqual({ same: true, back });
    expect(back).toContain("1234567890123456.7800");
  });

  it("have version 1 until Holdfast writes them, and are absent with version 0 where they are not", async () => {
    await run("CREATE TABLE products (id integer PRIMARY KEY, name text)");
    await run("INSERT INTO products VALUES (1, 'one')");
    const source = sourceOf({});
    expect(await source.load(["1", "2"])).toMatchObject([
      { version: 1 },
      { version: 0, value: undefined },
    ]);
    await source.flush(writer, [row("1", 2 ** 32, { name: "eins" })]);
    expect(await source.load(["1"])).toMatchObject([{ version: 2 ** 32 }]);
    expect(await documentOf(source, "1")).toEqual({ id: 1, name: "eins" });
  });

  it("that the application inserts again after a deletion are seen, with the tombstone's version", async () => {
    await run("CREATE TABLE products (id integer PRIMARY KEY, name text)");
    const source = sourceOf({});
    await source.flush(writer, [row("1", 10, undefined)]);
    await run("INSERT INTO products VALUES (1, 'back')");
    expect(await source.load(["1"])).toMatchObject([{ version: 10 }]);
    expect(await documentOf(source, "1")).toEqual({ id: 1, name: "back" });
  });

  it("share their versions between all caches on their table", async () => {
    await run("CREATE TABLE products (id integer PRIMARY KEY, name text, stock integer)");
    const names = sourceOf({ columns: ["name"] });
    const stocks = sourceOf({ columns: ["stock"] });
    await names.flush(writer, [row("1", 20, { name: "a" })]);
    expect(await stocks.flush(writer, [row("1", 19, { stock: 1 })])).toEqual({
      at: "flushed",
      rows: [{ at: "higher", version: 20 }],
    });
    await stocks.flush(writer, [row("1", 21, { stock: 2 })]);
    expect(await run("SELECT * FROM products")).toEqual([{ id: 1, name: "a", stock: 2 }]);
  });
});

describe("columns", () => {
  it("that are configured are read and written, no others", async () => {
    await run(`CREATE TABLE products (id integer PRIMARY KEY, name text, price numeric,
      secret text DEFAULT 'unseen')`);
    const source = sourceOf({ columns: ["name", "price"] });
    await source.flush(writer, [
      row("1", 10, { name: "a", price: 1.5 }),
      row("2", 11, { id: 2, name: "b" }),
    ]);
    await source.flush(writer, [row("1", 12, { name: "b" })]);
    expect(await run("SELECT * FROM products ORDER BY id")).toEqual([
      { id: 1, name: "b", price: null, secret: "unseen" },
      { id: 2, name: "b", price: null, secret: "unseen" },
    ]);
    expect(await documentOf(source, "2")).toEqual({ name: "b", price: null });
  });

  it("are those of each document where none are configured", async () => {
    await run(`CREATE TABLE products (id integer PRIMARY KEY, name text,
      stock integer NOT NULL DEFAULT 7)`);
    const source = sourceOf({});
    await source.flush(writer, [
      row("1", 10, { name: "a" }),
      row("2", 11, { stock: 2 }),
      row("3", 12, {}),
    ]);
    await source.flush(writer, [row("1", 13, { stock: 1 }), row("3", 14, { id: 3, name: "c" })]);
    expect(await run("SELECT * FROM products ORDER BY id")).toEqual([
      { id: 1, name: "a", stock: 1 },
      { id: 2, name: null, stock: 2 },
      { id: 3, name: "c", stock: 7 },
    ]);
  });

  it("that the database generates may be in a document, and are not written", async () => {
    await run(`CREATE TABLE products (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      net numeric, gross numeric GENERATED ALWAYS AS (net * 2) STORED)`);
    const source = sourceOf({});
    await source.prepare();
    await source.flush(writer, [row("5", 10, { net: 10 })]);
    const read = (await documentOf(source, "5")) as object;
    expect(read).toEqual({ id: 5, net: 10, gross: 20 });
    expect(objection(source, "5", { ...read, net: 11 })).toBeUndefined();
    await source.flush(writer, [row("5", 11, { ...read, net: 11 })]);
    expect(await documentOf(source, "5")).toEqual({ id: 5, net: 11, gross: 22 });
  });

  it("that are added later are known after the next load", async () => {
    await run("CREATE TABLE products (id integer PRIMARY KEY, name text)");
    let nowMs = 0;
    const clock = { ...systemClock, monotonic: () => nowMs };
    const source = createSource(
      { kind: "table", table: "products", key: ["id"], columns: undefined, separator: ":" },
      { cache: "c", database, clock },
    );
    await source.load(["1"]);
    await run("ALTER TABLE products ADD COLUMN colour text");
    nowMs += 60_000;
    expect(objection(source, "1", { colour: "red" })).toBe(
      'INVALID_ARGUMENT: table "products" has no column "colour"',
    );
    await source.load(["1"]);
    expect(objection(source, "1", { colour: "red" })).toBeUndefined();
    await source.flush(writer, [row("1", 10, { colour: "red" })]);
    expect(await documentOf(source, "1")).toEqual({ id: 1, name: null, colour: "red" });
  });
});

describe("keys", () => {
  it("that are wrong get an error each and do not disturb their neighbours", async () => {
    await run("CREATE TABLE products (id integer PRIMARY KEY, name text)");
    await run("INSERT INTO products VALUES (42, 'a'), (-1, 'b')");
    const source = sourceOf({});
    const loaded = await source.load(["42", "042", "x", "2147483648", "-1", "4 2", "-0", "+1"]);
    expect(loaded.map((one) => (one instanceof CacheError ? one.message : one.version))).toEqual([
      1,
      'the integer in the key must be written "42"',
      'key column "id" is an integer; the key is not',
      'key column "id" is an integer of 32 bits; the key is out of range',
      1,
      'key column "id" is an integer; the key is not',
      'the integer in the key must be written "0"',
      'key column "id" is an integer; the key is not',
    ]);
    expect(objection(source, "042", { name: "a" })).toBe(
      'INVALID_ARGUMENT: the integer in the key must be written "42"',
    );
    expect(objection(source, "42", undefined)).toBeUndefined();
  });

  it("of hostile text are only keys", async () => {
    await run("CREATE TABLE products (id text PRIMARY KEY, name text)");
    const source = sourceOf({});
    const hostile = [
      "'; DROP TABLE products; --",
      '","); DELETE FROM products; --',
      "{a,b}",
      "\\x41",
      "NULL",
      "$1",
      " ",
      "%I",
      '"quoted" \\ {"a":1}',
      "💥é\u{1d306}",
    ];
    const rows = hostile.map((key, place) => row(key, 10 + place, { name: key }));
    expect(await source.flush(writer, rows)).toMatchObject({ at: "flushed" });
    for (const key of hostile) {
      expect(await documentOf(source, key)).toEqual({ id: key, name: key });
    }
    expect(await run("SELECT count(*) AS n FROM products")).toEqual([{ n: hostile.length }]);
  });

  it("of several columns are their texts, in the configured order, and must fit", async () => {
    await run(`CREATE TABLE products (shop smallint, sku varchar(3), name text,
      PRIMARY KEY (shop, sku))`);
    const source = sourceOf({ key: ["shop", "sku"], separator: "/" });
    await source.flush(writer, [row("1/a", 10, { name: "x" }), row("1/", 11, { name: "empty" })]);
    expect(await documentOf(source, "1/")).toEqual({ shop: 1, sku: "", name: "empty" });
    const loaded = await source.load(["1", "1/a/b", "1/abcd", "1/a"]);
    expect(loaded.map((one) => (one instanceof CacheError ? one.message : one.version))).toEqual([
      "the key has 1 part(s); it reads shop/sku",
      "the key has 3 part(s); it reads shop/sku",
      'key column "sku" holds at most 3 characters',
      10,
    ]);
  });
});

describe("a document that the database would surely refuse", () => {
  it("is refused before it is acknowledged", async () => {
    await run(`CREATE TABLE products (id integer PRIMARY KEY, name text NOT NULL, note text)`);
    const source = sourceOf({});
    expect(objection(source, "1", { name: "a" })).toBe(
      "UNAVAILABLE: the cache's table has not been read yet; try again",
    );
    await source.prepare();
    const cases: [unknown, string | undefined][] = [
      [{ name: "a" }, undefined],
      [{ id: 1, name: "a" }, undefined],
      [{ id: "1", name: "a\\u0000" }, undefined],
      ["not json", "the value of a table's cache is a JSON object; this is not JSON"],
      ["[1]", "the value of a table's cache is a JSON object; this is another kind of JSON"],
      ["null", "the value of a table's cache is a JSON object; this is another kind of JSON"],
      [{ nmae: "a" }, 'table "products" has no column "nmae"'],
      [{ id: 2, name: "a" }, 'column "id" of the document does not agree with the key'],
      [{ name: null }, 'column "name" of table "products" needs a value'],
      [{ name: "a\0b" }, "a text in the document holds U+0000"],
      ['{"name": "\\ud800"}', "a text in the document holds a lone surrogate"],
      ['{"name": "\\uD83D\\uDCA5"}', undefined],
    ];
    for (const [document, message] of cases) {
      expect(objection(source, "1", document), JSON.stringify(document)).toBe(
        message && `INVALID_ARGUMENT: ${message}`,
      );
    }
    expect(() => source.check("1", Buffer.from([0x22, 0xff]), CODEC.json)).toThrow("not JSON");
    expect(() => source.check("1", bytes({ name: "a" }), CODEC.string)).toThrow(
      "the values of a table's cache are encoded as JSON",
    );
    // The node does not look into it: what it would find there might be a document.
    expect(() => source.check("1", bytes({ name: "a" }), 0x0100 | CODEC.json)).toThrowError(
      expect.objectContaining({ code: "COMPRESSION_REFUSED" }),
    );
  });

  it("is held against the configured columns where there are some", async () => {
    await run("CREATE TABLE products (id integer PRIMARY KEY, name text NOT NULL, note text)");
    const source = sourceOf({ columns: ["name"] });
    await source.prepare();
    expect(objection(source, "1", { id: 1, name: "a" })).toBeUndefined();
    expect(objection(source, "1", { id: 1 })).toBe(
      'INVALID_ARGUMENT: column "name" of table "products" needs a value',
    );
    expect(objection(source, "1", { name: "a", note: "b" })).toBe(
      'INVALID_ARGUMENT: column "note" is not among the columns that this cache writes',
    );
  });
});

describe("a batch that the database refuses", () => {
  it("writes nothing, neither rows nor versions, and names the fault", async () => {
    await run(`CREATE TABLE shops (id integer PRIMARY KEY)`);
    await run(`CREATE TABLE products (id integer PRIMARY KEY, sku text UNIQUE,
      shop integer REFERENCES shops, price integer CONSTRAINT positive CHECK (price > 0))`);
    await run("INSERT INTO products VALUES (9, 'taken')");
    const source = sourceOf({});
    const cases: [object, string][] = [
      [{ sku: "taken" }, "23505"],
      [{ shop: 1 }, "23503"],
      [{ price: -1 }, "23514"],
      [{ price: "much" }, "22P02"],
      [{ price: 1e12 }, "22003"],
    ];
    for (const [document, sqlstate] of cases) {
      const batch = [row("1", 10, { sku: "fine" }), row("2", 11, document)];
      const failure = await source.flush(writer, batch).catch((error: unknown) => error);
      expect(failure, sqlstate).toBeInstanceOf(DatabaseError);
      expect(failure).toMatchObject({ kind: "refused", sqlstate, retryable: false });
      expect(await source.load(["1", "2"])).toMatchObject([{ version: 0 }, { version: 0 }]);
    }
  });

  it("is worth trying again when the table is gone, because no row is at fault", async () => {
    await run("CREATE TABLE products (id integer PRIMARY KEY, name text)");
    const source = sourceOf({});
    await source.prepare();
    await run("ALTER TABLE products RENAME TO elsewhere");
    const batch = [row("1", 10, { name: "a" })];
    const failure = await source.flush(writer, batch).catch((error: unknown) => error);
    expect(failure).toMatchObject({ sqlstate: "42P01", fault: "setup", retryable: true });
    await run("ALTER TABLE elsewhere RENAME TO products");
    expect(await source.flush(writer, batch)).toMatchObject({ at: "flushed" });
  });

  it("leaves the refused row where an operator finds it", async () => {
    await run("CREATE TABLE products (id integer PRIMARY KEY, name text)");
    const source = sourceOf({});
    const problem = { sqlstate: "22P02", message: 'invalid input: "x"' };
    await source.deadLetter(
      writer,
      { ...row("1", 10, { name: "a" }), expiresAtMs: 1_234 },
      problem,
    );
    const [letter] = await run(`SELECT cache, convert_from(key, 'UTF8') AS key, version,
      convert_from(value, 'UTF8') AS value, encoding, deleted, sqlstate, message, incarnation,
      extract(epoch FROM expires_at)::text AS expires FROM holdfast_dead_letters`);
    expect(letter).toEqual({
      cache: "products",
      key: "1",
      version: 10,
      value: '{"name":"a"}',
      encoding: CODEC.json,
      deleted: false,
      incarnation: writer,
      expires: "1.234000",
      ...problem,
    });
    await fence(database, [writer]);
  });
});

describe("a table that is not what the configuration says", () => {
  it("is described in one line", async () => {
    await run(`CREATE TABLE products (id integer PRIMARY KEY, name text, price numeric UNIQUE,
      half text, UNIQUE (name, half))`);
    await run("CREATE VIEW seen AS SELECT * FROM products");
    await run("CREATE UNIQUE INDEX ON products (half) WHERE half <> ''");
    const cases: [Partial<TableConfig>, string][] = [
      [{ table: "nothing" }, 'there is no table "nothing" in the database'],
      [{ table: "seen" }, 'table "seen" is a view or something else that is not a table'],
      [{ key: ["uid"] }, 'table "products" has no column "uid"'],
      [{ columns: ["name", "nmae"] }, 'table "products" has no column "nmae"'],
      [{ key: ["name"] }, 'table "products" has no unique index on exactly (name)'],
      [{ key: ["half"] }, 'table "products" has no unique index on exactly (half)'],
      [
        { key: ["price"] },
        'table "products": key column "price" is of type numeric; key columns must be smallint, ' +
          "integer, bigint, uuid, or text or varchar with an exact collation",
      ],
      [
        { table: 'products"; DROP TABLE x' },
        '"products\\"; DROP TABLE x" is not a plain SQL identifier',
      ],
    ];
    for (const [config, message] of cases) {
      await expect(sourceOf(config).prepare()).rejects.toThrow(message);
    }
    await sourceOf({ key: ["half", "name"] }).prepare();
  });
});

describe("a query for keys", () => {
  beforeEach(() => run("CREATE TABLE products (id integer PRIMARY KEY, name text)"));

  async function keysOf(query: string, limit = 10_000): Promise<string[]> {
    const keys: string[] = [];
    for await (const chunk of sourceOf({}).keysOf(query, limit)) keys.push(...chunk);
    return keys;
  }

  it("comes in chunks, skips what is no key, and may end in a comment", async () => {
    const keys = await keysOf("SELECT i FROM generate_series(1, 2500) AS i ORDER BY i -- all");
    expect([keys.length, keys.at(0), keys.at(-1)]).toEqual([2_500, "1", "2500"]);
    expect(await keysOf("SELECT unnest(ARRAY['1', 'x', NULL, '02', '3'])")).toEqual(["1", "3"]);
  });

  it("cannot write, in whichever way it tries", async () => {
    const attempts = [
      "DELETE FROM products RETURNING id",
      "WITH d AS (INSERT INTO products VALUES (1) RETURNING id) SELECT id FROM d",
      "SELECT 1) AS q; INSERT INTO products VALUES (1); SELECT * FROM (SELECT 1",
      "SELECT 1; COMMIT; INSERT INTO products VALUES (1)",
      "SELECT set_config('transaction_read_only', 'off', true), lo_creat(-1)",
    ];
    for (const query of attempts) {
      await expect(keysOf(query), query).rejects.toBeInstanceOf(DatabaseError);
    }
    expect(await run("SELECT * FROM products")).toEqual([]);
  });
});
