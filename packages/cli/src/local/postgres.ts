/**
 * A real PostgreSQL server for a local cluster or a test: it makes the data on the first start,
 * runs the server as a process of its own, and stops it.
 *
 * The server listens on the loopback interface only, and asks for a random password that lies
 * beside its data, readable by its owner alone. It is detached, so a Ctrl-C in the terminal does
 * not reach it before those who still write to it; should whoever started it be killed, the next
 * start on the same data ends it first. PostgreSQL does not run as root: then it runs as `nobody`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, open, readFile, realpath, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, delay, type Logger, systemClock } from "@holdfast/core";
import { checkOwnFolder, exists, isReachableByOthers } from "./folders.js";
import { findPostgresBinaries, type PostgresBinaries } from "./postgres-binaries.js";
import {
  checkVersion,
  createCluster,
  DATABASE,
  PASSWORD_FILE,
  PROGRAM_ENV,
  USER,
} from "./postgres-cluster.js";
import { readPostmaster, starterFile, stopOrphan, stopProcess } from "./postmaster.js";

export interface PostgresOptions {
  /** Holds the data from one start to the next; made when missing. */
  readonly dataDir: string;
  /** Omitted: a free one. */
  readonly port?: number;
  readonly logger: Logger;
  /** A folder with `initdb` and `postgres`. Omitted: those of the npm package. */
  readonly binDir?: string | undefined;
  /** Off, a crash of the machine may corrupt the data: for tests. Default on. */
  readonly durable?: boolean;
  readonly clock?: Clock;
}

export interface LocalPostgres {
  /** With the password; for the processes that connect, not for logs. */
  readonly url: string;
  readonly pid: number;
  readonly port: number;
  /** Where the data really is: as root not always below `dataDir`. */
  readonly clusterDir: string;
  /** Resolves when the server has ended, whoever ended it. */
  readonly exited: Promise<void>;
  /** Lets statements be interrupted, writes everything down, ends. May be called again. */
  stop(): Promise<void>;
  /** Ends the server as a crash would. */
  kill(): Promise<void>;
}

/** Who runs the server when this process is root: `nobody`, everywhere that matters. */
const NOBODY = 65_534;

const READY_TIMEOUT_MS = 60_000;
const POLL_MS = 20;

/** A free port may be taken before the server gets to it; a killed server's memory lingers. */
const START_ATTEMPTS = 20;
const PASSING_FAILURE = /pre-existing shared memory block|Address already in use/;
const ATTEMPT_PAUSE_MS = 200;

/** Enough for a few nodes on a laptop. Statements, which hold values, are never logged. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "100",
  shared_buffers: "128MB",
  jit: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_parallel_workers_per_gather: "0",
  log_min_error_statement: "panic",
};

const UNSAFE_SETTINGS: Readonly<Record<string, string>> = {
  fsync: "off",
  full_page_writes: "off",
};

/** @throws {Error} with one line that says why the server did not start. */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const { logger, clock = systemClock, durable = true } = options;
  const asRoot = process.getuid?.() === 0;
  const runAs = asRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const binaries = await findPostgresBinaries({ binDir: options.binDir, forOtherUser: asRoot });
  const homeDir = await prepareHome(options.dataDir, asRoot, logger);
  const clusterDir = join(homeDir, "cluster");
  if (await exists(clusterDir)) {
    await checkVersion(clusterDir, binaries);
    await stopOrphan(clusterDir, clock, logger);
  } else {
    await createCluster({ binaries, homeDir, clusterDir, runAs, durable });
  }

  const settings = durable ? SETTINGS : { ...SETTINGS, ...UNSAFE_SETTINGS };
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await findFreePort());
    const launch = { binaries, homeDir, clusterDir, runAs, settings, port };
    const { child, exited } = await spawnServer(launch);
    const failure = await waitUntilReady(child, launch, clock);
    if (failure === undefined) return describeServer(child, exited, launch, clock);
    await exited;
    const mayPass = PASSING_FAILURE.test(failure) && !(options.port && /Address/.test(failure));
    if (!mayPass || attempt === START_ATTEMPTS) {
      throw new Error(`PostgreSQL did not start on port ${port}: ${failure}`);
    }
    await delay(clock, ATTEMPT_PAUSE_MS);
  }
}

