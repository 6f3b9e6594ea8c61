/**
 * One child process of the local cluster: a Node program that tells over IPC when it is ready,
 * ends in order when it is told to drain or when this process is gone, and writes its log to a file.
 *
 * A child leads a process group of its own, so Ctrl-C on the terminal does not reach it: it is this
 * process that decides in which order the children end. What to start, and what an exit means, is
 * the local cluster's matter.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import type { Clock } from "@holdfast/core";
import { CliError } from "../cli-error.js";

export interface LocalProcessOptions {
  /** For messages. */
  readonly name: string;
  /** The file that the child runs. */
  readonly entry: string;
  /** Of Node.js and V8. Default: none. */
  readonly flags?: readonly string[];
  /** The child's whole environment: nothing of this process' own is handed down. */
  readonly environment: Readonly<Record<string, string>>;
  /** Gets what the child writes to its standard output and standard error, behind what is there. */
  readonly logFile: string;
  /** Longest time until the child is ready. After it the child is killed. */
  readonly readyTimeoutMs: number;
  readonly clock: Clock;
  /** Every message but the one that says ready. */
  readonly onMessage?: (message: ChildMessage) => void;
}

export interface ChildMessage {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface ProcessExit {
  /** Absent when a signal ended the process. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

export class LocalProcess {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process is gone, however that came. Never rejects. */
  readonly exit: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  readonly #log: { readonly file: string; readonly startsAt: number };
  #ready: ChildMessage = { type: "ready" };

  private constructor(
    options: LocalProcessOptions,
    child: ChildProcess,
    pid: number,
    logStart: number,
  ) {
    this.name = options.name;
    this.pid = pid;
    this.#log = { file: options.logFile, startsAt: logStart };
    this.#child = child;
    this.#clock = options.clock;
    this.exit = new Promise((resolve) => {
      child.on("exit", (code, signal) => {
        resolve({ code: code ?? undefined, signal: signal ?? undefined });
      });
    });
  }

  /**
   * Starts the child and waits until it is ready.
   *
   * @throws {CliError} that says why, the child being gone by then.
   */
  static async start(options: LocalProcessOptions): Promise<LocalProcess> {
    const { child, logStart } = spawnChild(options);
    const pid = child.pid;
    if (pid === undefined) {
      const error = await new Promise<Error>((resolve) => child.once("error", resolve));
      throw new CliError(`cannot start ${options.name}: ${error.message}`);
    }
    // Sending to a child that is just exiting fails asynchronously; its exit says all there is.
    child.on("error", () => {});
    const started = new LocalProcess(options, child, pid, logStart);
    started.#ready = await started.#whenReady(options);
    return started;
  }

  /** What the child told when it was ready. */
  get ready(): ChildMessage {
    return this.#ready;
  }

  /** What the child said last in plain text, beside the JSON lines of its log. */
  lastWords(): string {
    const { file, startsAt } = this.#log;
    const lines = readFileSync(file).subarray(startsAt).toString("utf8").trimEnd().split("\n");
    const plain = lines.filter((line) => line.trim() !== "" && !line.startsWith("{"));
    if (plain.length > 0) return plain.join("\n");
    return lines.at(-1) || "it said nothing";
  }

  /** Asks the child to end in order. A child that has not after `timeoutMs` is killed. */
  async drain(timeoutMs: number): Promise<ProcessExit> {
    if (this.#child.connected) this.#child.send({ type: "drain" }, () => {});
    else this.kill("SIGTERM");
    const cancelTimer = this.#clock.after(timeoutMs, () => this.kill("SIGKILL"));
    try {
      return await this.exit;
    } finally {
      cancelTimer();
    }
  }

  /** Harmless when the child is gone already. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Tells the child something. Lost when the child is just exiting. */
  send(message: ChildMessage): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  async #whenReady(options: LocalProcessOptions): Promise<ChildMessage> {
    const { clock, name, readyTimeoutMs } = options;
    const ready = new Promise<ChildMessage>((resolve) => {
      this.#child.on("message", (message) => {
        if (!isChildMessage(message)) return;
        if (message.type === "ready") resolve(message);
        else options.onMessage?.(message);
      });
    });
    let cancelTimer = () => {};
    const tooLate = new Promise<undefined>((resolve) => {
      cancelTimer = clock.after(readyTimeoutMs, () => resolve(undefined));
    });
    const first = await Promise.race([ready, this.exit, tooLate]);
    cancelTimer();
    if (first !== undefined && "type" in first) return first;
    if (first === undefined) this.kill("SIGKILL");
    const { code, signal } = await this.exit;
    const what =
      first === undefined
        ? `was not ready within ${readyTimeoutMs} ms`
        : `ended while it started (${signal ?? `exit code ${code}`})`;
    throw new CliError(`${name} ${what}: ${this.lastWords()}`);
  }
}

interface Spawned {
  readonly child: ChildProcess;
  /** Where in the log this run begins, in bytes. */
  readonly logStart: number;
}

function spawnChild(options: LocalProcessOptions): Spawned {
  const log = openSync(options.logFile, "a", 0o600);
  try {
    const logStart = fstatSync(log).size;
    const child = spawn(process.execPath, [...(options.flags ?? []), options.entry], {
      detached: true,
      env: { ...options.environment },
      stdio: ["ignore", log, log, "ipc"],
    });
    return { child, logStart };
  } finally {
    closeSync(log);
  }
}

function isChildMessage(message: unknown): message is ChildMessage {
  return (
    typeof message === "object" &&
    message !== null &&
    "type" in message &&
    typeof message.type === "string"
  );
}
