/**
 * The source `table`: rows of an existing table of the application, as JSON documents.
 *
 * The table itself carries no versions; they lie in holdfast_versions, written by the same
 * statement as the rows. A row that only the application ever wrote counts as version 1. What the
 * table is like is read from the catalog, and again when a document or the database contradicts it.
 */
import { createHash } from "node:crypto";
import { CacheError, type Clock, UNVERSIONED_ROW } from "@holdfast/core";
import {
  type Database,
  DatabaseError,
  type QueryResult,
  quoteIdentifier,
  readTombstonesGoneUntil,
  type Statement,
} from "@holdfast/process";
import { CODEC, compressionOf } from "@holdfast/proto";
import { isDeadLetter } from "./dead-letter-lookup.js";
import { parkDeadLetter } from "./dead-letters.js";
import { checkDocument } from "./document.js";
import { checkKeysDiffer, type FlushAnswer, readFlushAnswer } from "./flush-statement.js";
import type { FlushResult, FlushRow, LoadedRow, NotLive, RowFacts, Source } from "./source.js";
import { describeTable, type TableConfig, type TableDescription } from "./table-description.js";
import { joinKey, splitKey } from "./table-keys.js";
import { warmKeys } from "./warm-query.js";

export interface TableSourceConfig extends TableConfig {
  readonly separator: string;
}

/** A description that was contradicted is read again, but not more often than this. */
const REFRESH_INTERVAL_MS = 10_000;

const FLUSH: Query = {
  name: "holdfast-flush-table",
  text: "SELECT * FROM holdfast_flush_table($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
};

const INSPECT_SQL = `
SELECT v.deleted, (extract(epoch FROM v.updated_at) * 1000)::bigint AS "updatedAtMs"
FROM holdfast_versions AS v WHERE v.source = $1 AND v.key = $2`;

type Query = Omit<Statement, "values">;

interface DocumentRow {
  /** The key's place among those asked for, from 1. */
  readonly ordinal: number;
  readonly version: number | null;
  readonly document: string | null;
}

interface Described {
  readonly table: TableDescription;
  readonly load: Query;
  readonly atMs: number;
}

export class TableSource implements Source {
  readonly #config: TableSourceConfig;
  readonly #cache: string;
  readonly #database: Database;
  readonly #clock: Clock;
  #described: Described | undefined;
  #describing: Promise<Described> | undefined;
  #isContradicted = false;

  constructor(config: TableSourceConfig, cache: string, database: Database, clock: Clock) {
    this.#config = config;
    this.#cache = cache;
    this.#database = database;
    this.#clock = clock;
  }

  async prepare(): Promise<void> {
    await this.#describe();
  }

