/**
 * The nodes over gRPC: the one file of this package that makes gRPC clients.
 *
 * Clients are kept by address and closed when no member has that address any more. Behind one
 * address there may be another process than before, so every request names the incarnation that it
 * is meant for.
 */
import { type CallOptions, type ClientReadableStream, credentials } from "@grpc/grpc-js";
import type { Clock, Topology } from "@holdfast/core";
import { serverChannelOptions } from "@holdfast/process";
import {
  fromServiceError,
  MAX_TOPOLOGY_MESSAGE_BYTES,
  Peer,
  type PeerClient,
  type ReleaseRequest,
  type ReleaseResponse__Output,
  Topology as TopologyService,
  type TopologyView__Output,
  topologyFromMessage,
} from "@holdfast/proto";
import type { CallLimits, Peers } from "../leading/peers.js";

export class GrpcPeers implements Peers {
  readonly #clock: Clock;
  readonly #clients = new Map<string, PeerClient>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  release(
    address: string,
    request: ReleaseRequest,
    { timeoutMs, signal }: CallLimits,
  ): Promise<ReleaseResponse__Output> {
    const client = this.#client(address);
    return new Promise((resolve, reject) => {
      const call = client.release(request, this.#options(timeoutMs), (error, response) => {
        signal.removeEventListener("abort", cancel);
        if (error !== null) reject(fromServiceError(error));
        else if (response === undefined) reject(new Error("release answered nothing"));
        else resolve(response);
      });
      const cancel = () => call.cancel();
      if (signal.aborted) cancel();
      else signal.addEventListener("abort", cancel, { once: true });
    });
  }

  async topology(
    address: string,
    { timeoutMs, signal }: CallLimits,
  ): Promise<Topology | undefined> {
    const client = new TopologyService(
      address,
      credentials.createInsecure(),
      serverChannelOptions({ maxMessageBytes: MAX_TOPOLOGY_MESSAGE_BYTES }),
    );
    try {
      const call = client.watch({}, this.#options(timeoutMs));
      const view = await firstOf(call, signal);
      return view?.topology ? topologyFromMessage(view.topology) : undefined;
    } finally {
      client.close();
    }
  }

  retain(addresses: ReadonlySet<string>): void {
    for (const [address, client] of this.#clients) {
      if (addresses.has(address)) continue;
      this.#clients.delete(address);
      client.close();
    }
  }

  close(): void {
    this.retain(new Set());
  }

  #options(timeoutMs: number): CallOptions {
    return { deadline: this.#clock.systemNow() + timeoutMs };
  }

  #client(address: string): PeerClient {
    const known = this.#clients.get(address);
    if (known !== undefined) return known;
    const options = serverChannelOptions({ maxMessageBytes: MAX_TOPOLOGY_MESSAGE_BYTES });
    const client = new Peer(address, credentials.createInsecure(), options);
    this.#clients.set(address, client);
    return client;
  }
}

/** The first view of a watch; the watch ends with it. */
function firstOf(
  call: ClientReadableStream<TopologyView__Output>,
  signal: AbortSignal,
): Promise<TopologyView__Output | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = () => call.cancel();
    const finish = () => {
      signal.removeEventListener("abort", cancel);
      cancel();
    };
    call.once("data", (view: TopologyView__Output) => {
      resolve(view);
      finish();
    });
    call.once("end", () => {
      resolve(undefined);
      finish();
    });
    // Stays attached: the cancellation itself arrives as an error.
    call.on("error", (error) => {
      signal.removeEventListener("abort", cancel);
      reject(error);
    });
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
  });
}
