/**
 * A real etcd for tests: one member on loopback ports, without fsync and with short elections, so
 * that it starts in a fraction of a second.
 *
 * It is detached from the terminal's signals but not from the test: when the test process exits,
 * however it does, the member is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureEtcd } from "../../scripts/servers.mjs";
import { eventually } from "./eventually.js";
import { freePort } from "./free-port.js";

const READY_TIMEOUT_MS = 20_000;
const START_ATTEMPTS = 5;
const KEPT_OUTPUT = 4_000;

export interface EtcdOptions {
  /** Default: a new temporary folder, removed by `stop()`. */
  readonly dataDir?: string;
  /** Default: any free port. */
  readonly port?: number;
}

export interface Etcd {
  readonly endpoint: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  /** SIGKILL; resolves when the process is gone. The data stay. */
  kill(): Promise<void>;
  /** Ends the process and removes the data, if the folder was made by `startEtcd`. */
  stop(): Promise<void>;
}

/** @throws {Error} with the end of etcd's output when it does not start. */
export async function startEtcd(options: EtcdOptions = {}): Promise<Etcd> {
  const binary = await ensureEtcd();
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(binary, options);
    } catch (error) {
      // Free ports may be taken before etcd gets to them.
      const mayPass = error instanceof Error && /address already in use/.test(error.message);
      if (!mayPass || attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function startOnce(binary: string, options: EtcdOptions): Promise<Etcd> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "holdfast-etcd-")));
  const port = options.port ?? (await freePort());
  const endpoint = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(binary, argumentsFor({ dataDir, endpoint, peer }), {
    stdio: ["ignore", "pipe", "pipe"],
    // etcd also reads ETCD_… variables, and complains of those that it does not know.
    env: { PATH: process.env.PATH ?? "", ETCD_UNSUPPORTED_ARCH: process.arch },
  });
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const killNow = () => void child.kill("SIGKILL");
  process.once("exit", killNow);
  const kill = async () => {
    killNow();
    await gone;
    process.removeListener("exit", killNow);
  };
  const stop = async () => {
    await kill();
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await isReady(child, port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, port, pid: child.pid ?? 0, dataDir, kill, stop };
}

function argumentsFor(etcd: { dataDir: string; endpoint: string; peer: string }): string[] {
  const { dataDir, endpoint, peer } = etcd;
  return [
    "--name=test",
    `--data-dir=${dataDir}`,
    `--listen-client-urls=${endpoint}`,
    `--advertise-client-urls=${endpoint}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=test=${peer}`,
    "--heartbeat-interval=50",
    "--election-timeout=500",
    "--unsafe-no-fsync",
  ];
}

/** It says that it is healthy once it has elected itself; whoever else has the port does not. */
async function isReady(child: ChildProcess, port: number): Promise<void> {
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  let failure: Error | undefined;
  child.once("error", (error) => {
    failure = error;
  });
  await eventually(
    "etcd accepts connections",
    () => {
      if (failure !== undefined || child.exitCode !== null) return true;
      return isHealthy(port);
    },
    READY_TIMEOUT_MS,
  );
  if (failure !== undefined || child.exitCode !== null) {
    throw new Error(`etcd did not start: ${output}`, { cause: failure });
  }
}

async function isHealthy(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/health`);
  return response.ok && (await response.text()).includes("true");
}
