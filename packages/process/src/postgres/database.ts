/**
 * The door to PostgreSQL: the only file that knows the driver.
 *
 * It owns the pool, and turns every failure into a DatabaseError that says whether the statement
 * may have been executed. Three rules keep that answer true: a statement is sent once and never
 * repeated here; a connection that broke, timed out or surprised us is destroyed and never used
 * again; and each statement commits by itself, unless a session says otherwise.
 */
import { type Clock, type Logger, systemClock } from "@holdfast/core";
import pg from "pg";
import { DatabaseError } from "./database-error.js";
import { connectFailure, statementFailure } from "./failures.js";
import { quoteIdentifier } from "./identifiers.js";
import { leavesConnectionUsable } from "./sqlstate.js";

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Most connections open at once. Beyond it statements wait, up to `connectTimeoutMs`. */
  readonly maxConnections: number;
  /** Longest wait for a connection: a new one, or one that others use. */
  readonly connectTimeoutMs: number;
  /** The server ends a statement that runs longer. */
  readonly statementTimeoutMs: number;
  /** The server ends a statement that waits longer for one lock. */
  readonly lockTimeoutMs: number;
  /** What the server shows for these connections; a node's is `holdfast/<incarnation>`. */
  readonly applicationName: string;
  /** Where Holdfast's own tables are; `public` is searched after it. */
  readonly schema: string;
}

export interface Statement {
  /** Statements with a name are prepared once per connection. One name, one text. */
  readonly name?: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

export interface QueryOptions {
  /** Bounds everything, the wait for a connection included. Omitted: the timeouts above. */
  readonly timeoutMs?: number;
}

export interface QueryResult<Row> {
  readonly rows: Row[];
  readonly rowCount: number;
}

export interface Database {
  readonly schema: string;

  /**
   * Sends one statement, which commits by itself. `bigint` columns arrive as numbers, `bytea` as
   * Buffers.
   *
   * @throws {DatabaseError}
   */
  query<Row>(statement: Statement, options?: QueryOptions): Promise<QueryResult<Row>>;

  /**
   * A connection of its own, for work that needs more than one statement on it; `await using`
   * ends it. Then it is closed: no setting, lock or transaction outlives the session.
   *
   * @throws {DatabaseError}
   */
  openSession(): Promise<Session>;

  /** Waits for statements in hand, then closes every connection. May be called again. */
  close(): Promise<void>;
}

export interface Session extends AsyncDisposable {
  /** @throws {DatabaseError} */
  query<Row>(statement: Statement, options?: QueryOptions): Promise<QueryResult<Row>>;

  /** Runs one statement, never several, and returns its cells as the server wrote them. */
  textRows(text: string): Promise<readonly (readonly (string | null)[])[]>;
}

/** How much later than the server this side gives up, so that the server's definite answer wins. */
const ANSWER_MARGIN_MS = 1_000;
const KEEP_ALIVE_DELAY_MS = 10_000;

/** OID of `bigint`. Ours are versions and counts: safe integers by construction. */
const BIGINT_OID = 20;

type QueryConfig = pg.QueryConfig & { queryMode?: "extended"; rowMode?: "array" };

/** A pool that connects when it is first used. Nothing is sent before. */
export function openDatabase(
  options: DatabaseOptions,
  logger: Logger,
  clock: Clock = systemClock,
): Database {
  return new PostgresDatabase(options, logger, clock);
}

class PostgresDatabase implements Database {
  readonly schema: string;
  readonly #options: DatabaseOptions;
  readonly #clock: Clock;
  readonly #pool: pg.Pool;
  #closing: Promise<void> | undefined;

