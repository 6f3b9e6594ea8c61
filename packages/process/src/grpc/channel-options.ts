/**
 * How this project's servers call each other: grpc-js's defaults are made for public services
 * behind name resolution, and wait for minutes where a cluster must notice within seconds.
 */
import type { ChannelOptions } from "@grpc/grpc-js";

export interface ServerChannelOptions {
  /** Largest message in either direction, in bytes. */
  readonly maxMessageBytes: number;
  /**
   * Whether the channel has a connection of its own. By default channels to one address share one,
   * and a large transfer holds up everything beside it.
   */
  readonly ownConnection?: boolean;
}

/** For calls from node to node and from coordinator to node. Every call still needs a deadline. */
export function serverChannelOptions(options: ServerChannelOptions): ChannelOptions {
  return {
    // Finds a peer that vanished without closing: a ping after 10 s, given up 2.5 s later.
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 2_500,
    "grpc.keepalive_permit_without_calls": 1,
    // A peer that restarts is back within a second; the default upper bound is two minutes.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1_000,
    "grpc.dns_min_time_between_resolutions_ms": 1_000,
    // Whether a call may be repeated depends on what it writes, which only its caller knows.
    "grpc.enable_retries": 0,
    "grpc.service_config_disable_resolution": 1,
    // The bookkeeping for its debugging service has leaked memory more than once.
    "grpc.enable_channelz": 0,
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.max_send_message_length": options.maxMessageBytes,
    ...(options.ownConnection ? { "grpc.use_local_subchannel_pool": 1 } : {}),
  };
}
