/**
 * The database as the node as a whole uses it: opened and checked at the start, entered by each
 * incarnation before it may write, and the place where former owners are fenced off. A node without
 * a database serves cache-aside caches only; for it all of this is nothing.
 */
import type { ClusterConfig, Incarnation, Logger } from "@holdfast/core";
import {
  checkMeta,
  type Database,
  type DatabaseSettings,
  fence,
  migrate,
  pendingMigrations,
  registerIncarnation,
  writeMeta,
} from "@holdfast/process";
import { IncarnationDatabase } from "./incarnation-database.js";

export class NodeDatabase {
  readonly #database: IncarnationDatabase | undefined;
  readonly #nodeId: string;

  constructor(database: IncarnationDatabase | undefined, nodeId: string) {
    this.#database = database;
    this.#nodeId = nodeId;
  }

  /**
   * Opens the database, brings its tables up to date and enters the first incarnation.
   *
   * @throws {DatabaseError} when it cannot be reached or does not let the node in.
   * @throws {Error} when its schema belongs to another cluster.
   */
  static async open(
    settings: DatabaseSettings | undefined,
    cluster: ClusterConfig,
    identity: { readonly nodeId: string; readonly incarnation: Incarnation },
    logger: Logger,
  ): Promise<NodeDatabase> {
    const { nodeId, incarnation } = identity;
    if (settings === undefined) return new NodeDatabase(undefined, nodeId);
    const database = new IncarnationDatabase(incarnation, settings, logger);
    try {
      await bringUpToDate(database, settings.migrate);
      checkMeta(await writeMeta(database, cluster), cluster);
      const opened = new NodeDatabase(database, nodeId);
      await opened.#register(incarnation);
      return opened;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /** `undefined` where none is configured. */
  get database(): Database | undefined {
    return this.#database;
  }

  /** Goes on under a new incarnation. */
  async enter(incarnation: Incarnation): Promise<void> {
    this.#database?.becomeIncarnation(incarnation);
    await this.#register(incarnation);
  }

  /** Enters an incarnation again whose row the database has lost. */
  async restore(incarnation: Incarnation): Promise<void> {
    await this.#register(incarnation);
  }

  /** Makes sure that these incarnations write nothing any more. @throws {DatabaseError} */
  async fence(incarnations: readonly Incarnation[]): Promise<void> {
    if (this.#database !== undefined) await fence(this.#database, incarnations);
  }

  async close(): Promise<void> {
    await this.#database?.close();
  }

  async #register(incarnation: Incarnation): Promise<void> {
    if (this.#database === undefined) return;
    const state = await registerIncarnation(this.#database, incarnation, this.#nodeId);
    if (state === "fenced") throw new Error(`incarnation ${incarnation} has been fenced already`);
  }
}

async function bringUpToDate(database: Database, mayMigrate: boolean): Promise<void> {
  if (mayMigrate) {
    await migrate(database);
    return;
  }
  const pending = await pendingMigrations(database);
  if (pending.length === 0) return;
  throw new Error(
    `the database lacks ${pending.join(", ")}, and database.migrate is off: ` +
      "start one process with it on, under a role that may create tables",
  );
}
