/**
 * One node of the local cluster over all its runs: the process that runs now, if any, and what
 * follows when it ends.
 *
 * A node that fails is reported dead, which proves to the coordinator that it may give its partitions
 * away, and is started again after a wait that grows with each failure. One that was killed, stopped or
 * drained on purpose, by whomever, stays down until it is started.
 *
 *   stopped --start--> starting --ready--> running --drain/kill--> stopped
 *                          ^                  | ends by itself
 *                          +----- waiting <---+
 */
import {
  backoffMs,
  type CancelTimer,
  type Clock,
  type Logger,
  type MemberAddresses,
  type Random,
} from "@holdfast/core";
import type { ProcessRun } from "../rpc/operations.js";
import { type NodeReady, nodeReady } from "./children.js";
import {
  type ChildMessage,
  LocalProcess,
  type LocalProcessOptions,
  type ProcessExit,
} from "./local-process.js";

export interface LocalNodeOptions {
  readonly nodeId: string;
  /** How to start a process, given the port for clients; 0: any. */
  readonly child: (dataPort: number) => LocalProcessOptions;
  /** Port for clients of the first run; later runs keep the one that it had. */
  readonly dataPort: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Called when a process has become ready. */
  readonly onStarted: () => void;
  /** Tells the coordinator that this run is over. Never rejects. */
  readonly reportDeath: (run: ProcessRun) => Promise<void>;
}

/** What there is to know about a node that runs. */
export interface RunningNode {
  readonly nodeId: string;
  readonly pid: number;
  readonly incarnation: string;
  readonly addresses: MemberAddresses;
}

type State =
  | { readonly at: "stopped" }
  | { readonly at: "starting" }
  | { readonly at: "running"; readonly process: LocalProcess; readonly info: NodeReady }
  | { readonly at: "waiting"; readonly cancel: CancelTimer };

const RESTART_BACKOFF = { baseMs: 500, maxMs: 10_000 };
/** How a node ended. */
export interface NodeExit extends ProcessExit {
  /** What it said last, where it did not end well. */
  readonly lastWords?: string;
}

/** A run of this length counts as healthy: the next restart is quick again. */
const HEALTHY_RUN_MS = 10_000;
/** A node gives up by itself after `drainTimeout`, a minute, and what it grants open calls, the last flush and its news. */
const DRAIN_TIMEOUT_MS = 95_000;

export class LocalNode {
  readonly nodeId: string;
  readonly #options: LocalNodeOptions;
  #state: State = { at: "stopped" };
  #dataPort: number;
  #failures = 0;
  #startedAtMs = 0;
  /** Settles when the latest start has come to an end. */
  #starting: Promise<void> = Promise.resolve();

  constructor(options: LocalNodeOptions) {
    this.nodeId = options.nodeId;
    this.#options = options;
    this.#dataPort = options.dataPort;
  }

  /** `undefined` while no process of this node is ready. */
  get running(): RunningNode | undefined {
    const state = this.#state;
    if (state.at !== "running") return undefined;
    return { nodeId: this.nodeId, pid: state.process.pid, ...state.info };
  }

