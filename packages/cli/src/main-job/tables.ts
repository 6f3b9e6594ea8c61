/**
 * The shop's tables: how they are created, what a product's row holds at first, and how a row is
 * written as a value. The first content is the same arithmetic in SQL and here, so that the final
 * comparison knows every row without having read it before.
 *
 * Each written table belongs to one cache, because caches keep no order among each other.
 */

/** Columns of a row but for its key, by name. */
export type Row = Readonly<Record<string, string | number>>;

export interface Table {
  readonly name: string;
  readonly key: string;
  /** The columns besides the key. */
  readonly columns: readonly string[];
  readonly create: string;
  /** Fills in the rows from id `$1` to id `$2`. */
  readonly fill: string;
  /** What the row of a product holds until somebody writes it. */
  readonly first: (id: number) => Row;
}

const FILLER = "It has been on sale for years, and people come back for it. ";
const DESCRIPTION_CHARACTERS = 120;

/** Products as customers see them. Read through the cache; changed by the application itself. */
export const PRODUCTS: Table = {
  name: "products",
  key: "id",
  columns: ["name", "description", "revision"],
  create: `CREATE TABLE products (
    id bigint PRIMARY KEY, name text NOT NULL, description text NOT NULL, revision bigint NOT NULL)`,
  fill: `INSERT INTO products
    SELECT id, 'Product ' || id, rpad('Product ' || id || '. ', ${DESCRIPTION_CHARACTERS}, '${FILLER}'), 0
    FROM generate_series($1::bigint, $2::bigint) AS id`,
  first: (id) => ({
    name: `Product ${id}`,
    description: `Product ${id}. `.padEnd(DESCRIPTION_CHARACTERS, FILLER),
    revision: 0,
  }),
};

/** Written through the cache, the database first. */
export const PRICES: Table = {
  name: "product_prices",
  key: "product_id",
  columns: ["price_cents", "revision"],
  create: `CREATE TABLE product_prices (
    product_id bigint PRIMARY KEY, price_cents bigint NOT NULL, revision bigint NOT NULL)`,
  fill: `INSERT INTO product_prices SELECT id, 100 + (id * 7919) % 100000, 0
    FROM generate_series($1::bigint, $2::bigint) AS id`,
  first: (id) => ({ price_cents: 100 + ((id * 7919) % 100_000), revision: 0 }),
};

/** Written behind: acknowledged first, then carried to the database in batches. */
export const STOCK: Table = {
  name: "product_stock",
  key: "product_id",
  columns: ["quantity", "revision"],
  create: `CREATE TABLE product_stock (
    product_id bigint PRIMARY KEY, quantity bigint NOT NULL, revision bigint NOT NULL)`,
  fill: `INSERT INTO product_stock SELECT id, (id * 31) % 1000, 0
    FROM generate_series($1::bigint, $2::bigint) AS id`,
  first: (id) => ({ quantity: (id * 31) % 1_000, revision: 0 }),
};

/** Those that have a row for every product. */
export const PRODUCT_TABLES: readonly Table[] = [PRODUCTS, PRICES, STOCK];

/**
 * A product that everybody asks for in the same moment. Nothing else reads this table, so
 * PostgreSQL's own statistics tell how often it was read.
 */
export const LAUNCHES_TABLE = "product_launches";

export const LAUNCHES_SETUP: readonly string[] = [
  `CREATE TABLE ${LAUNCHES_TABLE} (id bigint PRIMARY KEY, name text NOT NULL)`,
  `INSERT INTO ${LAUNCHES_TABLE} VALUES (1, 'The one that everybody waits for')`,
];
