import { describe, expect, it } from "vitest";
import { EndpointRotation } from "./endpoint-rotation.js";

const endpoints = ["a", "b", "c"].map((address) => ({ address, client: address }));

describe("EndpointRotation", () => {
  it("stays with an endpoint until it is left", () => {
    const rotation = new EndpointRotation(endpoints, 1);
    expect(rotation.current.address).toBe("b");
    expect(rotation.current.address).toBe("b");
    rotation.leave(rotation.current);
    expect(rotation.current.address).toBe("c");
    rotation.leave(rotation.current);
    expect(rotation.current.address).toBe("a");
  });

  it("moves on once when several calls fail on the same endpoint", () => {
    const rotation = new EndpointRotation(endpoints, 0);
    const failed = rotation.current;
    rotation.leave(failed);
    rotation.leave(failed);
    expect(rotation.current.address).toBe("b");
  });

  it("goes on with a single endpoint", () => {
    const rotation = new EndpointRotation(endpoints.slice(0, 1), 5);
    rotation.leave(rotation.current);
    expect(rotation.current.address).toBe("a");
  });
});