  /** @throws {Error} when it runs already, or does not become ready. */
  async start(): Promise<RunningNode> {
    if (this.#state.at === "running" || this.#state.at === "starting") {
      throw new Error(`${this.nodeId} runs already`);
    }
    if (this.#state.at === "waiting") this.#state.cancel();
    try {
      return await this.#run();
    } catch (error) {
      this.#setState({ at: "stopped" });
      throw error;
    }
  }

  /** Ends the node in order. @returns how it ended; `undefined` when it did not run. */
  async drain(): Promise<NodeExit | undefined> {
    const run = this.running;
    const process = this.#release();
    const exit = await process?.drain(DRAIN_TIMEOUT_MS);
    // A start that was under way has noticed, and ends what it started.
    await this.#starting;
    if (process === undefined || exit === undefined) return undefined;
    // A node tells its end itself, if it can; one that fails to drain cannot.
    if (run !== undefined && exit.code !== 0) await this.#options.reportDeath(run);
    return exit.code === 0 ? exit : { ...exit, lastWords: process.lastWords() };
  }

  /** Ends the node as a crash would, and proves its death to the coordinator. */
  async kill(): Promise<void> {
    const run = this.running;
    const process = this.#release();
    if (process === undefined || run === undefined) throw new Error(`${this.nodeId} does not run`);
    process.kill("SIGKILL");
    await process.exit;
    await this.#options.reportDeath(run);
  }

  /** From here on the end of the process is no surprise. */
  #release(): LocalProcess | undefined {
    const state = this.#state;
    if (state.at === "waiting") state.cancel();
    this.#setState({ at: "stopped" });
    return state.at === "running" ? state.process : undefined;
  }

  #run(): Promise<RunningNode> {
    const mine: State = { at: "starting" };
    this.#setState(mine);
    const run = this.#runAs(mine);
    this.#starting = run.then(
      () => {},
      () => {},
    );
    return run;
  }

  async #runAs(mine: State): Promise<RunningNode> {
    const process = await LocalProcess.start({
      ...this.#options.child(this.#dataPort),
      onMessage: (message) => this.#onMessage(message),
    });
    const info = nodeReady(process.ready);
    if (this.#state !== mine) {
      process.kill("SIGKILL");
      await process.exit;
      throw new Error(`${this.nodeId} was stopped while it started`);
    }
    this.#dataPort = portOf(info.addresses.data);
    this.#startedAtMs = this.#options.clock.monotonic();
    this.#setState({ at: "running", process, info });
    this.#options.onStarted();
    void process.exit.then((exit) => this.#onExit(process, exit));
    return { nodeId: this.nodeId, pid: process.pid, ...info };
  }

  /** A node that was deposed goes on as another incarnation, in the same process. */
  #onMessage(message: ChildMessage): void {
    const { incarnation, type } = message;
    const state = this.#state;
    if (type !== "incarnation" || typeof incarnation !== "string") return;
    if (state.at === "running") {
      this.#setState({ ...state, info: { ...state.info, incarnation } });
    }
  }

  #onExit(process: LocalProcess, { code, signal }: ProcessExit): void {
    const state = this.#state;
    if (state.at !== "running" || state.process !== process) return;
    const { clock, logger, random, reportDeath } = this.#options;
    if (code === 0) {
      // Somebody had it drained: it has left in order.
      logger.info({ nodeId: this.nodeId, pid: process.pid }, `${this.nodeId} has left`);
      this.#setState({ at: "stopped" });
      return;
    }
    if (clock.monotonic() - this.#startedAtMs >= HEALTHY_RUN_MS) this.#failures = 0;
    const waitMs = backoffMs(this.#failures++, RESTART_BACKOFF, random);
    logger.error(
      { nodeId: this.nodeId, pid: process.pid, code, signal },
      `${this.nodeId} ended by itself (${signal ?? `exit code ${code}`}); ` +
        `it is started again in ${Math.round(waitMs)} ms`,
    );
    this.#wait(waitMs);
    void reportDeath({ nodeId: this.nodeId, incarnation: state.info.incarnation });
  }

  #wait(waitMs: number): void {
    const { clock, logger, random } = this.#options;
    const cancel = clock.after(waitMs, () => {
      this.#run().then(
        ({ pid }) => logger.warn({ nodeId: this.nodeId, pid }, `${this.nodeId} runs again`),
        (error: unknown) => {
          if (this.#state.at !== "starting") return;
          logger.error({ nodeId: this.nodeId, err: error }, `${this.nodeId} did not start again`);
          this.#wait(backoffMs(this.#failures++, RESTART_BACKOFF, random));
        },
      );
    });
    this.#setState({ at: "waiting", cancel });
  }

  #setState(state: State): void {
    this.#state = state;
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
