/**
 * Sees every operation begin and end: counts it, and tells the observer, if there is one. Without one it
 * makes nothing for an operation.
 */
import type { Clock } from "@holdfast/core";
import type { CallRequest } from "./call.js";
import type { ManyRead, ManyReadRequest } from "./many-read.js";
import type { FinishedOperation, GuardedObserver } from "./observer.js";
import { type Outcome, outcomeOf, type Tally } from "./tally.js";

/** What is told when an operation ends. */
export type OnFinished = (finished: FinishedOperation) => void;

/** What is known of an operation at its end. */
export interface EndedCall {
  readonly startedAtMs: number;
  readonly attempts: number;
  /** When its answer came, where that is known already. */
  readonly answeredAtMs: number | undefined;
}

export class Watch {
  readonly #tally: Tally;
  readonly #clock: Clock;
  readonly #observer: GuardedObserver | undefined;

  constructor(tally: Tally, clock: Clock, observer: GuardedObserver | undefined) {
    this.#tally = tally;
    this.#clock = clock;
    this.#observer = observer;
  }

  /** @returns to be handed to `ended`. */
  begun({ operation }: CallRequest<unknown>): OnFinished | undefined {
    return this.#observer?.operationStarted({
      cache: operation.cache ?? "",
      kind: String(operation.kind),
    });
  }

  /**
   * @param call - `undefined`: it was refused at once.
   * @param reason - what it failed with; `undefined`: it succeeded.
   */
  ended(
    { operation }: CallRequest<unknown>,
    call: EndedCall | undefined,
    reason: unknown,
    onFinished: OnFinished | undefined,
  ): void {
    const kind = String(operation.kind);
    const outcome = reason === undefined ? "OK" : outcomeOf(reason);
    const durationMs = call === undefined ? 0 : this.#endOf(call, outcome) - call.startedAtMs;
    this.#tally.ended(kind, outcome, durationMs);
    if (this.#observer === undefined) return;
    const attempts = call?.attempts ?? 0;
    const finished = { cache: operation.cache ?? "", kind, outcome, durationMs, attempts };
    onFinished?.(finished);
    this.#observer.operationFinished(finished);
  }

  /** Whether anybody wants to be told of every single operation. */
  get isObserved(): boolean {
    return this.#observer !== undefined;
  }

  /** Many reads were refused at once. */
  refusedMany({ keys }: ManyReadRequest, reason: unknown): void {
    this.#tally.ended("GET", outcomeOf(reason), 0, keys.length);
  }

  /** Many reads have ended together. @param reason - as in `ended`, of those that were not answered. */
  endedMany({ request, startedAtMs, answered }: ManyRead, reason: unknown): void {
    const durationMs = this.#clock.monotonic() - startedAtMs;
    if (answered > 0) this.#tally.ended("GET", "OK", durationMs, answered);
    if (reason === undefined) return;
    const left = request.keys.length - answered;
    this.#tally.ended("GET", outcomeOf(reason), durationMs, left);
  }

  /** Looking at the clock costs more than all the rest; the pipe has done so for the whole message. */
  #endOf({ answeredAtMs }: EndedCall, outcome: Outcome): number {
    return outcome === "OK" && answeredAtMs !== undefined ? answeredAtMs : this.#clock.monotonic();
  }
}
