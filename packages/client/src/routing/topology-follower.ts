/**
 * Keeps the client's view of the cluster: watches the topology at one address, and goes to another
 * when that one fails, falls silent, or is behind; also when what it told does not prove true, for a node
 * that is cut off from the others goes on telling what it knew. Each watch starts with the whole present view,
 * so nothing can be missed between two of them; the epoch that is kept never goes back.
 *
 * Addresses are tried in rounds: the members of the last view, the coordinator, and always the
 * seeds, so that a client outlives every node it has ever known as long as a seed leads somewhere.
 * After a round that brought nothing lasting it waits, longer each time.
 *
 *   stopped --start--> trying --first view--> following
 *                        ^  |                     |
 *                round over |                     | ended, silent, behind
 *                        |  v                     |
 *                       resting <------ trying <--+
 */
import {
  backoffMs,
  CacheError,
  type CancelTimer,
  type Clock,
  type Logger,
  type Random,
} from "@holdfast/core";
import type { TopologyView__Output } from "@holdfast/proto";
import type { OpenStream, Wire } from "../transport/wire.js";
import { type ClusterView, readView } from "./cluster-view.js";

export interface FollowerOptions {
  /** `host:port`, at least one. */
  readonly seeds: readonly string[];
  /** The only cluster to accept. Absent: that of the first view. */
  readonly clusterId: string | undefined;
}

/** Longest wait for the first view at an address. */
const FIRST_VIEW_MS = 1_000;
/** How long an address may lag behind an epoch that a node has named. */
const LAG_MS = 1_000;
/** A watch that lasted this long was a good one: the next round starts without rest. */
const GOOD_WATCH_MS = 2_000;
const REST = { baseMs: 50, maxMs: 1_000 };

type State =
  | { readonly at: "stopped" }
  | { readonly at: "resting"; readonly cancel: CancelTimer }
  | {
      readonly at: "trying" | "following";
      readonly address: string;
      readonly sinceMs: number;
      readonly stream: OpenStream;
      readonly cancel: CancelTimer;
    };

export class TopologyFollower {
  readonly #wire: Wire;
  readonly #options: FollowerOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #listeners = new Set<(view: ClusterView) => void>();
  /** Why each seed failed last, for the error of a failed start. */
  readonly #failures = new Map<string, string>();
  #state: State = { at: "stopped" };
  #view: ClusterView | undefined;
  /** Addresses of this round that are still to be tried. */
  #round: string[] = [];
  #rounds = 0;
  #expectedEpoch = 0;
  #cancelLagCheck: CancelTimer | undefined;
  #onFatal: ((error: CacheError) => void) | undefined;

  constructor(wire: Wire, options: FollowerOptions, clock: Clock, random: Random, logger: Logger) {
    this.#wire = wire;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#logger = logger;
  }

  get view(): ClusterView | undefined {
    return this.#view;
  }

  /** Why no seed has led anywhere, for people. */
  get failures(): string {
    const why = (seed: string) => this.#failures.get(seed) ?? "no answer";
    return this.#options.seeds.map((seed) => `${seed} (${why(seed)})`).join(", ");
  }

  /**
   * Begins to follow. `onFatal` is told when, before the first view, an address turns out to lead
   * to the wrong cluster; later such addresses are passed over.
   */
  start(onFatal: (error: CacheError) => void): void {
    this.#onFatal = onFatal;
    this.#startRound();
  }

  stop(): void {
    this.#setState({ at: "stopped" });
    this.#cancelLagCheck?.();
    this.#cancelLagCheck = undefined;
    this.#listeners.clear();
  }

