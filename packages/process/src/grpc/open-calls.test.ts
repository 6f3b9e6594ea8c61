import { EventEmitter } from "node:events";
import { type ServiceDefinition, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { OpenCalls } from "./open-calls.js";

/** The part of a service definition that is looked at. */
const definition = {
  Get: { requestStream: false, responseStream: false, originalName: "get" },
  Watch: { requestStream: false, responseStream: true, originalName: "watch" },
  Pipe: { requestStream: true, responseStream: true, originalName: "pipe" },
} as unknown as ServiceDefinition;

/** Handlers whose calls stay open, counted as a server would count them. */
function createCalls() {
  const calls = new OpenCalls();
  const handled: string[] = [];
  const handlers: UntypedServiceImplementation = {
    Get: () => handled.push("Get"),
    watch: () => handled.push("Watch"),
    Pipe: () => handled.push("Pipe"),
  };
  const tracked = calls.track(definition, handlers) as unknown as Record<
    string,
    (call: EventEmitter, answer?: (error: object | null) => void) => void
  >;
  const ends: unknown[] = [];
  const open = (name: string): EventEmitter => {
    const stream = new EventEmitter();
    stream.on("error", (error: { code: status }) => ends.push(`${name} ${status[error.code]}`));
    tracked[name]?.(stream, (error) => ends.push(`${name} ${JSON.stringify(error)}`));
    return stream;
  };
  return { calls, handled, ends, open };
}

describe("OpenCalls", () => {
  it("ends the endless streams when the server stops, and leaves everything else", () => {
    const { calls, ends, open } = createCalls();
    for (const name of ["Get", "watch", "Pipe"]) open(name);
    calls.stop();
    expect(ends).toEqual(["watch UNAVAILABLE"]);
  });

  it("ends an endless stream that begins while the server stops, unhandled", () => {
    const { calls, handled, ends, open } = createCalls();
    calls.stop();
    open("watch");
    open("Pipe");
    expect(ends).toEqual(["watch UNAVAILABLE"]);
    expect(handled).toEqual(["Pipe"]);
  });

  it("ends everything once, in the end", () => {
    const { calls, ends, open } = createCalls();
    open("Get");
    open("Pipe");
    calls.endAll();
    expect(ends).toEqual([
      `Get ${JSON.stringify({ code: status.UNAVAILABLE, details: "the server is stopping" })}`,
      "Pipe UNAVAILABLE",
    ]);
    expect(calls.size).toBe(1);
  });

  it.each(["cancelled", "finish"])("forgets a stream on %j", (event) => {
    const { calls, ends, open } = createCalls();
    const stream = open("Pipe");
    expect(calls.size).toBe(1);
    stream.emit(event);
    calls.endAll();
    expect([calls.size, ends]).toEqual([0, []]);
  });
});
