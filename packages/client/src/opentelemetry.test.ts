import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTelemetry } from "./opentelemetry.js";
import { startConnected } from "./testing/fake-client.js";

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => context.disable());

/** A client whose spans and metrics stay in memory. */
async function startTraced() {
  const spans = new InMemorySpanExporter();
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  const tracer = tracers.getTracer("test");
  const observer = openTelemetry({ tracer, meter: meters.getMeter("test") });
  const test = await startConnected({}, { observer });
  return {
    ...test,
    tracer,
    spans: () => spans.getFinishedSpans(),
    /** Points of a metric, each with its attributes. */
    async points(name: string) {
      await meters.forceFlush();
      const last = exporter.getMetrics().at(-1);
      const metrics = last?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
      return metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
    },
    async [Symbol.asyncDispose]() {
      await test[Symbol.asyncDispose]();
      await meters.shutdown();
      await tracers.shutdown();
    },
  };
}

const SET = {
  "db.system.name": "holdfast",
  "db.operation.name": "SET",
  "db.collection.name": "products",
};

describe("With OpenTelemetry", () => {
  it("each operation has a span below the one that is active where it is called", async () => {
    await using test = await startTraced();
    const parent = test.tracer.startSpan("request");
    await context.with(trace.setSpan(context.active(), parent), async () => {
      await test.cache.set("secret-key", "secret-value");
      // Also after the answer to another operation, which came on a connection of nobody's context.
      await test.cache.get("secret-key");
    });
    const [set, get] = test.spans();
    expect(set).toMatchObject({
      name: "SET products",
      kind: SpanKind.CLIENT,
      attributes: { ...SET, "holdfast.attempts": 1 },
      status: { code: SpanStatusCode.UNSET },
    });
    expect(get?.name).toBe("GET products");
    for (const span of [set, get]) {
      expect(span?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
      expect(span?.spanContext().traceId).toBe(parent.spanContext().traceId);
    }
    expect(JSON.stringify([set?.attributes, get?.attributes])).not.toContain("secret");
  });

  it("failures are marked with the code of their error", async () => {
    await using test = await startTraced();
    test.node.intercept = () => ({ code: "READ_ONLY", message: "no secrets" });
    await expect(test.cache.set("a", "v")).rejects.toThrowError();
    const [span] = test.spans();
    expect(span?.attributes).toEqual({ ...SET, "error.type": "READ_ONLY", "holdfast.attempts": 1 });
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR });
  });

  it("durations, repeated sends and open connections are measured", async () => {
    await using test = await startTraced();
    let refusals = 0;
    test.node.intercept = () => {
      refusals += 1;
      return refusals <= 2 ? { code: "OVERLOADED", message: "later" } : undefined;
    };
    await test.cache.set("a", "v");
    await test.cache.set("a", "w");
    const [duration] = await test.points("db.client.operation.duration");
    expect(duration).toMatchObject({ attributes: SET, value: { count: 2 } });
    expect(duration?.value).toHaveProperty("sum", expect.closeTo(0.1, 0));
    expect(await test.points("holdfast.client.resends")).toMatchObject([{ value: 2 }]);
    expect(await test.points("holdfast.client.connections")).toMatchObject([{ value: 1 }]);
    await test.client.close();
    expect(await test.points("holdfast.client.connections")).toMatchObject([{ value: 0 }]);
  });
});