  /** Calls `listener` with each view of a higher epoch, until the returned function is called. */
  onChange(listener: (view: ClusterView) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A node has named this epoch: an address that does not bring it soon is left. */
  expect(epoch: number): void {
    this.#expectedEpoch = Math.max(this.#expectedEpoch, epoch);
    if (this.#state.at === "stopped" || this.#isUpToDate() || this.#cancelLagCheck) return;
    this.#cancelLagCheck = this.#clock.after(LAG_MS, () => {
      this.#cancelLagCheck = undefined;
      if (!this.#isUpToDate() && this.#state.at === "following") this.#leave("it is behind");
    });
  }

  /** The process at this address does not answer operations: do not rely on it for news. */
  suspect(address: string): void {
    if (this.#state.at === "following" && this.#state.address === address) {
      this.#leave("it does not answer");
    }
  }

  /**
   * An owner that the view names does not serve: the address may not know who does. It is left, unless it
   * has only just been turned to.
   */
  doubt(): void {
    if (this.#state.at === "following" && this.#hasLasted(this.#state)) {
      this.#leave("it may be behind");
    }
  }

  #isUpToDate(): boolean {
    return (this.#view?.topology.epoch ?? 0) >= this.#expectedEpoch;
  }

  #setState(state: State): void {
    const old = this.#state;
    this.#state = state;
    if (old.at === "resting") old.cancel();
    if (old.at === "trying" || old.at === "following") {
      old.cancel();
      const isSameWatch = state.at === "following" && state.stream === old.stream;
      if (!isSameWatch) old.stream.close();
    }
  }

  /** @param last - the address that is tried after all others. */
  #startRound(last?: string): void {
    const { topology, coordinatorAddress = "" } = this.#view ?? {};
    const alive = topology?.members.filter(({ state }) => state !== "dead") ?? [];
    const known = this.#shuffled(alive.map(({ addresses }) => addresses.data));
    const seeds = this.#shuffled(this.#options.seeds);
    const all = new Set([...known, coordinatorAddress, ...seeds]);
    all.delete("");
    if (last !== undefined && all.delete(last)) all.add(last);
    this.#round = [...all];
    this.#tryNext();
  }

  #tryNext(): void {
    const address = this.#round.shift();
    if (address === undefined) {
      const restMs = backoffMs(this.#rounds, REST, this.#random);
      this.#rounds += 1;
      const cancel = this.#clock.after(restMs, () => this.#startRound());
      this.#setState({ at: "resting", cancel });
      return;
    }
    const stream = this.#wire.watchTopology(address, {
      message: (message) => this.#onMessage(address, message),
      ended: (error) => this.#leave(error?.message ?? "it ended the watch"),
    });
    const cancel = this.#clock.after(FIRST_VIEW_MS, () => this.#leave("no topology in time"));
    this.#setState({ at: "trying", address, stream, cancel, sinceMs: this.#clock.monotonic() });
  }

  #leave(why: string): void {
    const state = this.#state;
    if (state.at !== "trying" && state.at !== "following") return;
    if (this.#options.seeds.includes(state.address)) this.#failures.set(state.address, why);
    this.#logger.debug({ address: state.address, why }, "left a source of topology");
    if (state.at === "following" && this.#hasLasted(state)) {
      this.#rounds = 0;
      this.#startRound(state.address);
    } else {
      this.#tryNext();
    }
  }

  #hasLasted({ sinceMs }: { readonly sinceMs: number }): boolean {
    return this.#clock.monotonic() - sinceMs >= GOOD_WATCH_MS;
  }

  #onMessage(address: string, message: TopologyView__Output): void {
    let view: ClusterView | undefined;
    try {
      view = readView(message, this.#options.clusterId ?? this.#view?.config.clusterId);
    } catch (error) {
      const failure = CacheError.from(error);
      const told = new CacheError(failure.code, `${address}: ${failure.message}`, { cause: error });
      if (this.#view === undefined) this.#onFatal?.(told);
      this.#leave(failure.message);
      return;
    }
    if (view === undefined) return;
    if (this.#state.at === "trying") {
      this.#setState({ ...this.#state, at: "following", cancel: () => {} });
    }
    this.#accept(view);
  }

  #accept(view: ClusterView): void {
    const oldEpoch = this.#view?.topology.epoch ?? -1;
    if (view.topology.epoch < oldEpoch) return;
    this.#view = view;
    if (view.topology.epoch === oldEpoch) return;
    this.#logger.debug({ epoch: view.topology.epoch }, "new topology");
    for (const listener of [...this.#listeners]) listener(view);
  }

  #shuffled(addresses: readonly string[]): string[] {
    return addresses
      .map((address) => ({ address, order: this.#random.next() }))
      .sort((a, b) => a.order - b.order)
      .map(({ address }) => address);
  }
}
