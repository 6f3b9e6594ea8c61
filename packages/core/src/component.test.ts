import { describe, expect, it } from "vitest";
import { type Component, ComponentGroup } from "./component.js";
import { silentLogger } from "./logger.js";
import { settle } from "./testing.js";

/** Writes down what happens to it; fails where it is told to. */
class Recorder implements Component {
  readonly name: string;
  readonly #events: string[];
  readonly #failing: "start" | "stop" | undefined;
  gate: Promise<void> = Promise.resolve();

  constructor(name: string, events: string[], failing?: "start" | "stop") {
    this.name = name;
    this.#events = events;
    this.#failing = failing;
  }

  start(): Promise<void> {
    return this.#record("start");
  }

  stop(): Promise<void> {
    return this.#record("stop");
  }

  async #record(event: "start" | "stop"): Promise<void> {
    this.#events.push(`${event} ${this.name}`);
    await this.gate;
    if (event === this.#failing) throw new Error(`${this.name} cannot ${event}`);
  }
}

describe("ComponentGroup", () => {
  it("starts in order and stops in reverse", async () => {
    const events: string[] = [];
    const group = new ComponentGroup(
      [new Recorder("a", events), new Recorder("b", events)],
      silentLogger,
    );
    await group.start();
    await group.stop();
    expect(events).toEqual(["start a", "start b", "stop b", "stop a"]);
  });

  it("stops once, however often it is asked", async () => {
    const events: string[] = [];
    const group = new ComponentGroup([new Recorder("a", events)], silentLogger);
    await group.start();
    await Promise.all([group.stop(), group.stop()]);
    await group[Symbol.asyncDispose]();
    expect(events).toEqual(["start a", "stop a"]);
  });

  it("undoes a start that fails half-way and throws its failure", async () => {
    const events: string[] = [];
    const group = new ComponentGroup(
      [new Recorder("a", events), new Recorder("b", events, "start"), new Recorder("c", events)],
      silentLogger,
    );
    await expect(group.start()).rejects.toThrow("b cannot start");
    expect(events).toEqual(["start a", "start b", "stop b", "stop a"]);
    await group.stop();
    expect(events).toHaveLength(4);
  });

  it("stops every component when some fail to, and reports those", async () => {
    const events: string[] = [];
    const group = new ComponentGroup(
      [new Recorder("a", events, "stop"), new Recorder("b", events, "stop")],
      silentLogger,
    );
    await group.start();
    const error: unknown = await group.stop().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors.map(String)).toEqual([
      "Error: b cannot stop",
      "Error: a cannot stop",
    ]);
  });

  it("gives up a start during which it is stopped", async () => {
    const events: string[] = [];
    const slow = new Recorder("a", events);
    let open = () => {};
    slow.gate = new Promise((resolve) => {
      open = resolve;
    });
    const group = new ComponentGroup([slow, new Recorder("b", events)], silentLogger);
    const starting = group.start();
    const stopping = group.stop();
    await settle();
    expect(events).toEqual(["start a"]);
    open();
    await expect(starting).rejects.toThrow("stopped while starting");
    await stopping;
    expect(events).toEqual(["start a", "stop a"]);
  });

  it("starts nothing after it was stopped", async () => {
    const events: string[] = [];
    const group = new ComponentGroup([new Recorder("a", events)], silentLogger);
    await group.stop();
    await expect(group.start()).rejects.toThrow("stopped while starting");
    expect(events).toEqual([]);
  });
});
