import { describe, expect, it } from "vitest";
import { type ConnectOptions, parseOptions } from "./options.js";

describe("Options", () => {
  it("are complete after parsing", () => {
    expect(parseOptions({ seeds: ["localhost:7400"] })).toMatchObject({
      seeds: ["localhost:7400"],
      timeoutMs: 5_000,
      clusterId: undefined,
      flight: { maxOperations: 10_000, maxBytes: 67_108_864 },
      batch: { maxOperations: 1_000, maxBytes: 1_048_576 },
      compression: { thresholdBytes: 4_096, algorithm: "gzip", level: 1 },
    });
  });

  it("report every problem at once", () => {
    const compression = { thresholdBytes: 0 };
    const options = {
      seeds: ["nowhere"],
      timeout: "soon",
      maxInFlight: 0,
      retries: 3,
      compression,
    };
    expect(() => parseOptions(options as ConnectOptions)).toThrowError(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message:
          "connect: unknown option retries; " +
          'seed "nowhere" is not "host:port"; ' +
          'timeout is "soon"; write "250ms", "90s" or "5m"; ' +
          "maxInFlight is 0; it must be a whole number of at least 1; " +
          "compression.thresholdBytes is 0; it must be a whole number of at least 1",
      }),
    );
  });

  it("refuse a waitForReady that is neither true nor false", () => {
    const options = { seeds: ["localhost:7400"], waitForReady: "no" };
    // What an application without types may pass.
    expect(() => parseOptions(options as unknown as ConnectOptions)).toThrowError(
      "waitForReady is no; it must be true or false",
    );
  });

  it.each([[[]], [undefined]])("refuse %j as seeds", (seeds) => {
    // What an application without types may pass.
    const options = { seeds } as ConnectOptions;
    expect(() => parseOptions(options)).toThrowError(
      'connect: seeds is empty; it needs at least one "host:port"',
    );
  });

  it.each(["host", "host:", "host:0", "host:65536", ":7400", "a b:7400"])(
    "refuse %j as a seed",
    (seed) => {
      expect(() => parseOptions({ seeds: [seed] })).toThrowError(`seed "${seed}"`);
    },
  );
});
