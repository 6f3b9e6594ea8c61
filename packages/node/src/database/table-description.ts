/**
 * What a `table` source must know about its table before it may use it, read from the catalog:
 * where it is, which columns it has, and that its key columns can name a row each.
 */
import { type Database, quoteIdentifier } from "@holdfast/process";
import { SourceMismatchError } from "./source.js";

/** Types whose values have one text form each, so that a row cannot have two cache keys. */
const KEY_TYPES = ["int2", "int4", "int8", "text", "uuid", "varchar"] as const;
export type KeyType = (typeof KEY_TYPES)[number];

interface Column {
  readonly name: string;
  /** The catalog's name of its type, e.g. `int4`. */
  readonly type: string;
  /** Longest text, in characters, of a `varchar(n)`. */
  readonly maxLength: number | undefined;
  readonly isNullable: boolean;
  /** Whether it can be written; generated columns cannot. */
  readonly isWritable: boolean;
}

export interface KeyColumn extends Column {
  readonly type: KeyType;
}

export interface TableDescription {
  readonly schema: string;
  readonly table: string;
  readonly columns: ReadonlyMap<string, Column>;
  /** In the order of the configuration. */
  readonly key: readonly KeyColumn[];
}

export interface TableConfig {
  readonly table: string;
  readonly key: readonly string[];
  readonly columns: readonly string[] | undefined;
}

const TABLE_SQL = `
SELECT n.nspname AS schema, c.relname AS table, c.relkind IN ('r', 'p') AS "isTable",
  EXISTS (
    SELECT FROM pg_index AS i
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = cardinality($2::text[])
      AND (
        SELECT bool_and(a.attname = ANY ($2::text[]))
        FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place)
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum
        WHERE k.place <= i.indnkeyatts
      )
  ) AS "isUnique"
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass($1)`;

const COLUMNS_SQL = `
SELECT a.attname AS name, t.typname AS type, NOT a.attnotnull AS "isNullable",
  CASE WHEN t.typname = 'varchar' AND a.atttypmod > 4 THEN a.atttypmod - 4 END AS "maxLength",
  a.attgenerated = '' AND a.attidentity <> 'a' AS "isWritable",
  coalesce(l.collisdeterministic, true) AS "isExact"
FROM pg_attribute AS a
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`;

interface TableRow {
  readonly schema: string;
  readonly table: string;
  readonly isTable: boolean;
  readonly isUnique: boolean;
}

interface ColumnRow extends Omit<Column, "maxLength"> {
  readonly maxLength: number | null;
  /** Whether texts that the column calls equal are the same bytes. */
  readonly isExact: boolean;
}

/**
 * @throws {DatabaseError}
 * @throws {SourceMismatchError} when the table is not what the configuration says.
 */
export async function describeTable(
  database: Database,
  config: TableConfig,
): Promise<TableDescription> {
  const name = quoteIdentifier(config.table);
  const { rows: tables } = await database.query<TableRow>({
    text: TABLE_SQL,
    values: [name, config.key],
  });
  const { rows: columns } = await database.query<ColumnRow>({ text: COLUMNS_SQL, values: [name] });
  const found = tables[0];
  if (found === undefined)
    throw new SourceMismatchError(`there is no table "${config.table}" in the database`);
  const table = `table "${config.table}"`;
  if (!found.isTable)
    throw new SourceMismatchError(`${table} is a view or something else that is not a table`);
  const byName = new Map(
    columns.map((row) => [row.name, { ...row, maxLength: row.maxLength ?? undefined }]),
  );
  for (const column of [...config.key, ...(config.columns ?? [])]) {
    if (!byName.has(column)) throw new SourceMismatchError(`${table} has no column "${column}"`);
  }
  const key = config.key.map((column) => {
    const described = byName.get(column);
    if (described !== undefined && isKeyColumn(described) && described.isExact) return described;
    throw new SourceMismatchError(
      `${table}: key column "${column}" is of type ${described?.type}; key columns must be ` +
        "smallint, integer, bigint, uuid, or text or varchar with an exact collation",
    );
  });
  if (!found.isUnique) {
    throw new SourceMismatchError(
      `${table} has no unique index on exactly (${config.key.join(", ")})`,
    );
  }
  return { schema: found.schema, table: found.table, columns: byName, key };
}

function isKeyColumn<Described extends Column>(column: Described): column is Described & KeyColumn {
  return (KEY_TYPES as readonly string[]).includes(column.type);
}
