/**
 * What a process holds open, and how several such parts live together: each one is started while
 * those that it needs are running, and stopped before they are.
 */
import type { Logger } from "./logger.js";

/** Something with a lifetime: a listening port, a connection, a loop. */
export interface Component {
  /** For the log. */
  readonly name: string;

  /** Done once the component can be used. It is called once. */
  start(): Promise<void>;

  /**
   * Completes what is under way and lets go of everything. It is called once, after a `start()`
   * that failed too.
   */
  stop(): Promise<void>;
}

/** An ordered list of components; those further down may use those further up. */
export class ComponentGroup implements AsyncDisposable {
  readonly #components: readonly Component[];
  readonly #logger: Logger;
  /** How many of them have been told to start and not yet to stop. */
  #open = 0;
  #startup: Promise<void> | undefined;
  #shutdown: Promise<void> | undefined;

  constructor(components: readonly Component[], logger: Logger) {
    this.#components = components;
    this.#logger = logger;
  }

  /** Starts one after the other. A failure undoes what was started, and is thrown. */
  start(): Promise<void> {
    this.#startup ??= this.#openAll();
    return this.#startup;
  }

  /**
   * Stops in the opposite order, all of them even if one fails. During `start()` it waits until
   * the component of the moment has started, and starts no more. Calling it again is harmless.
   *
   * @throws {AggregateError} of what the components threw.
   */
  stop(): Promise<void> {
    this.#shutdown ??= this.#closeAfterStartup();
    return this.#shutdown;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #openAll(): Promise<void> {
    for (const component of this.#components) {
      try {
        if (this.#shutdown !== undefined) throw new Error("stopped while starting");
        this.#open += 1;
        await component.start();
      } catch (error) {
        await this.#closeOpen().catch((err: unknown) =>
          this.#logger.error({ err, component: component.name }, "undoing a failed start failed"),
        );
        throw error;
      }
    }
  }

  async #closeAfterStartup(): Promise<void> {
    // Whoever called start() hears of its failure; here only its end matters.
    await this.#startup?.catch(() => {});
    await this.#closeOpen();
  }

  async #closeOpen(): Promise<void> {
    const problems: unknown[] = [];
    while (this.#open > 0) {
      this.#open -= 1;
      await this.#components[this.#open]?.stop().catch((error: unknown) => problems.push(error));
    }
    if (problems.length > 0) throw new AggregateError(problems, "not everything could be stopped");
  }
}
