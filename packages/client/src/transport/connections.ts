/**
 * The client's door to gRPC: makes its channels and streams, and calls on them. Besides this file
 * only pipe-connection.ts, which is the stream of a pipe, and relay.ts, which is handed a channel for the unary form of
 * an operation, touch gRPC's objects. What the rest of the client gets are the interfaces in wire.ts, and every failure
 * is a CacheError.
 *
 * Each stream has a connection of its own, made anew after every failure: a channel of grpc-js that outlives
 * failures backs off in ways of its own, up to two minutes, and has been known to hang after its
 * target restarted. How often a new one is tried is decided in members.ts and topology-follower.ts.
 */
import {
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ClientDuplexStream,
  credentials,
  type ServiceError,
} from "@grpc/grpc-js";
import { CacheError, type Clock } from "@holdfast/core";
import {
  Cache,
  type CacheClient,
  fromServiceError,
  type Operation,
  type Reply__Output,
  type StatsRequest,
  type StatsResponse__Output,
  Topology,
  type TopologyView__Output,
  type WarmProgress__Output,
  type WarmRequest,
} from "@holdfast/proto";
import { PipeConnection } from "./pipe-connection.js";
import { relayOperation } from "./relay.js";
import type { BatchStream, OpenStream, StreamHandlers, Wire } from "./wire.js";

/** Larger than any batch: 1 MiB, or one operation with a value of 4 MiB. */
const MAX_SEND_BYTES = 8 * 1024 * 1024;
/** Replies are batched by the node; a topology of 16,384 partitions has less than 1 MiB. */
const MAX_RECEIVE_BYTES = 64 * 1024 * 1024;

/** Channels for single calls are kept; more than this many means that members come and go. */
const MAX_CALL_CHANNELS = 16;

/** Longest wait for a connection before a single call. */
const CONNECT_MAX_MS = 2_000;

/** A paused process still acknowledges packets; only an unanswered ping finds it out. */
const PING = { everyMs: 5_000, timeoutMs: 3_000 };

const WINDOW_BYTES = 1024 * 1024;

const CHANNEL_OPTIONS: ChannelOptions = {
  "grpc.keepalive_time_ms": PING.everyMs,
  "grpc.keepalive_timeout_ms": PING.timeoutMs,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.max_send_message_length": MAX_SEND_BYTES,
  "grpc.max_receive_message_length": MAX_RECEIVE_BYTES,
  "grpc-node.flow_control_window": WINDOW_BYTES,
  // Retries are decided in retry.ts, which knows what may be repeated.
  "grpc.enable_retries": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_channelz": 0,
  // Cluster addresses are not for a proxy that the environment names for the outside world.
  "grpc.enable_http_proxy": 0,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  "grpc.dns_min_time_between_resolutions_ms": 1_000,
};

const INSECURE = credentials.createInsecure();

const PIPE = {
  maxBytes: MAX_RECEIVE_BYTES,
  windowBytes: WINDOW_BYTES,
  pingEveryMs: PING.everyMs,
  pingTimeoutMs: PING.timeoutMs,
  farewellMs: 10_000,
};

/** The part of a gRPC stream that is used here, whatever its direction. */
interface GrpcStream<Message> {
  on(event: "data", listener: (message: Message) => void): unknown;
  on(event: "error", listener: (error: ServiceError) => void): unknown;
  on(event: "status", listener: () => void): unknown;
  cancel(): void;
}

export class GrpcConnections implements Wire {
  readonly #clock: Clock;
  readonly #credentials: ChannelCredentials;
  readonly #callChannels = new Map<string, CacheClient>();

  /** @param channelCredentials - where given, pipes too are calls of grpc-js: nobody else can read them. */
  constructor(clock: Clock, channelCredentials: ChannelCredentials = INSECURE) {
    this.#clock = clock;
    this.#credentials = channelCredentials;
  }

