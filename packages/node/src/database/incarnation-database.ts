/**
 * The node's database under the name of its present incarnation. Connections carry that name, so
 * that a successor can find and end those of a paused process; a new incarnation therefore gets
 * new connections, and the old ones close as they fall idle.
 */
import type { Incarnation, Logger } from "@holdfast/core";
import {
  applicationNameOf,
  type Database,
  type DatabaseOptions,
  openDatabase,
  type QueryOptions,
  type QueryResult,
  type Session,
  type Statement,
} from "@holdfast/process";

export class IncarnationDatabase implements Database {
  readonly #options: Omit<DatabaseOptions, "applicationName">;
  readonly #logger: Logger;
  readonly #closing = new Set<Promise<void>>();
  #current: Database;

  constructor(
    incarnation: Incarnation,
    options: Omit<DatabaseOptions, "applicationName">,
    logger: Logger,
  ) {
    this.#options = options;
    this.#logger = logger;
    this.#current = this.#open(incarnation);
  }

  get schema(): string {
    return this.#current.schema;
  }

  /** From now on statements go out under this incarnation's name. */
  becomeIncarnation(incarnation: Incarnation): void {
    const closing = this.#current.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    this.#current = this.#open(incarnation);
  }

  query<Row>(statement: Statement, options?: QueryOptions): Promise<QueryResult<Row>> {
    return this.#current.query<Row>(statement, options);
  }

  openSession(): Promise<Session> {
    return this.#current.openSession();
  }

  async close(): Promise<void> {
    await Promise.all([this.#current.close(), ...this.#closing]);
  }

  #open(incarnation: Incarnation): Database {
    const applicationName = applicationNameOf(incarnation);
    return openDatabase({ ...this.#options, applicationName }, this.#logger);
  }
}
