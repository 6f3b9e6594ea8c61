import { EventEmitter } from "node:events";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { InterruptedError, Interrupts } from "./interrupts.js";

function open() {
  const clock = new FakeClock();
  const source = new EventEmitter();
  let seconds = 0;
  const interrupts = new Interrupts({ source, clock, onSecond: () => seconds++ });
  return { clock, source, interrupts, seconds: () => seconds };
}

describe("Interrupts", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"])("asks the command to end at %s", (signal) => {
    const { interrupts, source } = open();
    expect(interrupts.signal.aborted).toBe(false);
    source.emit(signal);
    expect(interrupts.signal.reason).toBeInstanceOf(InterruptedError);
  });

  it("takes a signal that comes twice at once for one wish", () => {
    const { clock, seconds, source } = open();
    source.emit("SIGINT");
    clock.advance(999);
    source.emit("SIGINT");
    expect(seconds()).toBe(0);
    clock.advance(1);
    source.emit("SIGINT");
    expect(seconds()).toBe(1);
  });

  it("leaves the signals alone when it is done", () => {
    const { interrupts, source } = open();
    interrupts[Symbol.dispose]();
    expect(source.listenerCount("SIGINT")).toBe(0);
  });
});
