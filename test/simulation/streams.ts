/**
 * Streams between simulated nodes: what is sent arrives in order, after a while, or the stream breaks
 * and both ends hear of it at some time. While two nodes are cut off from each other nothing
 * arrives; it may still, when they can reach each other again.
 */
import type { OpenReplicaStream, ReplicaBatch, ReplicaReply } from "@holdfast/node/testing";
import type { SimulatedNetwork } from "./surroundings.js";
import type { Tally } from "./tally.js";
import type { VirtualTime } from "./virtual-time.js";

/** The receiving end of streams. */
export interface StreamTarget {
  readonly nodeId: string;
  readonly isRunning: boolean;
  /** Runs now, or when the node goes on. */
  deliver(run: () => void): void;
  /** @throws when it does not want the stream. */
  open(
    hello: Parameters<OpenReplicaStream>[1],
    first: number,
  ): (batch: ReplicaBatch) => ReplicaReply;
}

const RETRY_MS = 20;

export class StreamTransport {
  readonly #time: VirtualTime;
  readonly #network: SimulatedNetwork;
  readonly #tally: Tally;
  readonly #targets: (address: string) => StreamTarget | undefined;
  readonly #open = new Set<Stream>();

  constructor(
    time: VirtualTime,
    network: SimulatedNetwork,
    tally: Tally,
    targets: (address: string) => StreamTarget | undefined,
  ) {
    this.#time = time;
    this.#network = network;
    this.#tally = tally;
    this.#targets = targets;
  }

  /** How a node opens streams. `deliver` runs what comes back, when the node can take it. */
  opener(from: string, deliver: (run: () => void) => void): OpenReplicaStream {
    return (address, hello, events) => {
      const target = this.#targets(address);
      const stream = new Stream(this.#time, this.#network, from, address);
      this.#open.add(stream);
      const close = () => {
        if (!stream.isOpen) return;
        this.#tally.note("broken stream");
        stream.isOpen = false;
        this.#open.delete(stream);
        this.#time.after(this.#network.latencyMs(), () => deliver(() => events.onClosed()));
      };
      stream.close = close;
      let receive: ReturnType<StreamTarget["open"]> | undefined;
      const onBatch = (batch: ReplicaBatch) => {
        if (target?.isRunning !== true) return close();
        target.deliver(() => {
          if (!stream.isOpen) return;
          try {
            receive ??= target.open(hello, batch.first);
            const reply = receive(batch);
            stream.back(() => deliver(() => events.onReply(reply)));
          } catch {
            close();
          }
        });
      };
      return {
        send: (batch) => stream.forth(() => onBatch(batch)),
        close: () => {
          stream.isOpen = false;
          this.#open.delete(stream);
        },
      };
    };
  }

  /** Breaks every stream of this node: what is under way is lost. */
  breakStreams(nodeId: string): void {
    for (const stream of [...this.#open]) {
      if (stream.from === nodeId || stream.to === nodeId) stream.close();
    }
  }
}

class Stream {
  readonly from: string;
  readonly to: string;
  readonly #time: VirtualTime;
  readonly #network: SimulatedNetwork;
  isOpen = true;
  close: () => void = () => {};
  #forthAtMs = 0;
  #backAtMs = 0;

  constructor(time: VirtualTime, network: SimulatedNetwork, from: string, to: string) {
    this.#time = time;
    this.#network = network;
    this.from = from;
    this.to = to;
  }

  forth(arrive: () => void): void {
    this.#forthAtMs = this.#later(this.#forthAtMs);
    this.#arriveAt(this.#forthAtMs, arrive);
  }

  back(arrive: () => void): void {
    this.#backAtMs = this.#later(this.#backAtMs);
    this.#arriveAt(this.#backAtMs, arrive);
  }

  #later(previousMs: number): number {
    return Math.max(previousMs, this.#time.monotonic() + this.#network.latencyMs());
  }

  #arriveAt(atMs: number, arrive: () => void): void {
    this.#time.after(atMs - this.#time.monotonic(), () => {
      if (!this.isOpen) return;
      // Held back, with everything behind it, as long as nothing passes.
      if (this.#network.connects(this.from, this.to)) arrive();
      else this.#arriveAt(this.#time.monotonic() + RETRY_MS, arrive);
    });
  }
}
