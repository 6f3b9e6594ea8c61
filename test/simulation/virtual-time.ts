/** Time of a simulated cluster: it passes from one event to the next, as fast as they can be run. */
import type { CancelTimer, Clock } from "@holdfast/core";

interface Event {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

export class VirtualTime implements Clock {
  #nowMs = 0;
  #order = 0;
  #trace = 0;
  /** A binary heap: each event comes before those at 2i + 1 and 2i + 2. */
  readonly #events: Event[] = [];

  now(): number {
    return this.#nowMs;
  }

  systemNow(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  /** A hash of everything that has happened: equal if the same was run in the same order. */
  get trace(): number {
    return this.#trace >>> 0;
  }

  /** Makes something part of the trace. */
  note(fact: number): void {
    this.#trace = Math.imul(this.#trace ^ fact, 0x5bd1e995) + (fact >>> 13);
  }

  after(delayMs: number, run: () => void): CancelTimer {
    this.#order += 1;
    const event: Event = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, run };
    this.#push(event);
    return () => {
      event.run = undefined;
    };
  }

  /** Runs everything that happens until then; after each event, everything that it resolves. */
  runUntil(untilMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        const next = this.#nextUntil(untilMs);
        if (next === undefined) {
          this.#nowMs = untilMs;
          resolve();
          return;
        }
        this.#nowMs = next.atMs;
        this.note(next.order ^ Math.round(next.atMs * 1_000));
        try {
          next.run?.();
        } catch (error) {
          reject(error);
          return;
        }
        process.nextTick(whenSettled);
      };
      // The queue of ticks is looked at only when no promise has anything left to do. Unlike
      // `setImmediate` it does not go around the event loop, which costs more than most events. But
      // ticks set by ticks come before promises: so each event is run as a promise's continuation.
      const whenSettled = () => void RESOLVED.then(step);
      whenSettled();
    });
  }

  #nextUntil(untilMs: number): Event | undefined {
    for (;;) {
      const next = this.#events[0];
      if (next === undefined || next.atMs > untilMs) return undefined;
      this.#pop();
      if (next.run !== undefined) return next;
    }
  }

  #push(event: Event): void {
    const events = this.#events;
    let index = events.length;
    events.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = events[parent] as Event;
      if (isBefore(above, event)) break;
      events[index] = above;
      index = parent;
    }
    events[index] = event;
  }

  #pop(): void {
    const events = this.#events;
    const last = events.pop() as Event;
    if (events.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= events.length) break;
      const right = events[child + 1];
      if (right !== undefined && isBefore(right, events[child] as Event)) child += 1;
      if (isBefore(last, events[child] as Event)) break;
      events[index] = events[child] as Event;
      index = child;
    }
    events[index] = last;
  }
}

const RESOLVED = Promise.resolve();

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
