/**
 * Calls to the leading coordinator, wherever it is now. Each call is sent once and may fail;
 * callers repeat what the topology shows to be undone.
 */
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { CacheError, type Clock, type Incarnation } from "@holdfast/core";
import { serverChannelOptions } from "@holdfast/process";
import { Control, type ControlClient, fromServiceError } from "@holdfast/proto";

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
  requestTerm(
    incarnation: Incarnation,
    partition: number,
    term: number,
    minTerm: number,
  ): Promise<void> {
    return this.#call((control, deadline, done) =>
      control.RequestTerm({ incarnation, partition, term, minTerm }, { deadline }, done),
    );
  }

  /** Says that these incarnations can no longer write to the database. */
  reportFenced(fenced: readonly Incarnation[]): Promise<void> {
    return this.#call((control, deadline, done) =>
      control.ReportFenced({ fenced: [...fenced] }, { deadline }, done),
    );
  }

  close(): void {
    this.#client?.control.close();
    this.#client = undefined;
  }

  #call(
    send: (
      control: ControlClient,
      deadline: Date,
      done: (error: Parameters<typeof fromServiceError>[0] | null) => void,
    ) => void,
  ): Promise<void> {
    const control = this.#connect();
    return new Promise((resolve, reject) => {
      // gRPC wants a wall-clock instant; a step of the clock merely shortens or lengthens one call.
      send(control, new Date(this.#clock.systemNow() + CALL_TIMEOUT_MS), (error) => {
        if (error) reject(fromServiceError(error));
        else resolve();
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
