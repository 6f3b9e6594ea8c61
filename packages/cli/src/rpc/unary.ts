/**
 * Calls of the command line to a cluster's services: deadlines, errors, and clients that are closed
 * when the call is done. This folder is the only one in the package that touches gRPC objects.
 *
 * A command makes a handful of calls and ends, so each makes its own connection.
 */
import {
  type CallOptions,
  type Client,
  type ClientOptions,
  type ClientUnaryCall,
  credentials,
  type ServiceError,
} from "@grpc/grpc-js";
import type { Clock } from "@holdfast/core";
import { fromServiceError } from "@holdfast/proto";

/** A topology of 16,384 partitions takes a few hundred kilobytes. */
const MESSAGE_MAX_BYTES = 16 * 1024 * 1024;

const CLIENT_OPTIONS: ClientOptions = {
  "grpc.enable_channelz": 0,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  "grpc.max_receive_message_length": MESSAGE_MAX_BYTES,
  "grpc.service_config_disable_resolution": 1,
};

export interface CallTarget {
  /** `host:port`. */
  readonly address: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

type ClientClass<C extends Client> = new (
  address: string,
  channelCredentials: ReturnType<typeof credentials.createInsecure>,
  options: ClientOptions,
) => C;

export function makeClient<C extends Client>(Class: ClientClass<C>, address: string): C {
  return new Class(address, credentials.createInsecure(), CLIENT_OPTIONS);
}

/**
 * Makes one call on a connection of its own.
 *
 * @throws {CacheError} what the server answered; `UNAVAILABLE` when it cannot be reached.
 */
export async function callOnce<C extends Client, Response>(
  Class: ClientClass<C>,
  target: CallTarget,
  call: (
    client: C,
    options: CallOptions,
    done: (error: ServiceError | null, response?: Response) => void,
  ) => ClientUnaryCall,
): Promise<Response> {
  const client = makeClient(Class, target.address);
  // gRPC takes an instant of the wall clock.
  const deadline = target.clock.systemNow() + target.timeoutMs;
  try {
    return await new Promise((resolve, reject) => {
      call(client, { deadline }, (error, response) => {
        if (error === null && response !== undefined) resolve(response);
        else reject(error === null ? new Error("empty answer") : fromServiceError(error));
      });
    });
  } finally {
    client.close();
  }
}
