/**
 * The life of a server process from its first line to its exit code. Every `main.ts` is one call of
 * `runProcess`.
 *
 *   starting ──ready──▶ running ──SIGTERM, SIGINT, drain, done, fatal──▶ stopping ──▶ exit
 *
 * Exit codes: 0 after an orderly stop, 1 when the start or the stop failed, a part failed for good
 * or a second signal cut the stop short, 70 after a failure that nobody caught.
 */
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { ConfigError } from "../config/config-error.js";
import { createLogger, type ProcessLogger } from "./logging.js";
import { ParentLink } from "./parent-link.js";

export interface RunningProcess extends AsyncDisposable {
  /** What the launcher learns: addresses, for instance. */
  readonly readyInfo: object;
  /** Where the rest of the process's life is logged. Default: a logger of its own. */
  readonly logger?: ProcessLogger;
  /** Takes a callback for failures that the process cannot go on with; it then stops and exits 1. */
  onFatal?(callback: (reason: unknown) => void): void;
  /** Takes a callback for when the process has nothing left to do; it then stops in order. */
  onDone?(callback: (reason: string) => void): void;
}

export interface StartContext {
  /** Aborts when the process shall stop before it has started. */
  readonly signal: AbortSignal;
  readonly parent: ParentLink;
}

export interface RunProcessOptions {
  readonly name: string;
  start(context: StartContext): Promise<RunningProcess>;
}

const EXIT_FAILED = 1;
/** EX_SOFTWARE of sysexits.h. */
const EXIT_DEFECT = 70;

type State = "starting" | "running" | "stopping";

/** Runs the process to its end; it exits by itself. Call it once, last. */
export function runProcess(options: RunProcessOptions): void {
  new ProcessRunner(options).run();
}

class ProcessRunner {
  readonly #options: RunProcessOptions;
  readonly #parent = new ParentLink();
  readonly #starting = new AbortController();
  #logger: ProcessLogger;
  #state: State = "starting";
  #running: RunningProcess | undefined;
  #hasSignal = false;
  #exitCode = 0;

  constructor(options: RunProcessOptions) {
    this.#options = options;
    this.#logger = createLogger({ name: options.name, level: "info", destination: "stderr" });
  }

  run(): void {
    // What grpc-js would print on standard error reaches its callers as errors too.
    setLogVerbosity(logVerbosity.NONE);
    process.on("uncaughtException", (error, origin) => this.#crash(error, origin));
    process.on("unhandledRejection", (reason) => this.#crash(reason, "unhandledRejection"));
    process.on("SIGTERM", () => this.#onSignal("SIGTERM"));
    process.on("SIGINT", () => {
      // The terminal sends it to the whole group; a launcher decides for its children.
      if (!this.#parent.connected) this.#onSignal("SIGINT");
    });
    this.#parent.onDrain(() => this.#requestStop("told to drain"));
    this.#start().catch((error: unknown) => this.#crash(error, "start"));
  }

  async #start(): Promise<void> {
    const { name, start } = this.#options;
    try {
      this.#running = await start({ signal: this.#starting.signal, parent: this.#parent });
    } catch (error) {
      // A start that was called off has nothing to complain about.
      if (this.#state === "stopping") process.exit(this.#exitCode);
      process.stderr.write(`${startFailure(name, error)}\n`);
      process.exit(EXIT_FAILED);
    }
    this.#logger = this.#running.logger ?? this.#logger;
    if (this.#state === "stopping") {
      await this.#stop();
      return;
    }
    this.#state = "running";
    this.#running.onFatal?.((reason) => {
      this.#logger.fatal({ err: reason }, "cannot go on");
      this.#exitCode = EXIT_FAILED;
      this.#requestStop("a part failed for good");
    });
    this.#running.onDone?.((reason) => this.#requestStop(reason));
    this.#parent.ready(this.#running.readyInfo);
    this.#logger.info(this.#running.readyInfo, "ready");
  }

  /** The first asks to stop, whoever else has asked already; whoever repeats it means at once. */
  #onSignal(signal: string): void {
    if (this.#hasSignal) {
      this.#logger.warn({ signal }, "second signal: exiting without finishing");
      process.exit(EXIT_FAILED);
    }
    this.#hasSignal = true;
    if (this.#state === "stopping") this.#logger.info({ signal }, "stopping already");
    this.#requestStop(signal);
  }

  #requestStop(reason: string): void {
    if (this.#state === "stopping") return;
    const started = this.#state === "running";
    this.#state = "stopping";
    this.#logger.info({ reason }, "stopping");
    this.#starting.abort(new Error(`stopped while starting: ${reason}`));
    // While it is starting, #start() sees the state and stops what it has started.
    if (started) this.#stop().catch((error: unknown) => this.#crash(error, "stop"));
  }

  async #stop(): Promise<void> {
    try {
      await this.#running?.[Symbol.asyncDispose]();
      this.#logger.info({}, "stopped");
    } catch (error) {
      this.#logger.error({ err: error }, "stopping was incomplete");
      process.stderr.write(
        `${failureLine(this.#options.name, "stopping was incomplete", error)}\n`,
      );
      this.#exitCode = EXIT_FAILED;
    }
    process.exit(this.#exitCode);
  }

  #crash(reason: unknown, origin: string): void {
    // Written synchronously, so nothing is lost by exiting at once; state is beyond trust here.
    this.#logger.fatal({ err: reason, origin }, "uncaught failure");
    process.exit(EXIT_DEFECT);
  }
}

function startFailure(name: string, error: unknown): string {
  if (error instanceof ConfigError) return `${name}: ${error.message}`;
  return failureLine(name, "cannot start", error);
}

function failureLine(name: string, what: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${name}: ${what}: ${message.replaceAll(/\s*\n\s*/g, "; ")}`;
}
