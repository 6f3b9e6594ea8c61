/**
 * A real PostgreSQL for tests, without fsync. Each test file has a server of its own, and each test
 * that asks gets a database of its own: a copy of a template that has Holdfast's tables.
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalPostgres, startPostgres } from "@holdfast/cli";
import { silentLogger } from "@holdfast/core";
import { type Database, type DatabaseOptions, migrate, openDatabase } from "@holdfast/process";
import pg from "pg";

const TEMPLATE = "with_tables";

export class TestPostgres implements AsyncDisposable {
  #server: LocalPostgres;
  readonly #dataDir: string;
  #databases = 0;
  #template: Promise<void> | undefined;

  private constructor(server: LocalPostgres, dataDir: string) {
    this.#server = server;
    this.#dataDir = dataDir;
  }

  static async start(): Promise<TestPostgres> {
    const dataDir = await makeOpenFolder();
    try {
      return new TestPostgres(await startServer(dataDir), dataDir);
    } catch (error) {
      await rm(dataDir, { recursive: true, force: true });
      throw error;
    }
  }

  get port(): number {
    return this.#server.port;
  }

  /** Of the database that the server starts with, without Holdfast's tables. */
  get url(): string {
    return this.#server.url;
  }

  /** Makes a database and returns its URL. */
  async createDatabase(options: { readonly withTables: boolean } = { withTables: true }) {
    const name = `test_${++this.#databases}`;
    if (options.withTables) {
      this.#template ??= this.#createTemplate();
      await this.#template;
    }
    const template = options.withTables ? TEMPLATE : "template0";
    await this.#run(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    return this.urlOf(name);
  }

  urlOf(name: string): string {
    const url = new URL(this.#server.url);
    url.pathname = `/${name}`;
    return url.href;
  }

  /** Ends the server as a crash would. */
  kill(): Promise<void> {
    return this.#server.kill();
  }

  /** Starts it again on the same data and the same port. */
  async restart(): Promise<void> {
    const { port } = this.#server;
    await this.#server.stop();
    this.#server = await startServer(this.#dataDir, port);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #createTemplate(): Promise<void> {
    await this.#run(`CREATE DATABASE ${TEMPLATE} TEMPLATE template0`);
    const database = openTestDatabase(this.urlOf(TEMPLATE));
    try {
      await migrate(database);
    } finally {
      await database.close();
    }
  }

  async #run(text: string): Promise<void> {
    const client = new pg.Client({ connectionString: this.#server.url });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  }
}

/** Timeouts are generous where a test does not say otherwise. */
export function openTestDatabase(url: string, options: Partial<DatabaseOptions> = {}): Database {
  return openDatabase(
    {
      url,
      schema: "public",
      maxConnections: 5,
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 20_000,
      lockTimeoutMs: 20_000,
      applicationName: "holdfast-test",
      ...options,
    },
    silentLogger,
  );
}

/** As root the server runs as another user, who must be able to enter. */
async function makeOpenFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-test-postgres-"));
  await chmod(folder, 0o755);
  return folder;
}

function startServer(dataDir: string, port?: number): Promise<LocalPostgres> {
  const binDir = process.env.HOLDFAST_POSTGRES_BIN;
  return startPostgres({
    dataDir,
    binDir,
    durable: false,
    logger: silentLogger,
    ...(port === undefined ? {} : { port }),
  });
}
