/**
 * An entry point of its own, `@holdfast/client/opentelemetry`: spans and metrics by OpenTelemetry's
 * conventions for database clients. Nothing else in the client knows OpenTelemetry, so whoever does not
 * import this needs no package of it.
 *
 * Names of caches are told, keys and values never.
 */
import {
  type Attributes,
  context,
  type Meter,
  metrics,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { ClientObserver, FinishedOperation, StartedOperation } from "./calls/observer.js";

export interface OpenTelemetryOptions {
  /** Default: `@holdfast/client` of the global tracer provider. */
  readonly tracer?: Tracer | undefined;
  /** Default: `@holdfast/client` of the global meter provider. */
  readonly meter?: Meter | undefined;
}

const SCOPE = "@holdfast/client";

/** In seconds: what the conventions recommend, and below it what a cache takes. */
const BOUNDARIES = [
  0.0001, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10,
];

/**
 * Makes what `connect` takes as its `observer`:
 *
 *   - a span for each operation, of kind client, below the span that is active where it is called;
 *   - `db.client.operation.duration`, a histogram in seconds;
 *   - `holdfast.client.resends`, how often operations were sent more than once;
 *   - `holdfast.client.connections`, how many are open to nodes.
 *
 * Attributes: `db.system.name`, `db.operation.name` (`GET`, `SET` …), `db.collection.name` (the cache),
 * and after a failure `error.type` (the error's code, or `ABORTED`); of spans also `holdfast.attempts`.
 *
 * @example
 * ```ts
 * const cluster = await connect({ seeds, observer: openTelemetry() });
 * ```
 */
export function openTelemetry(options: OpenTelemetryOptions = {}): ClientObserver {
  const { tracer = trace.getTracer(SCOPE), meter = metrics.getMeter(SCOPE) } = options;
  const durations = meter.createHistogram("db.client.operation.duration", {
    description: "Duration of operations on caches.",
    unit: "s",
    advice: { explicitBucketBoundaries: BOUNDARIES },
  });
  const resends = meter.createCounter("holdfast.client.resends", {
    description: "Times that an operation was sent again.",
    unit: "{request}",
  });
  const connections = meter.createUpDownCounter("holdfast.client.connections", {
    description: "Open connections to nodes.",
    unit: "{connection}",
  });
  return {
    operationStarted(operation) {
      const { kind, cache } = operation;
      const name = cache === "" ? kind : `${kind} ${cache}`;
      const attributes = attributesOf(operation);
      const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, context.active());
      return (finished) => {
        span.setAttribute("holdfast.attempts", finished.attempts);
        if (finished.outcome !== "OK") {
          span.setAttribute("error.type", finished.outcome);
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        span.end();
      };
    },
    operationFinished(finished) {
      const attributes = endAttributesOf(finished);
      durations.record(finished.durationMs / 1_000, attributes);
      if (finished.attempts > 1) resends.add(finished.attempts - 1, attributes);
    },
    connectionOpened: () => connections.add(1),
    connectionClosed: () => connections.add(-1),
  };
}

function attributesOf({ kind, cache }: StartedOperation): Attributes {
  return {
    "db.system.name": "holdfast",
    "db.operation.name": kind,
    "db.collection.name": cache,
  };
}

function endAttributesOf(finished: FinishedOperation): Attributes {
  const attributes = attributesOf(finished);
  if (finished.outcome !== "OK") attributes["error.type"] = finished.outcome;
  return attributes;
}
