import { EventEmitter } from "node:events";
import { type sendUnaryData, status } from "@grpc/grpc-js";
import { silentLogger } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import type { Operation__Output, Reply } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { type CacheBackend, createCacheService } from "./cache-service.js";
import { Pipes } from "./pipe.js";
import { requestContext } from "./request-context.js";

const identity = () => ({ nodeId: "n1", incarnation: "i1" });
const KEY = Buffer.from("k");

/** The unary calls of a node whose operations are all answered alike. */
function createService(answer: Reply) {
  const clock = new FakeClock();
  const operations: Operation__Output[] = [];
  const backend: CacheBackend = {
    identity,
    executeAll: async (asked) => {
      operations.push(...asked);
      return asked.map(() => answer);
    },
    clear: async () => {},
    stats: () => ({}),
    warm: async function* () {},
  };
  const pipes = new Pipes({
    clusterId: "c",
    identity: () => ({ ...identity(), epoch: 1 }),
    begin: () => {},
    answerPlain: () => false,
    execute: () => answer,
    requestContext: (epoch, budgetMs) => requestContext(clock, epoch, budgetMs),
    clock,
  });
  const service = createCacheService(backend, pipes, clock, silentLogger);
  const call = (method: "Flush" | "Persisted", request: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const incoming = Object.assign(new EventEmitter(), { request, getDeadline: () => Infinity });
      const done: sendUnaryData<unknown> = (error, response) =>
        error ? reject(error) : resolve(response);
      service[method](incoming as never, done);
    });
  return { call, operations };
}

describe("Flush", () => {
  it("flushes one key, and tells what became of it", async () => {
    const flushed = { persisted: 0, refused: 1, dirty: 0, moved: 0, refusedKeys: [KEY] };
    const { call, operations } = createService({ code: "OK", term: 3, flushed });
    const response = await call("Flush", { cache: "c", key: KEY });
    expect(response).toMatchObject({ flushed, term: 3, ...identity() });
    expect(operations).toMatchObject([{ kind: "FLUSH", cache: "c", key: KEY }]);
  });

  it("is refused without a key, and flushes nothing", async () => {
    const { call, operations } = createService({ code: "OK" });
    await expect(call("Flush", { cache: "c", key: Buffer.alloc(0) })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: "Flush needs a key; whole caches are flushed by the SDK or by `holdfast flush`",
    });
    expect(operations).toEqual([]);
  });
});

describe("Persisted", () => {
  const request = { cache: "c", key: KEY, version: 7, ack: "JOURNAL" };

  it.each([
    ["APPLIED", true],
    ["NOT_APPLIED", false],
  ] as const)("asks for a version of a key: %s", async (outcome, persisted) => {
    const { call, operations } = createService({ code: "OK", term: 3, outcome });
    const response = await call("Persisted", request);
    expect(response).toMatchObject({ persisted, term: 3, ...identity() });
    expect(operations).toMatchObject([{ kind: "PERSISTED", ...request }]);
  });

  it.each([
    ["DEAD_LETTER", status.FAILED_PRECONDITION],
    ["WRITE_LOST", status.DATA_LOSS],
  ] as const)("fails with %s where the database will never have it", async (code, grpc) => {
    const { call } = createService({ code, message: "never" });
    await expect(call("Persisted", request)).rejects.toMatchObject({ code: grpc });
  });
});
