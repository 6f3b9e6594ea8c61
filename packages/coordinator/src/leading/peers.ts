/** The nodes, as the leader talks to them. `rpc/grpc-peers.ts` reaches them over the network. */
import type { Topology } from "@holdfast/core";
import type { ReleaseRequest, ReleaseResponse__Output } from "@holdfast/proto";

export interface CallLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface Peers {
  /** Asks an owner to let go of partitions. @throws {CacheError} when there is no answer. */
  release(
    address: string,
    request: ReleaseRequest,
    limits: CallLimits,
  ): Promise<ReleaseResponse__Output>;

  /** The topology that a node holds; `address` is the one for clients. @throws {CacheError} */
  topology(address: string, limits: CallLimits): Promise<Topology | undefined>;

  /** Closes the clients of every other address. */
  retain(addresses: ReadonlySet<string>): void;

  close(): void;
}
