import { EventEmitter } from "node:events";
import type { ServerWritableStream } from "@grpc/grpc-js";
import type { TopologyView, WatchTopologyRequest__Output } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { createTopologyService } from "./topology-service.js";

/** A stream whose reader takes a view only when the test lets it. */
class FakeStream extends EventEmitter {
  readonly written: TopologyView[] = [];
  #taken: (() => void)[] = [];

  write(view: TopologyView, callback: () => void): boolean {
    this.written.push(view);
    this.#taken.push(callback);
    return true;
  }

  /** The reader takes everything that is on its way. */
  take(): void {
    for (const callback of this.#taken.splice(0)) callback();
  }

  get epochs(): unknown[] {
    return this.written.map((view) => view.topology?.epoch);
  }
}

class FakeViews {
  #view: TopologyView | undefined;
  readonly #callbacks = new Set<() => void>();

  current(): TopologyView | undefined {
    return this.#view;
  }

  onChange(callback: () => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  publish(epoch: number): void {
    this.#view = { topology: { epoch } };
    for (const callback of this.#callbacks) callback();
  }

  get watchers(): number {
    return this.#callbacks.size;
  }
}

function watch(views: FakeViews): FakeStream {
  const stream = new FakeStream();
  // The part of a call that the service uses.
  const call = stream as unknown as ServerWritableStream<
    WatchTopologyRequest__Output,
    TopologyView
  >;
  createTopologyService(views).Watch(call);
  return stream;
}

describe("Topology.Watch", () => {
  it("sends the present view at once, then each later one", () => {
    const views = new FakeViews();
    views.publish(1);
    const stream = watch(views);
    stream.take();
    views.publish(2);
    stream.take();
    expect(stream.epochs).toEqual([1, 2]);
  });

  it("waits for the first view when none is known", () => {
    const views = new FakeViews();
    const stream = watch(views);
    expect(stream.epochs).toEqual([]);
    views.publish(7);
    expect(stream.epochs).toEqual([7]);
  });

  it("queues nothing for a slow reader, who gets the latest view next", () => {
    const views = new FakeViews();
    views.publish(1);
    const stream = watch(views);
    for (const epoch of [2, 3, 4]) views.publish(epoch);
    expect(stream.epochs).toEqual([1]);
    stream.take();
    expect(stream.epochs).toEqual([1, 4]);
    stream.take();
    expect(stream.epochs).toEqual([1, 4]);
  });

  it.each(["cancelled", "error", "finish"])("forgets a stream on %j", (event) => {
    const views = new FakeViews();
    views.publish(1);
    const stream = watch(views);
    stream.emit(event, new Error("gone"));
    expect(views.watchers).toBe(0);
    views.publish(2);
    stream.take();
    expect(stream.epochs).toEqual([1]);
  });
});
