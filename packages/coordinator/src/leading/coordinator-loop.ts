/**
 * The one loop in which a leader thinks and acts. It is woken by new states of the registry, by
 * requests, by changes of leadership and by time, and then does the next thing there is to do; it
 * never does two things at once. What that is, is the session's decision (leader-session.ts).
 */
import {
  CacheError,
  type Component,
  type Incarnation,
  IncompatibleClusterError,
} from "@holdfast/core";
import type { ClusterState, RegistryView } from "../state/registry-view.js";
import { LeaderSession, type SessionOptions, type SessionParts } from "./leader-session.js";
import type { Leadership, Reign } from "./leadership.js";
import { Requests } from "./requests.js";
import { WakeUp } from "./wake-up.js";

type FromLoop = "requests" | "exited" | "latestState" | "wakeUp" | "isLeading" | "floors";

export interface LoopParts extends Omit<SessionParts, FromLoop> {
  readonly view: RegistryView;
  readonly leadership: Leadership;
  /** Each session sets epochs and terms aside anew. */
  readonly createFloors: () => SessionParts["floors"];
  /** Called once when this process cannot lead this cluster, now or later. */
  readonly onFatal: (reason: Error) => void;
}

const RETRY_MS = 250;
/** Witnessed exits are forgotten once they are published; this bounds what nobody ever knew. */
const MAX_EXITED = 10_000;

export class CoordinatorLoop implements Component {
  readonly name = "coordinator loop";
  readonly requests: Requests;
  readonly #parts: LoopParts;
  readonly #options: SessionOptions;
  readonly #wakeUp: WakeUp;
  readonly #exited = new Set<Incarnation>();
  readonly #unsubscribe: (() => void)[] = [];
  #session:
    | { readonly reign: Reign; readonly era: number; readonly steps: LeaderSession }
    | undefined;
  /** Sessions that end in the background. */
  #closing: Promise<unknown> = Promise.resolve();
  #stopping = false;
  #running: Promise<void> | undefined;

  constructor(parts: LoopParts, options: SessionOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#wakeUp = new WakeUp(parts.clock);
    this.requests = new Requests(() => this.#wakeUp.wake());
  }

  /** Somebody saw this incarnation exit: once it is not registered, it is dead without waiting. */
  noteExit(incarnation: Incarnation): void {
    this.#exited.add(incarnation);
    for (const oldest of this.#exited) {
      if (this.#exited.size <= MAX_EXITED) break;
      this.#exited.delete(oldest);
    }
    this.#wakeUp.wake();
  }

  async start(): Promise<void> {
    const { view, leadership } = this.#parts;
    const wake = () => this.#wakeUp.wake();
    this.#unsubscribe.push(view.onChange(wake), leadership.onChange(wake));
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#wakeUp.wake();
    // Cuts short what the loop waits for.
    this.#endSession();
    await this.#running;
    this.#endSession();
    await this.#closing;
  }

  async #run(): Promise<void> {
    const { logger, onFatal } = this.#parts;
    while (!this.#stopping) {
      let waitMs: number | undefined = RETRY_MS;
      this.#wakeUp.reset();
      try {
        waitMs = await this.#step();
      } catch (error) {
        if (error instanceof IncompatibleClusterError) {
          onFatal(error);
          return;
        }
        if (!this.#stopping) logger.warn({ err: error }, "step failed, trying again");
      }
      if (!this.#stopping && waitMs !== 0) await this.#wakeUp.sleep(waitMs);
    }
  }

  async #step(): Promise<number | undefined> {
    const { view, leadership } = this.#parts;
    const { reign } = leadership;
    const { state } = view;
    if (reign === undefined || state === undefined) {
      this.#endSession();
      return undefined;
    }
    const steps = this.#sessionFor(reign, state);
    for (const { ended, incarnation } of state.topology?.value.members ?? []) {
      if (ended) this.#exited.delete(incarnation);
    }
    if (this.#stopping) return undefined;
    return await steps.step(state);
  }

  /** The session under way, or a new one where the reign or the registry's history is another. */
  #sessionFor(reign: Reign, state: ClusterState): LeaderSession {
    const session = this.#session;
    const isSameReign = session?.reign === reign;
    if (isSameReign && session.era === state.era && !session.steps.isOutrunBy(state)) {
      return session.steps;
    }
    // Where the registry went back, absences count from now on.
    const sinceMs = isSameReign ? this.#parts.clock.monotonic() : reign.sinceMs;
    this.#endSession();
    const steps = this.#newSession(reign, sinceMs);
    this.#session = { reign, era: state.era, steps };
    return steps;
  }

  #newSession(reign: Reign, sinceMs: number): LeaderSession {
    const { view, leadership, createFloors } = this.#parts;
    const parts: SessionParts = {
      ...this.#parts,
      floors: createFloors(),
      requests: this.requests,
      exited: this.#exited,
      latestState: () => view.state,
      wakeUp: this.#wakeUp,
      isLeading: () => leadership.reign === reign && !this.#stopping,
    };
    return new LeaderSession(parts, this.#options, { ...reign, sinceMs });
  }

  #endSession(): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    this.requests.rejectAll(new CacheError("UNAVAILABLE", "this coordinator no longer leads"));
    this.#closing = Promise.allSettled([this.#closing, session.steps.close()]);
  }
}
