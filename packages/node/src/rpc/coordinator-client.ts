/**
 * Calls to the leading coordinator, wherever it is now. Each call is sent once and may fail;
 * callers repeat what the topology shows to be undone.
 */
import { type ChannelCredentials, credentials, type ServiceError } from "@grpc/grpc-js";
import { CacheError, type Clock, type Incarnation } from "@holdfast/core";
import { serverChannelOptions } from "@holdfast/process";
import {
  Control,
  type ControlClient,
  fromServiceError,
  type RemoveInSyncResponse__Output,
} from "@holdfast/proto";
import type { InSyncChange } from "../replication/in-sync-demands.js";

const CHANNEL_OPTIONS = serverChannelOptions({ maxMessageBytes: 4 * 2 ** 20 });

/** How long one call may take, in milliseconds. */
const CALL_TIMEOUT_MS = 2_000;

export class CoordinatorClient {
  readonly #address: () => string;
  readonly #clock: Clock;
  readonly #credentials: ChannelCredentials = credentials.createInsecure();
  #client: { readonly address: string; readonly control: ControlClient } | undefined;

  /** @param address - `host:port` of the present leader, or an empty string. */
  constructor(address: () => string, clock: Clock) {
    this.#address = address;
    this.#clock = clock;
  }

  /** Asks for a term of at least `minTerm` for a partition that this incarnation owns. */
  async requestTerm(
    incarnation: Incarnation,
    partition: number,
    term: number,
    minTerm: number,
  ): Promise<void> {
    await this.#call((control, deadline, done) =>
      control.RequestTerm({ incarnation, partition, term, minTerm }, { deadline }, done),
    );
  }

  /** Asks for backups to be taken into in-sync sets, by the topology of this epoch. */
  async propose(from: Incarnation, epoch: number, changes: readonly InSyncChange[]): Promise<void> {
    const request = { incarnation: from, epoch, changes: [...changes] };
    await this.#call((control, deadline, done) =>
      control.ProposeInSync(request, { deadline }, done),
    );
  }

  /** Asks for members to be taken out of in-sync sets. Returns from which epoch on they are. */
  async remove(from: Incarnation, changes: readonly InSyncChange[]): Promise<number> {
    const request = { incarnation: from, changes: [...changes] };
    const { epoch } = await this.#call<RemoveInSyncResponse__Output>((control, deadline, done) =>
      control.RemoveInSync(request, { deadline }, done),
    );
    return epoch;
  }

  /** Says that these incarnations can no longer write to the database. */
  async reportFenced(fenced: readonly Incarnation[]): Promise<void> {
    await this.#call((control, deadline, done) =>
      control.ReportFenced({ fenced: [...fenced] }, { deadline }, done),
    );
  }

  /** Says that this incarnation serves nothing any more, and never will again. */
  async reportExit(nodeId: string, incarnation: Incarnation): Promise<void> {
    await this.#call((control, deadline, done) =>
      control.ReportExit({ nodeId, incarnation }, { deadline }, done),
    );
  }

  close(): void {
    this.#client?.control.close();
    this.#client = undefined;
  }

  #call<Response>(
    send: (
      control: ControlClient,
      deadline: Date,
      done: (error: ServiceError | null, response?: Response) => void,
    ) => void,
  ): Promise<Response> {
    const control = this.#connect();
    return new Promise((resolve, reject) => {
      // gRPC wants a wall-clock instant; a step of the clock merely shortens or lengthens one call.
      send(control, new Date(this.#clock.systemNow() + CALL_TIMEOUT_MS), (error, response) => {
        if (error !== null) reject(fromServiceError(error));
        // Where there is no error there is a response.
        else resolve(response as Response);
      });
    });
  }

  #connect(): ControlClient {
    const address = this.#address();
    if (address === "") throw new CacheError("UNAVAILABLE", "no coordinator leads at present");
    if (this.#client?.address !== address) {
      this.#client?.control.close();
      this.#client = { address, control: new Control(address, this.#credentials, CHANNEL_OPTIONS) };
    }
    return this.#client.control;
  }
}
