import { EventEmitter } from "node:events";
import type { ServerUnaryCall, StatusObject, sendUnaryData } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import { CacheError, type Logger, silentLogger } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { type CallContext, unary } from "./unary.js";

interface LoggedError {
  readonly err: unknown;
  readonly rpc: string;
}

function fakeCall(deadline: Date | number = Number.POSITIVE_INFINITY, cancelled = false) {
  return Object.assign(new EventEmitter(), {
    request: { key: "a" },
    cancelled,
    getDeadline: () => deadline,
    getPath: () => "/holdfast.v1.Cache/Get",
  }) as EventEmitter & ServerUnaryCall<{ key: string }, { value: string }>;
}

/** Runs one call and gives what went back to the caller. */
function answer(
  handle: (request: { key: string }, context: CallContext) => Promise<{ value: string }>,
  { call = fakeCall(), logger = silentLogger, clock = new FakeClock(1_000) } = {},
): Promise<{ error: Partial<StatusObject> | null; value: unknown }> {
  return new Promise((resolve) => {
    const callback: sendUnaryData<{ value: string }> = (error, value) => resolve({ error, value });
    unary(logger, handle, { clock, defaultBudgetMs: 700 })(call, callback);
  });
}

function recordingLogger(): { logger: Logger; errors: LoggedError[] } {
  const errors: LoggedError[] = [];
  const error = (fields: object) => errors.push(fields as LoggedError);
  return { logger: { ...silentLogger, error }, errors };
}

describe("unary", () => {
  it("answers with what the handler returns", async () => {
    const result = await answer(async ({ key }) => ({ value: key.toUpperCase() }));
    expect(result).toEqual({ error: null, value: { value: "A" } });
  });

  it("turns an error into its status, and logs nothing that is the caller's matter", async () => {
    const { logger, errors } = recordingLogger();
    const fail = async () => {
      throw new CacheError("OVERLOADED", "the queue is full");
    };
    const { error } = await answer(fail, { logger });
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: "the queue is full" });
    expect(error?.metadata?.get("holdfast-code")).toEqual(["OVERLOADED"]);
    expect(errors).toEqual([]);
  });

  it("hides a defect from the caller and shows it in the log", async () => {
    const { logger, errors } = recordingLogger();
    const defect = new TypeError("x is not a function");
    const fail = () => {
      throw defect;
    };
    const { error } = await answer(fail, { logger });
    expect(error).toMatchObject({ code: status.INTERNAL, details: "internal error" });
    expect(errors).toEqual([{ err: defect, rpc: "/holdfast.v1.Cache/Get" }]);
  });

  it("gives the caller's deadline on the monotonic scale", async () => {
    const deadlines: number[] = [];
    const keep = async (_: unknown, { deadlineMs }: CallContext) => {
      deadlines.push(deadlineMs);
      return { value: "" };
    };
    await answer(keep, { call: fakeCall(1_250) });
    await answer(keep, { call: fakeCall(new Date(1_400)) });
    await answer(keep);
    expect(deadlines).toEqual([1_250, 1_400, 1_700]);
  });

  it("aborts the signal when the call is cancelled, even before the handler runs", async () => {
    const call = fakeCall();
    const waiting = answer(
      (_, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve({ value: "aborted" }));
          call.emit("cancelled");
        }),
      { call },
    );
    expect((await waiting).value).toEqual({ value: "aborted" });
    const late = await answer(async (_, { signal }) => ({ value: String(signal.aborted) }), {
      call: fakeCall(Number.POSITIVE_INFINITY, true),
    });
    expect(late.value).toEqual({ value: "true" });
  });
});
