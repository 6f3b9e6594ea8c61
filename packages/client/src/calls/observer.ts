/**
 * What a client tells whoever observes it: see `observer` of `connect`. What nobody asked for is not
 * prepared either, and a hook that throws harms nobody but itself.
 */
import type { Logger } from "@holdfast/core";
import type { Outcome } from "./tally.js";

export interface StartedOperation {
  readonly cache: string;
  /**
   * As on the wire: `GET`, `SET`, `DELETE`, `TOUCH`, `INCREMENT`, `CLEAR`, `FLUSH`, `PERSISTED`; and of `getOrLoad`
   * `LOAD`, `FILL` and `RENEW_FILL`.
   */
  readonly kind: string;
}

export interface FinishedOperation extends StartedOperation {
  readonly outcome: Outcome;
  /** From call to end, all attempts and waits included, in milliseconds. */
  readonly durationMs: number;
  /** How often it was sent to a node. 0: never. */
  readonly attempts: number;
}

export interface ObservedNode {
  readonly nodeId: string;
  /** One run of the node's process. */
  readonly incarnation: string;
  /** `host:port`. */
  readonly address: string;
}

/**
 * Hooks, all of them optional. They are called on the way of the operations, so they should be quick.
 * What one throws is logged, once for each hook, and otherwise ignored. Never told: keys and values.
 */
export interface ClientObserver {
  /**
   * Called in the caller's context (`AsyncLocalStorage`), before anything is sent. What it returns is
   * called at the end of this operation.
   */
  operationStarted?(
    operation: StartedOperation,
  ): ((finished: FinishedOperation) => void) | undefined;

  /** Called at the end of every operation, refused ones included. A `getMany` is many. */
  operationFinished?(finished: FinishedOperation): void;

  /** A node has answered on a new connection. */
  connectionOpened?(node: ObservedNode): void;

  /** A connection that was open has ended. `error` is absent when the client itself ended it. */
  connectionClosed?(node: ObservedNode, error?: Error): void;

  /** A topology with a higher epoch has arrived. */
  topologyChanged?(epoch: number): void;
}

/** An observer's hooks, all of them there, and none of them throws. */
export class GuardedObserver implements Required<ClientObserver> {
  readonly #observer: ClientObserver;
  readonly #logger: Logger;
  readonly #failed = new Set<keyof ClientObserver>();

  constructor(observer: ClientObserver, logger: Logger) {
    this.#observer = observer;
    this.#logger = logger;
  }

  operationStarted(
    operation: StartedOperation,
  ): ((finished: FinishedOperation) => void) | undefined {
    const onEnd = this.#try("operationStarted", () => this.#observer.operationStarted?.(operation));
    if (typeof onEnd !== "function") return undefined;
    return (finished) => this.#try("operationStarted", () => onEnd(finished));
  }

  operationFinished(finished: FinishedOperation): void {
    this.#try("operationFinished", () => this.#observer.operationFinished?.(finished));
  }

  connectionOpened(node: ObservedNode): void {
    this.#try("connectionOpened", () => this.#observer.connectionOpened?.(node));
  }

  connectionClosed(node: ObservedNode, error?: Error): void {
    this.#try("connectionClosed", () => this.#observer.connectionClosed?.(node, error));
  }

  topologyChanged(epoch: number): void {
    this.#try("topologyChanged", () => this.#observer.topologyChanged?.(epoch));
  }

  #try<T>(hook: keyof ClientObserver, act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      if (!this.#failed.has(hook)) {
        this.#failed.add(hook);
        this.#logger.warn({ hook, err: error }, "a hook of the observer throws; told once");
      }
      return undefined;
    }
  }
}
