/**
 * What the client needs of a network: streams and calls to an address. `connections.ts`, with `relay.ts`,
 * implements it over gRPC; everything else in the client sees only these interfaces, so that it can
 * be tested without a network.
 */
import type { CacheError } from "@holdfast/core";
import type {
  Operation,
  Reply__Output,
  StatsRequest,
  StatsResponse__Output,
  TopologyView__Output,
  WarmProgress__Output,
  WarmRequest,
} from "@holdfast/proto";

export interface StreamHandlers<Message> {
  message(message: Message): void;
  /** Once, and last; not after `close()`. Without an error: the other side finished. */
  ended(error: CacheError | undefined): void;
}

export interface OpenStream {
  close(): void;
}

export interface BatchStream extends OpenStream {
  /**
   * Sends a batch, in the form of the wire. `taken` is called when the transport has accepted it and has room for
   * another one; who writes before that makes the process's memory the buffer.
   */
  write(batch: Buffer, taken: () => void): void;
}

export interface Wire {
  /** Brings replies in the form of the wire. */
  openPipe(address: string, handlers: StreamHandlers<Buffer>): BatchStream;
  watchTopology(address: string, handlers: StreamHandlers<TopologyView__Output>): OpenStream;
  warm(
    address: string,
    request: WarmRequest,
    handlers: StreamHandlers<WarmProgress__Output>,
  ): OpenStream;
  stats(address: string, request: StatsRequest, budgetMs: number): Promise<StatsResponse__Output>;
  /**
   * Runs one operation as a unary call, which any node takes and passes on to the owner. Rejects
   * when there was no answer; `begin` is called before the operation leaves the process, and stops
   * it by returning false.
   */
  relay(
    address: string,
    operation: Operation,
    budgetMs: number,
    begin: () => boolean,
  ): Promise<Reply__Output>;
  close(): void;
}
