/**
 * The processes of a local cluster that nodes stand on: registry, database, coordinators. They are
 * started before any node and stopped after the last.
 *
 * None of them is started again when it ends by itself: a registry or database that comes back
 * empty would be another cluster, so that is said aloud and left to a person.
 */
import { type Clock, type Logger, silentLogger } from "@holdfast/core";
import { openDatabase } from "@holdfast/process";
import { type ProcessRun, reportExit } from "../rpc/operations.js";
import {
  type Backends,
  coordinatorChild,
  postgresChild,
  registryChild,
  type Surroundings,
  textField,
} from "./children.js";
import { LocalProcess, type LocalProcessOptions } from "./local-process.js";

export interface SupportOptions {
  readonly coordinators: number;
  readonly partitions: number;
  readonly leaseTtl: string;
  /** Existing registry to use instead of an embedded one. */
  readonly etcdEndpoints: readonly string[] | undefined;
  /** Existing database to use instead of an embedded one. */
  readonly postgresUrl: string | undefined;
  readonly postgresBinDir: string;
}

const REPORT_TIMEOUT_MS = 2_000;
const STOP_TIMEOUT_MS = 15_000;
const DATABASE_TIMEOUT_MS = 5_000;

export class Support {
  readonly #surroundings: Surroundings;
  readonly #options: SupportOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #coordinators: LocalProcess[] = [];
  #backends: Backends = { etcdEndpoints: [], databaseUrl: "" };
  #postgres: LocalProcess | undefined;
  #registry: LocalProcess | undefined;
  #isStopping = false;

  constructor(surroundings: Surroundings, options: SupportOptions, logger: Logger) {
    this.#surroundings = surroundings;
    this.#options = options;
    this.#clock = surroundings.clock;
    this.#logger = logger;
  }

  get backends(): Backends {
    return this.#backends;
  }

  /** `host:port` of every coordinator's services. */
  get coordinatorAddresses(): readonly string[] {
    return this.#coordinators.map(({ ready }) => textField(ready, "address"));
  }

  /** After a failure `stop()` ends what has been started. */
  async start(): Promise<void> {
    const { coordinators, etcdEndpoints, postgresUrl } = this.#options;
    if (postgresUrl !== undefined) await checkDatabase(postgresUrl);
    await allSettledOrThrow([
      postgresUrl === undefined ? this.#startPostgres() : undefined,
      etcdEndpoints === undefined ? this.#startRegistry() : undefined,
    ]);
    this.#backends = {
      databaseUrl: postgresUrl ?? textField(this.#postgres?.ready ?? {}, "url"),
      etcdEndpoints: etcdEndpoints ?? [
        `http://${textField(this.#registry?.ready ?? {}, "address")}`,
      ],
    };
    await allSettledOrThrow(
      Array.from({ length: coordinators }, (_, index) => this.#startCoordinator(index + 1)),
    );
  }

  /** In order: coordinators, registry, database. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#coordinators.map((child) => child.drain(STOP_TIMEOUT_MS)));
    await this.#registry?.drain(STOP_TIMEOUT_MS);
    await this.#postgres?.drain(STOP_TIMEOUT_MS);
  }

  /** Proves to the leading coordinator that this run of a node is over. Never rejects. */
  async reportDeath(run: ProcessRun): Promise<void> {
    const targets = this.coordinatorAddresses.map((address) => ({
      address,
      timeoutMs: REPORT_TIMEOUT_MS,
      clock: this.#clock,
    }));
    try {
      await reportExit(targets, run);
    } catch (error) {
      this.#logger.warn(
        { nodeId: run.nodeId, err: error },
        `no coordinator took the report that ${run.nodeId} is dead; its lease will tell`,
      );
    }
  }

  /** If this process is killed, the database outlives these: they are draining into it. */
  outlive(pids: readonly number[]): void {
    this.#postgres?.send({ type: "outlive", pids });
  }

  async #startPostgres(): Promise<void> {
    const binDir = this.#options.postgresBinDir;
    this.#postgres = await this.#launch(postgresChild(this.#surroundings, { binDir }));
  }

  async #startRegistry(): Promise<void> {
    this.#registry = await this.#launch(registryChild(this.#surroundings));
  }

  async #startCoordinator(number: number): Promise<void> {
    const { leaseTtl, partitions } = this.#options;
    const name = `coordinator-${number}`;
    const options = { name, partitions, leaseTtl };
    this.#coordinators.push(
      await this.#launch(coordinatorChild(this.#surroundings, this.#backends, options)),
    );
  }

  async #launch(options: LocalProcessOptions): Promise<LocalProcess> {
    const child = await LocalProcess.start(options);
    void child.exit.then(({ code, signal }) => {
      if (this.#isStopping) return;
      this.#logger.error(
        { process: child.name, pid: child.pid, code, signal },
        `${child.name} ended by itself (${signal ?? `exit code ${code}`}); the cluster needs it, ` +
          "and it is not started again",
      );
    });
    return child;
  }
}

/**
 * The processes wait for a database that does not answer, as they must when it restarts. A person
 * who has just mistyped its URL should not have to.
 *
 * @throws {DatabaseError} that says what is wrong.
 */
async function checkDatabase(url: string): Promise<void> {
  const database = openDatabase(
    {
      url,
      maxConnections: 1,
      connectTimeoutMs: DATABASE_TIMEOUT_MS,
      statementTimeoutMs: DATABASE_TIMEOUT_MS,
      lockTimeoutMs: DATABASE_TIMEOUT_MS,
      applicationName: "holdfast-launcher",
      schema: "public",
    },
    silentLogger,
  );
  try {
    await database.query({ text: "SELECT 1", values: [] });
  } finally {
    await database.close();
  }
}

/** Waits for all of them, so that none is still starting when a failure is thrown. */
export async function allSettledOrThrow(
  work: readonly (Promise<unknown> | undefined)[],
): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}
