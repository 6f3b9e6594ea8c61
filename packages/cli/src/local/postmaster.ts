/**
 * What a PostgreSQL server says of itself in the file `postmaster.pid` of its data, and how to end
 * a server that an earlier start left behind.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { platform } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Clock, delay, type Logger } from "@holdfast/core";

export interface Postmaster {
  readonly pid: number;
  /** Whether it accepts connections. */
  readonly isReady: boolean;
}

const POLL_MS = 20;

/** How long each signal has to take effect, the politest first. */
const STOP_SIGNALS = [
  { signal: "SIGINT", waitMs: 15_000 },
  { signal: "SIGQUIT", waitMs: 5_000 },
  { signal: "SIGKILL", waitMs: 5_000 },
] as const;

/** Lines of the file, from 0: the pid is the first, the state the eighth. */
const STATE_LINE = 7;

/** `undefined` when there is no such file, or it is being written. */
export async function readPostmaster(clusterDir: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(clusterDir, "postmaster.pid"), "utf8").catch(() => "");
  const lines = text.split("\n").map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, isReady: lines[STATE_LINE] === "ready" };
}

/**
 * Ends a server that still runs on this data although whoever started it is gone.
 *
 * @throws {Error} when the server belongs to a local cluster that runs.
 */
export async function stopOrphan(clusterDir: string, clock: Clock, logger: Logger): Promise<void> {
  const postmaster = await readPostmaster(clusterDir);
  if (postmaster === undefined) return;
  const { pid } = postmaster;
  const found = await describeProcess(pid);
  // After a crash the file stays, and its pid may have become somebody else's.
  if (found === undefined || !found.command.includes(clusterDir)) return;
  const starter = await readFile(starterFile(clusterDir), "utf8").catch(() => "");
  if (starter !== "" && Number(starter) === found.parentPid) {
    throw new Error(`${clusterDir} is in use by another local cluster (process ${starter})`);
  }
  logger.info({ pid }, "stopping the PostgreSQL server that an earlier start left behind");
  await stopProcess(pid, clock);
}

/** Holds the pid of the process whose child the server is; a child's parent changes when it dies. */
export function starterFile(clusterDir: string): string {
  return join(clusterDir, "holdfast.starter");
}

/** Ends a server, more firmly each time it does not listen. */
export async function stopProcess(pid: number, clock: Clock): Promise<void> {
  for (const { signal, waitMs } of STOP_SIGNALS) {
    if (!send(pid, signal)) return;
    const untilMs = clock.monotonic() + waitMs;
    while (clock.monotonic() < untilMs) {
      if (!send(pid, 0)) return;
      await delay(clock, POLL_MS);
    }
  }
  throw new Error(`the PostgreSQL server with process id ${pid} does not end`);
}

/** Whether the process was there to receive it. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

interface ProcessDescription {
  readonly parentPid: number;
  readonly command: string;
}

async function describeProcess(pid: number): Promise<ProcessDescription | undefined> {
  try {
    if (platform() !== "linux") return await askPs(pid);
    // Slim containers have no ps.
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8");
    const parentPid = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]);
    return { parentPid, command: command.replaceAll("\0", " ") };
  } catch {
    return undefined;
  }
}

async function askPs(pid: number): Promise<ProcessDescription | undefined> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "ppid=,command=", "-p", String(pid)]);
  const match = /^\s*(\d+)\s+(.*)$/m.exec(stdout);
  return match === null ? undefined : { parentPid: Number(match[1]), command: match[2] ?? "" };
}
