/**
 * One operation of the pipe as a unary call, and its response as a reply. Unary calls are passed on
 * by the node that takes them; a client goes this way while it cannot reach an owner itself. An
 * error that the node answered is a reply like any other; only a missing answer rejects.
 */
import type { CallOptions, ServiceError } from "@grpc/grpc-js";
import { CacheError } from "@holdfast/core";
import {
  type CacheClient,
  CODEC,
  completeReply,
  fromServiceError,
  type GetResponse__Output,
  type IncrementResponse__Output,
  isFromHandler,
  type Operation,
  type Reply__Output,
} from "@holdfast/proto";

type Callback<Response> = (error: ServiceError | null, response?: Response) => void;

/**
 * The kinds of operation that take this way. Not those that wait for the database, FLUSH and PERSISTED:
 * a connection carries a thousand calls at once, and the others would wait behind them.
 */
export function canRelay(kind: Operation["kind"]): boolean {
  return RELAYED.has(String(kind));
}

const RELAYED: ReadonlySet<string> = new Set([
  "GET",
  "LOAD",
  "SET",
  "DELETE",
  "TOUCH",
  "INCREMENT",
]);

export function relayOperation(
  client: CacheClient,
  operation: Operation,
  options: CallOptions,
): Promise<Reply__Output> {
  // The requests name the fields that they share with an operation alike; others are left out.
  switch (operation.kind) {
    case "GET":
      return call<GetResponse__Output>((done) => client.Get(operation, options, done), toRead);
    case "LOAD":
      return call<GetResponse__Output>(
        (done) => client.Get(operation, options, done),
        // Tokens are not to be had this way: for all that is known, somebody else is loading the key.
        (response) => (response.found ? toRead(response) : { term: response.term, filling: true }),
      );
    case "SET":
      return call((done) => client.Set(operation, options, done), applied);
    case "DELETE":
      return call((done) => client.Delete(operation, options, done), applied);
    case "TOUCH":
      return call((done) => client.Touch(operation, options, done), applied);
    case "INCREMENT":
      return call<IncrementResponse__Output>(
        (done) => client.Increment(operation, options, done),
        ({ value, version, term }) => ({
          value: Buffer.from(String(value)),
          encoding: CODEC.json,
          outcome: "APPLIED",
          version,
          term,
        }),
      );
    default:
      throw new Error(`${operation.kind} is not relayed`);
  }
}

function toRead(response: GetResponse__Output): Partial<Reply__Output> {
  const { found, value, ttlLeftMs, ...read } = response;
  return {
    ...read,
    ...(found ? { value } : {}),
    ...(ttlLeftMs === undefined ? {} : { ttlLeftMs }),
  };
}

function applied(response: {
  readonly version: number;
  readonly term: number;
  readonly degraded?: boolean;
}): Partial<Reply__Output> {
  const { version, term, degraded = false } = response;
  return { outcome: "APPLIED", version, term, degraded };
}

function call<Response>(
  start: (done: Callback<Response>) => unknown,
  toReply: (response: Response) => Partial<Reply__Output>,
): Promise<Reply__Output> {
  return new Promise((resolve, reject) => {
    start((error, response) => {
      if (error !== null) {
        const failure = fromServiceError(error);
        if (isFromHandler(error)) resolve(errorReply(failure));
        else reject(failure);
      } else if (response === undefined) {
        reject(new CacheError("INTERNAL", "an empty answer"));
      } else {
        resolve(completeReply(toReply(response)));
      }
    });
  });
}

function errorReply(error: CacheError): Reply__Output {
  const outcome = error.code === "OUTCOME_UNKNOWN" ? "UNKNOWN" : "NOT_APPLIED";
  return completeReply({ code: error.code, message: error.message, outcome });
}
