/** Connections to the other nodes, one each, opened when first needed and closed when they go. */
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { CacheError, type Clock, type Topology } from "@holdfast/core";
import { serverChannelOptions } from "@holdfast/process";
import {
  type Batch,
  fromServiceError,
  Peer,
  type PeerClient,
  type ReplayResponse__Output,
  type Replies__Output,
} from "@holdfast/proto";
import type { ReplicaHello, ReplicaStream, ReplicaStreamEvents } from "../replication/messages.js";
import { type JournalRecord, outcomeOf, type ReplayOutcome, toMessage } from "./journal-records.js";
import { toBatchMessage } from "./replica-records.js";

/** How long to wait for a connection, in milliseconds, before the topology is looked at again. */
const CONNECT_TIMEOUT_MS = 1_000;

export class Peers {
  readonly #clock: Clock;
  readonly #maxMessageBytes: number;
  readonly #clients = new Map<string, PeerClient>();

  /** @param maxMessageBytes - largest message in either direction; the same on every node. */
  constructor(clock: Clock, maxMessageBytes: number) {
    this.#clock = clock;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * Sends operations to another node and returns its replies.
   *
   * @throws {CacheError} `UNAVAILABLE` when no connection could be made: nothing was sent.
   *   `OUTCOME_UNKNOWN` when the connection broke or no answer came in time.
   */
  forward(address: string, batch: Batch, deadlineMs: number): Promise<Replies__Output> {
    return this.#call<Replies__Output>(address, deadlineMs, (client, options, done) =>
      client.Forward(batch, options, done),
    );
  }

  /**
   * Offers records of a journal to another node; outcomes in their order.
   *
   * @throws {CacheError} as `forward`. Offering them again is harmless.
   */
  async replay(
    address: string,
    records: readonly JournalRecord[],
    deadlineMs: number,
  ): Promise<readonly ReplayOutcome[]> {
    const budgetMs = Math.max(1, Math.floor(deadlineMs - this.#clock.monotonic()));
    const request = { epoch: 0, budgetMs, records: records.map(toMessage) };
    const { outcomes } = await this.#call<ReplayResponse__Output>(
      address,
      deadlineMs,
      (client, options, done) => client.Replay(request, options, done),
    );
    return outcomes.map(outcomeOf);
  }

  /** Opens a stream of replication. Never throws: what fails closes it. */
  openReplicaStream(
    address: string,
    hello: ReplicaHello,
    { onReply, onClosed }: ReplicaStreamEvents,
  ): ReplicaStream {
    const call = this.#client(address).Replicate();
    let greeting: ReplicaHello | undefined = hello;
    call.on("data", onReply);
    // Where nobody listens for it, an error ends the process. The status follows in any case.
    call.on("error", () => {});
    call.on("status", onClosed);
    return {
      send: (batch) => {
        call.write(toBatchMessage(batch, greeting));
        greeting = undefined;
      },
      close: () => call.cancel(),
    };
  }

  /** Closes the connections to nodes that are no longer there. */
  apply(topology: Topology): void {
    const known = new Set(topology.members.map(({ addresses }) => addresses.peer));
    for (const [address, client] of this.#clients) {
      if (known.has(address)) continue;
      client.close();
      this.#clients.delete(address);
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  async #call<Response>(
    address: string,
    deadlineMs: number,
    send: (
      client: PeerClient,
      options: { readonly deadline: Date },
      done: (error: ServiceError | null, response?: Response) => void,
    ) => void,
  ): Promise<Response> {
    const client = this.#client(address);
    const leftMs = Math.max(1, deadlineMs - this.#clock.monotonic());
    const deadline = new Date(this.#clock.systemNow() + leftMs);
    const connectBy = new Date(this.#clock.systemNow() + Math.min(leftMs, CONNECT_TIMEOUT_MS));
    await new Promise<void>((resolve, reject) => {
      client.waitForReady(connectBy, (error) => {
        if (error === undefined) resolve();
        else reject(new CacheError("UNAVAILABLE", `node at ${address} cannot be reached`));
      });
    });
    return new Promise((resolve, reject) => {
      send(client, { deadline }, (error, response) => {
        if (error === null && response !== undefined) return resolve(response);
        const why = error === null ? "an empty answer" : fromServiceError(error).message;
        reject(new CacheError("OUTCOME_UNKNOWN", `node at ${address} did not answer: ${why}`));
      });
    });
  }

  #client(address: string): PeerClient {
    let client = this.#clients.get(address);
    if (client === undefined) {
      const options = serverChannelOptions({ maxMessageBytes: this.#maxMessageBytes });
      client = new Peer(address, credentials.createInsecure(), options);
      this.#clients.set(address, client);
    }
    return client;
  }
}
