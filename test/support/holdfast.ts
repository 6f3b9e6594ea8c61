/** The `holdfast` command as a person runs it: a process of its own, its two outputs kept apart. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { eventually } from "./eventually.js";

const PROGRAM = fileURLToPath(new URL("../../packages/cli/bin/holdfast.js", import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is running. */
export class Holdfast {
  readonly #child: ChildProcess;
  /** Resolves when the process has ended and everything it wrote has arrived. */
  readonly outcome: Promise<Outcome>;
  #stdout = "";
  #stderr = "";

  constructor(args: readonly string[]) {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.#child = child;
    this.outcome = new Promise((resolve) => {
      child.on("close", (code, signal) => {
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until its standard output or standard error matches. */
  async until(pattern: RegExp, timeoutMs = 60_000): Promise<void> {
    await eventually(
      `the command writes ${pattern}`,
      () => {
        if (pattern.test(this.#stdout) || pattern.test(this.#stderr)) return true;
        if (this.#child.exitCode === null && this.#child.signalCode === null) return false;
        throw new Error(`it has ended; it wrote: ${this.#stdout}${this.#stderr}`);
      },
      timeoutMs,
    );
  }
}

/** Runs one command to its end. */
export function holdfast(...args: readonly string[]): Promise<Outcome> {
  return new Holdfast(args).outcome;
}

/** What `holdfast up --json` tells when it serves. */
export interface UpLine {
  readonly seeds: readonly string[];
  readonly coordinators: readonly string[];
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly nodes: readonly { readonly nodeId: string; readonly pid: number }[];
}

/** Starts `holdfast up` on free ports and waits until it serves. */
export async function holdfastUp(
  ...args: readonly string[]
): Promise<{ readonly command: Holdfast; readonly line: UpLine }> {
  const command = new Holdfast(["up", "--json", "--port", "0", ...args]);
  await command.until(/^\{.*\}\n/m);
  const line = JSON.parse(command.stdout.split("\n").find((text) => text.startsWith("{")) ?? "");
  return { command, line: line as UpLine };
}

/** Whether a process of this number exists and has not ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
