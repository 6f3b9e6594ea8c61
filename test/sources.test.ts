/** What every source must do, for each of them, against a real server. */
import { systemClock } from "@holdfast/core";
import { type Database, fence, registerIncarnation } from "@holdfast/process";
import { CODEC } from "@holdfast/proto";
import { afterAll, afterEach, beforeAll, describe } from "vitest";
import { createSource } from "../packages/node/src/database/index.js";
import { itKeepsTheSourceContract } from "../packages/node/src/database/source.contract.js";
import { openTestDatabase, TestPostgres } from "./support/postgres.js";

let postgres: TestPostgres;
let database: Database;

beforeAll(async () => {
  postgres = await TestPostgres.start();
});

afterEach(() => database.close());

afterAll(() => postgres.stop());

async function openFresh(): Promise<void> {
  database = openTestDatabase(await postgres.createDatabase());
}

const writers = {
  register: async (incarnation: string) => {
    await registerIncarnation(database, incarnation, "node-1");
  },
  fence: (incarnation: string) => fence(database, [incarnation]),
};

describe("source of entries", () => {
  itKeepsTheSourceContract(async () => {
    await openFresh();
    return {
      source: createSource({ kind: "entries" }, { cache: "c", database, clock: systemClock }),
      encoding: CODEC.bytes,
      ...writers,
      key: (number) => `kéy ${number}`,
      keySql: (number) => `'kéy ${number}'`,
      value: (_number, seed) => Buffer.from(seed),
      meaning: (value) => value && Buffer.from(value).toString(),
    };
  });
});

const TABLES = {
  integer: {
    columns: "id integer PRIMARY KEY",
    key: ["id"],
    keyOf: (n: number) => `${n - 2}`,
    keySql: (n: number) => `${n - 2}::bigint`,
  },
  text: {
    columns: "id text PRIMARY KEY",
    key: ["id"],
    keyOf: (n: number) => `kéy ${n}`,
    keySql: (n: number) => `'kéy ${n}'`,
  },
  uuid: {
    columns: "id uuid PRIMARY KEY",
    key: ["id"],
    keyOf: (n: number) => `0000000a-0000-4000-8000-00000000000${n}`,
    keySql: (n: number) => `'0000000A-0000-4000-8000-00000000000${n}'::uuid`,
  },
  "two columns": {
    columns: "shop integer, sku varchar(20), PRIMARY KEY (shop, sku)",
    key: ["sku", "shop"],
    keyOf: (n: number) => `sku${n}:${n}`,
    keySql: (n: number) => `'sku${n}', ${n}`,
  },
};

describe.each(Object.entries(TABLES))("source of a table with a key of %s", (_name, table) => {
  itKeepsTheSourceContract(async () => {
    await openFresh();
    const text = `CREATE TABLE products (${table.columns}, name text)`;
    await database.query({ text, values: [] });
    const source = createSource(
      { kind: "table", table: "products", key: table.key, columns: ["name"], separator: ":" },
      { cache: "c", database, clock: systemClock },
    );
    return {
      source,
      encoding: CODEC.json,
      ...writers,
      key: table.keyOf,
      keySql: table.keySql,
      value: (_number, seed) => Buffer.from(JSON.stringify({ name: seed })),
      meaning: (value) => value && JSON.parse(Buffer.from(value).toString()),
    };
  });
});