  async load(keys: readonly string[]): Promise<(LoadedRow | CacheError)[]> {
    const { table, load } = await this.#describe();
    const loaded: (LoadedRow | CacheError)[] = [];
    const asked: { readonly place: number; readonly parts: readonly string[] }[] = [];
    keys.forEach((key, place) => {
      const parts = this.#trySplit(key, table);
      loaded.push(parts instanceof CacheError ? parts : toLoaded(null, null));
      if (!(parts instanceof CacheError)) asked.push({ place, parts });
    });
    if (asked.length === 0) return loaded;
    const { rows } = await this.#ask<DocumentRow>(load, [
      sourceName(table),
      asked.map(({ place }) => Buffer.from(keys[place] ?? "")),
      ...table.key.map((_, column) => asked.map(({ parts }) => parts[column])),
    ]);
    for (const { ordinal, version, document } of rows) {
      const place = asked[ordinal - 1]?.place;
      if (place !== undefined) loaded[place] = toLoaded(version, document);
    }
    return loaded;
  }

  async flush(incarnation: string, rows: readonly FlushRow[]): Promise<FlushResult> {
    if (rows.length === 0) return { at: "flushed", rows: [] };
    checkKeysDiffer(rows);
    const { table } = await this.#describe();
    const { rows: answer } = await this.#ask<FlushAnswer>(FLUSH, [
      incarnation,
      sourceName(table),
      table.schema,
      table.table,
      table.key.map(({ name }) => name),
      this.#config.columns,
      rows.map(({ key }) => Buffer.from(key)),
      rows.map(({ key }) => this.#keyObject(key, table)),
      rows.map(({ version }) => version),
      rows.map(({ value }) => (value === undefined ? undefined : toText(value))),
    ]);
    return readFlushAnswer(rows, answer);
  }

  check(key: string, value: Uint8Array | undefined, encoding: number): void {
    const table = this.#described?.table;
    if (table === undefined) {
      throw new CacheError("UNAVAILABLE", "the cache's table has not been read yet; try again");
    }
    const keyParts = splitKey(key, table.key, this.#config.separator);
    if (value === undefined) return;
    if (compressionOf(encoding) !== 0) {
      throw new CacheError(
        "COMPRESSION_REFUSED",
        "rows are made of the values of this cache, so it takes them uncompressed",
      );
    }
    if (encoding !== CODEC.json) {
      throw new CacheError("INVALID_ARGUMENT", "the values of a table's cache are encoded as JSON");
    }
    try {
      checkDocument(value, { description: table, columns: this.#config.columns, keyParts });
    } catch (error) {
      // Perhaps the table has changed since; the next load looks again.
      this.#isContradicted = true;
      throw error;
    }
  }

  async *keysOf(query: string, limit: number): AsyncIterable<readonly string[]> {
    const { table } = await this.#describe();
    const toKey = (row: readonly (string | null)[]) =>
      joinKey(row, table.key, this.#config.separator);
    yield* warmKeys(this.#database, { query, limit, toKey });
  }

  async inspect(key: string): Promise<RowFacts> {
    const [row] = await this.load([key]);
    if (row instanceof CacheError) throw row;
    const { table } = await this.#describe();
    const { rows } = await this.#database.query<{
      readonly deleted: boolean;
      readonly updatedAtMs: number;
    }>({
      name: "holdfast-inspect-version",
      text: INSPECT_SQL,
      values: [sourceName(table), Buffer.from(key)],
    });
    const isThere = row?.value !== undefined;
    return {
      state: isThere ? "present" : rows[0]?.deleted === true ? "tombstone" : "absent",
      version: row?.version ?? 0,
      expiresAtMs: undefined,
      updatedAtMs: rows[0]?.updatedAtMs,
    };
  }

  tombstonesGoneUntil(): Promise<number | undefined> {
    return readTombstonesGoneUntil(this.#database);
  }

  deadLetter(
    incarnation: string,
    row: FlushRow,
    problem: { readonly sqlstate: string; readonly message: string },
  ): Promise<{ readonly at: "parked" } | NotLive> {
    return parkDeadLetter(this.#database, { incarnation, cache: this.#cache, row, problem });
  }

  isDeadLetter(key: string, version: number): Promise<boolean> {
    return isDeadLetter(this.#database, { cache: this.#cache, key, version });
  }

  /** What is known of the table; concurrent callers share one look at the catalog. */
  async #describe(): Promise<Described> {
    const known = this.#described;
    const ageMs = this.#clock.monotonic() - (known?.atMs ?? 0);
    const isStale = this.#isContradicted && ageMs >= REFRESH_INTERVAL_MS;
    if (known !== undefined && !isStale) return known;
    this.#describing ??= this.#readCatalog().finally(() => {
      this.#describing = undefined;
    });
    return this.#describing;
  }

  async #readCatalog(): Promise<Described> {
    this.#isContradicted = false;
    const table = await describeTable(this.#database, this.#config);
    const load = buildLoad(table, this.#config.columns);
    this.#described = { table, load, atMs: this.#clock.monotonic() };
    return this.#described;
  }

  async #ask<Row>(query: Query, values: readonly unknown[]): Promise<QueryResult<Row>> {
    try {
      return await this.#database.query<Row>({ ...query, values });
    } catch (error) {
      if (error instanceof DatabaseError && error.fault === "setup") this.#isContradicted = true;
      throw error;
    }
  }

  #trySplit(key: string, table: TableDescription): readonly string[] | CacheError {
    try {
      return splitKey(key, table.key, this.#config.separator);
    } catch (error) {
      if (error instanceof CacheError) return error;
      throw error;
    }
  }

  /** The key columns of a row as a JSON object of texts. */
  #keyObject(key: string, table: TableDescription): string {
    const parts = splitKey(key, table.key, this.#config.separator);
    return JSON.stringify(
      Object.fromEntries(table.key.map(({ name }, place) => [name, parts[place]])),
    );
  }
}

/** Two caches on one table share its versions, however each of them names it. */
function sourceName({ schema, table }: TableDescription): string {
  return `${schema}.${table}`;
}

function toText(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("utf8");
}

function toLoaded(version: number | null, document: string | null): LoadedRow {
  if (document === null) {
    return {
      value: undefined,
      encoding: CODEC.json,
      version: version ?? 0,
      expiresAtMs: undefined,
    };
  }
  return {
    value: Buffer.from(document),
    encoding: CODEC.json,
    version: version ?? UNVERSIONED_ROW,
    expiresAtMs: undefined,
  };
}

/** Parameters: the source's name, the keys, and one array for each key column. */
function buildLoad(table: TableDescription, columns: readonly string[] | undefined): Query {
  const names = table.key.map((_, place) => `k${place}`);
  const arrays = table.key.map(({ type }, place) => `$${place + 3}::${type}[]`);
  const matches = table.key.map(({ name }, place) => `t.${quoteIdentifier(name)} = r.k${place}`);
  const picked = (columns ?? []).map((name) => `t.${quoteIdentifier(name)}`);
  const document =
    columns === undefined ? "to_jsonb(t)" : `(SELECT to_jsonb(c) FROM (SELECT ${picked}) AS c)`;
  const text = `
SELECT r.ordinal::integer, v.version, d.document
FROM unnest($2::bytea[], ${arrays}) WITH ORDINALITY AS r (key, ${names}, ordinal)
LEFT JOIN holdfast_versions AS v ON v.source = $1 AND v.key = r.key
LEFT JOIN LATERAL (
  SELECT ${document}::text AS document
  FROM ${quoteIdentifier(table.schema)}.${quoteIdentifier(table.table)} AS t
  WHERE ${matches.join(" AND ")}
) AS d ON true
WHERE v.version IS NOT NULL OR d.document IS NOT NULL`;
  // Prepared once per connection, under a name that no other text has.
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return { name: `holdfast-load-${hash}`, text };
}
