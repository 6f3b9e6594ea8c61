/**
 * Parts with a lifetime, and groups of them. A group starts its parts in order and stops them in
 * reverse, so each may rely on every part before it for as long as it runs.
 */
import type { Logger } from "./logger.js";

/** A part of a process that holds something open: a port, a lease, a timer, a pool. */
export interface Component {
  readonly name: string;

  /** Resolves when the component is ready for use. Called at most once. */
  start(): Promise<void>;

  /** Finishes the work in hand and releases everything; also after a failed start. Called at most once. */
  stop(): Promise<void>;
}

export class ComponentGroup implements AsyncDisposable {
  readonly #components: readonly Component[];
  readonly #logger: Logger;
  /** Those whose start was at least attempted, in that order. */
  readonly #started: Component[] = [];
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(components: readonly Component[], logger: Logger) {
    this.#components = components;
    this.#logger = logger;
  }

  /** If one component fails to start, those before it are stopped and its failure is thrown. */
  start(): Promise<void> {
    this.#starting ??= this.#startAll();
    return this.#starting;
  }

  /**
   * Stops every component, even when some fail to. May be called again, and during `start()`.
   *
   * @throws {AggregateError} with an error for each component that failed to stop.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #startAll(): Promise<void> {
    try {
      for (const component of this.#components) {
        if (this.#stopping !== undefined) throw new Error("stopped while starting");
        this.#started.push(component);
        await component.start();
        this.#logger.debug({ component: component.name }, "component started");
      }
    } catch (error) {
      await this.#stopStarted().catch((stopError: unknown) => {
        this.#logger.error({ err: stopError }, "cleaning up after a failed start was incomplete");
      });
      throw error;
    }
  }

  async #stopAll(): Promise<void> {
    // A start in progress notices #stopping, undoes itself and reports to its own caller.
    await this.#starting?.catch(() => {});
    await this.#stopStarted();
  }

  async #stopStarted(): Promise<void> {
    const failures: unknown[] = [];
    for (const component of this.#started.splice(0).reverse()) {
      try {
        await component.stop();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "components failed to stop");
  }
}
