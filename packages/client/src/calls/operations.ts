/**
 * The way of every operation into the cluster: admits it within the bounds of the client, runs it
 * as a call, or many reads as one, and knows all that are still running, so that closing can wait for them or
 * end them.
 */
import { CacheError, type Clock } from "@holdfast/core";
import type { Reply__Output } from "@holdfast/proto";
import { Call, type CallContext, type CallRequest, type OnDone } from "./call.js";
import type { Flight } from "./flight.js";
import { ManyRead, type ManyReadRequest } from "./many-read.js";
import { RunningCalls } from "./running-calls.js";
import type { OnFinished, Watch } from "./watch.js";

export class Operations {
  readonly #context: CallContext;
  readonly #flight: Flight;
  readonly #watch: Watch;
  readonly #running: RunningCalls;
  readonly #onDone: OnDone = (call, reason) => this.#leave(call, reason);
  readonly #onManyDone = (read: ManyRead, reason: unknown) => this.#leaveMany(read, reason);
  #isClosed = false;
  #onIdle: (() => void) | undefined;

  constructor(context: CallContext, flight: Flight, watch: Watch) {
    this.#context = context;
    this.#flight = flight;
    this.#watch = watch;
    this.#running = new RunningCalls(context.clock);
  }

  /** Resolves with what the caller gets of an operation that succeeded; rejects with anything else. */
  run<Result = Reply__Output>(request: CallRequest<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw closed();
      if (request.signal?.aborted) throw request.signal.reason;
      const onFinished = this.#watch.begun(request);
      this.#admit(request, onFinished);
      // What it resolves with is what the request makes of the reply.
      const done = resolve as (result: unknown) => void;
      const call = new Call(this.#context, request, this.#onDone, done, reject);
      call.onFinished = onFinished;
      this.#running.add(call);
      call.start();
    });
  }

  /**
   * Reads many keys, with less to do for each than `run`. Resolves with the places of those that it did not get, which
   * `run` may; rejects when time is over, or the signal aborts.
   */
  readMany(request: ManyReadRequest): Promise<readonly number[]> {
    const { keys, bytes, signal } = request;
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw closed();
      if (signal?.aborted) throw signal.reason;
      // Whoever observes is told of each of them.
      if (this.#watch.isObserved) {
        resolve([...keys.keys()]);
        return;
      }
      try {
        this.#flight.enter(bytes, keys.length);
      } catch (error) {
        this.#watch.refusedMany(request, error);
        throw error;
      }
      const read = new ManyRead(this.#context, request, this.#onManyDone, resolve, reject);
      this.#running.add(read);
      read.start();
    });
  }

  /**
   * Takes no more operations and waits for the running ones, at most `drainMs`; then ends the
   * rest. Resolves when none is left.
   */
  async close(drainMs: number, clock: Clock): Promise<void> {
    this.#isClosed = true;
    if (this.#running.size > 0 && drainMs > 0) await this.#idle(drainMs, clock);
    this.#running.endAll(closed(), "the client was closed");
  }

  #idle(drainMs: number, clock: Clock): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(drainMs, resolve);
      this.#onIdle = () => {
        cancel();
        resolve();
      };
    });
  }

  #admit(request: CallRequest<unknown>, onFinished: OnFinished | undefined): void {
    try {
      this.#flight.enter(request.bytes);
    } catch (error) {
      this.#watch.ended(request, undefined, error, onFinished);
      throw error;
    }
    this.#context.budget.earn();
  }

  #leave(call: Call, reason: unknown): void {
    this.#running.remove(call);
    this.#flight.leave(call.bytes);
    this.#watch.ended(call.request, call, reason, call.onFinished);
    if (this.#running.size === 0) this.#onIdle?.();
  }

  #leaveMany(read: ManyRead, reason: unknown): void {
    const { bytes, keys } = read.request;
    this.#running.remove(read);
    this.#flight.leave(bytes, keys.length);
    // Those that it has missed earn as calls.
    this.#context.budget.earn(read.answered);
    this.#watch.endedMany(read, reason);
    if (this.#running.size === 0) this.#onIdle?.();
  }
}

function closed(): CacheError {
  return new CacheError("CLOSED", "the client is closed");
}
