/**
 * `Topology.Watch`, as nodes and coordinators serve it: the present view at once, then the latest
 * one whenever it has changed. A watcher that reads slowly skips views; nothing queues up for it.
 */
import type { ServerWritableStream } from "@grpc/grpc-js";
import type { TopologyHandlers, TopologyView, WatchTopologyRequest__Output } from "@holdfast/proto";

/** Where the views come from. A view is never changed once it has been handed out. */
export interface TopologyViews {
  /** The latest view; `undefined` while none is known. */
  current(): TopologyView | undefined;
  /** Calls back after each change. Returns the way to end that. */
  onChange(callback: () => void): () => void;
}

type WatchCall = ServerWritableStream<WatchTopologyRequest__Output, TopologyView>;

export function createTopologyService(views: TopologyViews): TopologyHandlers {
  return { Watch: (call) => new Watcher(call, views).start() };
}

class Watcher {
  readonly #call: WatchCall;
  readonly #views: TopologyViews;
  #sent: TopologyView | undefined;
  /** One view is on its way at any time: what changes meanwhile is looked at when it has left. */
  #sending = false;
  #ended = false;
  #unsubscribe: () => void = () => {};

  constructor(call: WatchCall, views: TopologyViews) {
    this.#call = call;
    this.#views = views;
  }

  start(): void {
    const end = () => this.#end();
    this.#call.on("cancelled", end);
    this.#call.on("error", end);
    this.#call.on("finish", end);
    this.#unsubscribe = this.#views.onChange(() => this.#send());
    this.#send();
  }

  #send(): void {
    const view = this.#views.current();
    if (this.#ended || this.#sending || view === undefined || view === this.#sent) return;
    this.#sending = true;
    this.#sent = view;
    this.#call.write(view, () => {
      this.#sending = false;
      this.#send();
    });
  }

  #end(): void {
    this.#ended = true;
    this.#unsubscribe();
  }
}