interface Launch {
  readonly binaries: PostgresBinaries;
  readonly homeDir: string;
  readonly clusterDir: string;
  readonly runAs: { readonly uid?: number; readonly gid?: number };
  readonly settings: Readonly<Record<string, string>>;
  readonly port: number;
}

/** The folder of data and log. As root it may have to be elsewhere: see the header. */
async function prepareHome(dataDir: string, asRoot: boolean, logger: Logger): Promise<string> {
  if ((await mkdir(dataDir, { recursive: true })) !== undefined) await chmod(dataDir, 0o755);
  const path = await realpath(dataDir);
  if (!asRoot || (await isReachableByOthers(path))) return path;
  const name = createHash("sha256").update(path).digest("hex").slice(0, 16);
  const elsewhere = join(tmpdir(), `holdfast-data-${name}`);
  if ((await mkdir(elsewhere, { recursive: true })) !== undefined) await chmod(elsewhere, 0o755);
  await checkOwnFolder(elsewhere);
  logger.info(
    { dataDir: path, used: elsewhere },
    "PostgreSQL does not run as root and nobody else can enter the data folder; using another",
  );
  return elsewhere;
}

async function spawnServer(
  launch: Launch,
): Promise<{ readonly child: ChildProcess; readonly exited: Promise<void> }> {
  const { binaries, clusterDir, homeDir, port, runAs, settings } = launch;
  const flags = Object.entries({ ...settings, port: String(port) });
  const args = ["-D", clusterDir, ...flags.flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const starter = starterFile(clusterDir);
  await writeFile(starter, String(process.pid), { mode: 0o600 });
  const log = await open(join(homeDir, "server.log"), "w", 0o600);
  try {
    const child = spawn(binaries.postgres, args, {
      ...runAs,
      cwd: homeDir,
      env: PROGRAM_ENV,
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
    });
    const exited = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    return { child, exited };
  } finally {
    await log.close();
  }
}

/** Why the server did not become ready; `undefined` when it did. */
async function waitUntilReady(
  child: ChildProcess,
  { clusterDir, homeDir }: Launch,
  clock: Clock,
): Promise<string | undefined> {
  let problem: string | undefined;
  child.once("error", (error) => {
    problem = error.message;
  });
  const untilMs = clock.monotonic() + READY_TIMEOUT_MS;
  while (clock.monotonic() < untilMs) {
    if (problem !== undefined) return problem;
    if (child.exitCode !== null || child.signalCode !== null) return lastWords(homeDir);
    const postmaster = await readPostmaster(clusterDir);
    if (postmaster?.pid === child.pid && postmaster?.isReady) return undefined;
    await delay(clock, POLL_MS);
  }
  child.kill("SIGQUIT");
  return `it was not ready within ${READY_TIMEOUT_MS / 1_000} s`;
}

async function describeServer(
  child: ChildProcess,
  exited: Promise<void>,
  { clusterDir, port }: Launch,
  clock: Clock,
): Promise<LocalPostgres> {
  const pid = child.pid;
  if (pid === undefined) throw new Error("a running server has no process id");
  const password = await readFile(join(clusterDir, PASSWORD_FILE), "utf8");
  let stopping: Promise<void> | undefined;
  return {
    url: `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`,
    pid,
    port,
    clusterDir,
    exited,
    stop() {
      // Once it has ended, its process id may be another's.
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      stopping ??= hasEnded ? exited : stopProcess(pid, clock).then(() => exited);
      return stopping;
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** The line of the log that says why the server ended. */
async function lastWords(homeDir: string): Promise<string> {
  const log = await readFile(join(homeDir, "server.log"), "utf8").catch(() => "");
  const lines = log.trim().split("\n");
  const telling = lines.filter((line) => /could not bind|FATAL|PANIC|error/i.test(line));
  const line = telling[0] ?? lines.at(-1) ?? "";
  return line.replace(/^.*?(?:LOG|FATAL|PANIC|ERROR):\s*/, "") || "it ended without a word";
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
