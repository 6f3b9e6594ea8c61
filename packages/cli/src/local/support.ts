/**
 * The processes of a local cluster that nodes stand on: registry, database, coordinators. They are
 * started before any node and stopped after the last.
 *
 * A coordinator that ends by itself is started again: it holds nothing. Registry and database are
 * not: one that comes back empty would be another cluster, so that is said aloud and left to a person.
 */
import { type Clock, delay, type Logger, retry, silentLogger } from "@holdfast/core";
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
import { LocalProcess } from "./local-process.js";

export interface SupportOptions {
  readonly coordinators: number;
  readonly partitions: number;
  readonly backups: number;
  readonly leaseTtl: string;
  /** Existing registry to use instead of an embedded one. */
  readonly etcdEndpoints: readonly string[] | undefined;
  /** Existing database to use instead of an embedded one. */
  readonly postgresUrl: string | undefined;
  readonly postgresBinDir: string;
}

export interface RunningCoordinator {
  readonly name: string;
  readonly pid: number;
  /** `host:port` of its services. */
  readonly address: string;
}

const REPORT_TIMEOUT_MS = 2_000;
/** A leader that is gone is replaced when its lease has run out: after 5 s, by default. */
const REPORT = { forMs: 10_000, pauseMs: 250 };
const STOP_TIMEOUT_MS = 15_000;
/** Before a coordinator that ended by itself is started again. */
const RESTART_MS = 500;
const DATABASE_TIMEOUT_MS = 5_000;

export class Support {
  readonly #surroundings: Surroundings;
  readonly #options: SupportOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #coordinators = new Map<string, LocalProcess>();
  readonly #restarting = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  #backends: Backends = { etcdEndpoints: [], databaseUrl: "" };
  #postgres: LocalProcess | undefined;
  #registry: LocalProcess | undefined;

  constructor(surroundings: Surroundings, options: SupportOptions, logger: Logger) {
    this.#surroundings = surroundings;
    this.#options = options;
    this.#clock = surroundings.clock;
    this.#logger = logger;
  }

  get backends(): Backends {
    return this.#backends;
  }

  /** The latest run of each coordinator. */
  get coordinators(): readonly RunningCoordinator[] {
    return [...this.#coordinators.values()].map(({ name, pid, ready }) => ({
      name,
      pid,
      address: textField(ready, "address"),
    }));
  }

  /** `host:port` of every coordinator's services. */
  get coordinatorAddresses(): readonly string[] {
    return this.coordinators.map(({ address }) => address);
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
    this.#stopping.abort(new Error("stopping"));
    await Promise.all(this.#restarting);
    const coordinators = [...this.#coordinators.values()];
    await Promise.all(coordinators.map((child) => child.drain(STOP_TIMEOUT_MS)));
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
    const { signal } = this.#stopping;
    try {
      await retry(() => reportExit(targets, run), { ...REPORT, clock: this.#clock, signal });
    } catch (error) {
      if (signal.aborted) return;
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
    const child = await LocalProcess.start(postgresChild(this.#surroundings, { binDir }));
    this.#postgres = child;
    this.#onUnexpectedExit(child, "the cluster needs it, and it is not started again");
  }

  async #startRegistry(): Promise<void> {
    const child = await LocalProcess.start(registryChild(this.#surroundings));
    this.#registry = child;
    this.#onUnexpectedExit(child, "the cluster needs it, and it is not started again");
  }

  async #startCoordinator(number: number): Promise<void> {
    const { leaseTtl, partitions, backups } = this.#options;
    const name = `coordinator-${number}`;
    const options = { name, partitions, backups, leaseTtl };
    const child = await LocalProcess.start(
      coordinatorChild(this.#surroundings, this.#backends, options),
    );
    this.#coordinators.set(name, child);
    this.#onUnexpectedExit(child, "it is started again", () => {
      const restarting = this.#restart(name, number).finally(() => {
        this.#restarting.delete(restarting);
      });
      this.#restarting.add(restarting);
    });
  }

  /** Tries until it runs, or until everything is to stop. */
  async #restart(name: string, number: number): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await delay(this.#clock, RESTART_MS, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#startCoordinator(number);
        this.#logger.warn({ process: name }, `${name} runs again`);
        return;
      } catch (error) {
        this.#logger.error({ process: name, err: error }, `${name} did not start again`);
      }
    }
  }

  #onUnexpectedExit(child: LocalProcess, consequence: string, then: () => void = () => {}): void {
    void child.exit.then(({ code, signal }) => {
      if (this.#stopping.signal.aborted) return;
      this.#logger.error(
        { process: child.name, pid: child.pid, code, signal },
        `${child.name} ended by itself (${signal ?? `exit code ${code}`}); ${consequence}`,
      );
      then();
    });
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