  constructor(options: DatabaseOptions, logger: Logger, clock: Clock) {
    this.schema = options.schema;
    this.#options = options;
    this.#clock = clock;
    this.#pool = createPool(options);
    // Without a listener, the end of an idle connection would end the process.
    this.#pool.on("error", (error) => {
      logger.warn({ reason: statementFailure(error).message }, "an idle database connection broke");
    });
  }

  async query<Row>(statement: Statement, options: QueryOptions = {}): Promise<QueryResult<Row>> {
    const { connectTimeoutMs, statementTimeoutMs } = this.#options;
    const startedAtMs = this.#clock.monotonic();
    const connection = await this.#connect(options.timeoutMs ?? connectTimeoutMs);
    const spentMs = this.#clock.monotonic() - startedAtMs;
    const timeoutMs =
      options.timeoutMs === undefined
        ? statementTimeoutMs + ANSWER_MARGIN_MS
        : Math.max(0, options.timeoutMs - spentMs);
    let usable = false;
    try {
      const result = await connection.run(toConfig(statement), timeoutMs);
      usable = true;
      return toResult(result);
    } catch (error) {
      const isRefusal = error instanceof DatabaseError && error.kind === "refused";
      const sqlstate = isRefusal ? error.sqlstate : undefined;
      usable = sqlstate !== undefined && leavesConnectionUsable(sqlstate);
      throw error;
    } finally {
      connection.release(usable);
    }
  }

  async openSession(): Promise<Session> {
    const connection = await this.#connect(this.#options.connectTimeoutMs);
    const patienceMs = this.#options.statementTimeoutMs + ANSWER_MARGIN_MS;
    return {
      query: async (statement, options) =>
        toResult(await connection.run(toConfig(statement), options?.timeoutMs ?? patienceMs)),
      textRows: async (text) => {
        // The extended protocol refuses a text that holds more than one statement.
        const config: QueryConfig = { text, queryMode: "extended", rowMode: "array" };
        const result = await connection.run({ ...config, types: RAW_TYPES }, patienceMs);
        // Raw types make every cell the server's own text.
        return result.rows as unknown as (string | null)[][];
      },
      [Symbol.asyncDispose]: async () => connection.release(false),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.end();
    return this.#closing;
  }

  async #connect(timeoutMs: number): Promise<Connection> {
    if (this.#closing !== undefined) {
      throw new DatabaseError("unavailable", "the database connections have been closed");
    }
    const pending = this.#pool.connect();
    const late = Symbol("late");
    const { promise, cancel } = timer(this.#clock, timeoutMs, late);
    try {
      const client = await Promise.race([pending, promise]);
      if (typeof client !== "symbol") return new Connection(client, this.#clock);
    } catch (error) {
      throw connectFailure(error, this.#options.url);
    } finally {
      cancel();
    }
    // Nobody waits for it any more; when it comes, it goes back for others.
    pending.then(
      (client) => client.release(),
      () => {},
    );
    const what = `no database connection within ${Math.round(timeoutMs)} ms`;
    throw new DatabaseError("unavailable", what);
  }
}

/** One connection that is lent out, until `release`. */
class Connection {
  readonly #client: pg.PoolClient;
  readonly #clock: Clock;

  constructor(client: pg.PoolClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
    // A break is reported to the statement in hand; unheard, the event would end the process.
    client.on("error", ignore);
  }

  async run(config: QueryConfig, timeoutMs: number): Promise<pg.QueryResult> {
    const late = Symbol("late");
    const { promise, cancel } = timer(this.#clock, timeoutMs, late);
    const answer = this.#client.query(config);
    // When time runs out, the answer's own failure comes later and has no other listener.
    answer.catch(ignore);
    try {
      const result = await Promise.race([answer, promise]);
      if (typeof result !== "symbol") return result;
    } catch (error) {
      throw statementFailure(error);
    } finally {
      cancel();
    }
    const what = `no answer from the database within ${Math.round(timeoutMs)} ms`;
    throw new DatabaseError("ambiguous", what);
  }

  /** Gives the connection back to the pool, or destroys it. */
  release(usable: boolean): void {
    this.#client.release(!usable);
    this.#client.removeListener("error", ignore);
  }
}

const ignore = () => {};

/** Every cell as the server wrote it. */
const RAW_TYPES = { getTypeParser: () => (text: string) => text } as pg.CustomTypesConfig;

const TYPES: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") =>
    oid === BIGINT_OID && format !== "binary"
      ? Number
      : pg.types.getTypeParser(oid, format as "text")) as pg.CustomTypesConfig["getTypeParser"],
};

function createPool(options: DatabaseOptions): pg.Pool {
  try {
    // Parsed here only for the error: the driver's message would repeat the URL and its password.
    checkUrl(options.url);
    return new pg.Pool({
      connectionString: options.url,
      max: options.maxConnections,
      connectionTimeoutMillis: options.connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
      application_name: options.applicationName,
      statement_timeout: options.statementTimeoutMs,
      lock_timeout: options.lockTimeoutMs,
      idle_in_transaction_session_timeout: options.statementTimeoutMs,
      options: sessionSettings(options.schema),
      types: TYPES,
    });
  } catch (error) {
    throw connectFailure(error, options.url);
  }
}

/**
 * What every connection needs whatever the server's or the role's defaults are: flushes rely on
 * each statement of a function seeing what was committed before it, and an answer on the commit
 * having reached the disk.
 */
function sessionSettings(schema: string): string {
  const searchPath = schema === "public" ? "public" : `${quoteIdentifier(schema)},public`;
  return (
    `-c search_path=${searchPath} -c synchronous_commit=on ` +
    "-c default_transaction_isolation=read\\ committed"
  );
}

function checkUrl(url: string): void {
  const { protocol } = new URL(url);
  if (protocol !== "postgres:" && protocol !== "postgresql:") throw new TypeError("protocol");
}

function toConfig({ name, text, values }: Statement): QueryConfig {
  const config: QueryConfig = { text, values: [...values] };
  return name === undefined ? config : { ...config, name };
}

function toResult<Row>(result: pg.QueryResult): QueryResult<Row> {
  // The caller names the shape of the rows that its own statement selects.
  return { rows: result.rows as Row[], rowCount: result.rowCount ?? 0 };
}

function timer<Value>(
  clock: Clock,
  delayMs: number,
  value: Value,
): { readonly promise: Promise<Value>; readonly cancel: () => void } {
  let cancel: () => void = ignore;
  const promise = new Promise<Value>((resolve) => {
    cancel = clock.after(delayMs, () => resolve(value));
  });
  return { promise, cancel };
}
