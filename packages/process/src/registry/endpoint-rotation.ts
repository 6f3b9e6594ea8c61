/**
 * Which of several equal servers to use: the one that answered last, until it fails. A member that
 * is down then costs one failed call, not every n-th call for as long as it is down, which matters
 * for transactions, because those are never sent again.
 */

export interface Endpoint<Client> {
  readonly address: string;
  readonly client: Client;
}

export class EndpointRotation<Client> {
  readonly #endpoints: readonly Endpoint<Client>[];
  #index: number;

  /** `endpoints` is not empty; `firstIndex` spreads the processes of a cluster over the servers. */
  constructor(endpoints: readonly Endpoint<Client>[], firstIndex: number) {
    this.#endpoints = endpoints;
    this.#index = firstIndex % endpoints.length;
  }

  get all(): readonly Endpoint<Client>[] {
    return this.#endpoints;
  }

  get current(): Endpoint<Client> {
    // The index is always within the list, which is not empty.
    return this.#endpoints[this.#index] as Endpoint<Client>;
  }

  /** Moves on from an endpoint that failed, unless another caller has done so already. */
  leave(endpoint: Endpoint<Client>): void {
    if (endpoint !== this.current) return;
    this.#index = (this.#index + 1) % this.#endpoints.length;
  }
}