  openPipe(address: string, handlers: StreamHandlers<Buffer>): BatchStream {
    const isPlain = this.#credentials === INSECURE;
    if (isPlain) return new PipeConnection(address, handlers, { ...PIPE, clock: this.#clock });
    const client = this.#cacheClient(address);
    // The contract leaves the messages of pipes as they are on the wire; the generated types do not know that.
    const call = client.Pipe() as unknown as ClientDuplexStream<Buffer, Buffer>;
    return {
      ...attach(client, call, handlers),
      write: (batch, taken) => {
        call.write(batch, (error?: Error | null) => {
          // A failed write is told by the stream's own end; it must not send anything further.
          if (!error) taken();
        });
      },
    };
  }

  watchTopology(address: string, handlers: StreamHandlers<TopologyView__Output>): OpenStream {
    const client = new Topology(address, this.#credentials, CHANNEL_OPTIONS);
    return attach(client, client.Watch({}), handlers);
  }

  warm(
    address: string,
    request: WarmRequest,
    handlers: StreamHandlers<WarmProgress__Output>,
  ): OpenStream {
    const client = this.#cacheClient(address);
    return attach(client, client.Warm(request), handlers);
  }

  stats(address: string, request: StatsRequest, budgetMs: number): Promise<StatsResponse__Output> {
    return new Promise((resolve, reject) => {
      const options = { deadline: this.#deadlineAfter(budgetMs) };
      this.#callChannel(address).Stats(request, options, (error, response) => {
        if (error) reject(fromServiceError(error));
        else if (response === undefined) reject(new CacheError("INTERNAL", "an empty answer"));
        else resolve(response);
      });
    });
  }

  async relay(
    address: string,
    operation: Operation,
    budgetMs: number,
    begin: () => boolean,
  ): Promise<Reply__Output> {
    const client = this.#callChannel(address);
    // Until there is a connection nothing was sent, and the caller may go elsewhere with a write.
    await connected(client, this.#deadlineAfter(Math.min(budgetMs, CONNECT_MAX_MS)));
    if (!begin()) throw new CacheError("CLOSED", "nobody waits for the answer");
    return relayOperation(client, operation, { deadline: this.#deadlineAfter(budgetMs) });
  }

  /** Ends the channels of single calls. Streams belong to those who opened them. */
  close(): void {
    for (const client of this.#callChannels.values()) client.close();
    this.#callChannels.clear();
  }

  /** gRPC takes instants, by the wall clock. */
  #deadlineAfter(budgetMs: number): number {
    return this.#clock.systemNow() + budgetMs;
  }

  #cacheClient(address: string): CacheClient {
    return new Cache(address, this.#credentials, CHANNEL_OPTIONS);
  }

  #callChannel(address: string): CacheClient {
    const kept = this.#callChannels.get(address);
    if (kept !== undefined) return kept;
    const [oldest] = this.#callChannels;
    if (oldest !== undefined && this.#callChannels.size >= MAX_CALL_CHANNELS) {
      this.#callChannels.delete(oldest[0]);
      oldest[1].close();
    }
    const client = this.#cacheClient(address);
    this.#callChannels.set(address, client);
    return client;
  }
}

function connected(client: Client, deadlineMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    client.waitForReady(deadlineMs, (error) => {
      if (error === undefined) resolve();
      else reject(new CacheError("UNAVAILABLE", "no connection in time", { cause: error }));
    });
  });
}

/** Connects a stream to its handlers, and its end to the end of its channel. */
function attach<Message>(
  client: Client,
  call: GrpcStream<Message>,
  handlers: StreamHandlers<Message>,
): OpenStream {
  let isOver = false;
  const end = (error: CacheError | undefined) => {
    if (isOver) return;
    isOver = true;
    client.close();
    handlers.ended(error);
  };
  call.on("data", (message) => {
    if (!isOver) handlers.message(message);
  });
  call.on("error", (error) => end(fromServiceError(error)));
  call.on("status", () => end(undefined));
  return {
    close() {
      if (isOver) return;
      isOver = true;
      call.cancel();
      client.close();
    },
  };
}
