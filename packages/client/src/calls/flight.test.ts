import { describe, expect, it } from "vitest";
import { Flight } from "./flight.js";

describe("Flight", () => {
  it("refuses the operation that is one too many, and takes it when another has left", () => {
    const flight = new Flight({ maxOperations: 2, maxBytes: 100 });
    flight.enter(10);
    flight.enter(10);
    expect(() => flight.enter(10)).toThrowError(
      expect.objectContaining({
        code: "OVERLOADED",
        message: "2 operations are in flight already",
      }),
    );
    flight.leave(10);
    flight.enter(10);
    expect(flight.operations).toBe(2);
  });

  it("refuses bytes above its bound, but never a single operation", () => {
    const flight = new Flight({ maxOperations: 10, maxBytes: 100 });
    flight.enter(500);
    expect(() => flight.enter(1)).toThrowError("500 of 100 bytes are in flight");
    flight.leave(500);
    expect(flight.bytes).toBe(0);
  });
});
