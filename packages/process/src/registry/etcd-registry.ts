/**
 * The registry on etcd: the one file that imports `etcd3`.
 *
 * Of that package only the raw clients are used (kv, lease, watch): not its leases, watchers,
 * elections, locks or builders, and none of its fault handling, which would send a transaction
 * again whose answer was lost, and refuse every call for five seconds after three failures.
 * Instead, every call has a deadline of its own, reads and lease calls are tried again on the next
 * endpoint, a transaction is sent once, and watches are rebuilt from lists (watcher.ts).
 *
 * There is one client for each endpoint, because the package's own choice of host is drawn anew
 * for every call; see endpoint-rotation.ts.
 */
import type { CallOptions } from "@grpc/grpc-js";
import type { Clock, Logger, Random } from "@holdfast/core";
import { noop } from "cockatiel";
import { Etcd3, EtcdLeaseInvalidError, GRPCInvalidArgumentError, type IOptions } from "etcd3";
import { type Endpoint, EndpointRotation } from "./endpoint-rotation.js";
import { KeySpace } from "./etcd-messages.js";
import { openChangeStream, renewOnce, requireLeader } from "./etcd-streams.js";
import { prefixRange } from "./key-range.js";
import {
  type Compare,
  type Lease,
  LeaseGoneError,
  type Registry,
  type RegistryEntry,
  type RegistrySnapshot,
  RegistryUnavailableError,
  type RegistryWatch,
  type TransactionResult,
  type Write,
} from "./registry.js";
import { type ChangeListener, type ChangeStream, PrefixWatch } from "./watcher.js";

/** Longest wait for the answer to one attempt. An etcd that needs more is not usable. */
const CALL_TIMEOUT_MS = 1_500;

/** What etcd accepts in one request, less room for the framing of the message. */
const MAX_TRANSACTION_BYTES = 1_572_864 - 16_384;

/** A list of the whole cluster: a thousand members and the largest topology need about 3 MB. */
const MAX_RESPONSE_BYTES = 67_108_864;

export interface EtcdRegistryOptions {
  /** `http://host:port` or `https://host:port` of every member of etcd; at least one. */
  readonly endpoints: readonly string[];
  /** Name of the cluster; its keys are under `/holdfast/<cluster>/`. */
  readonly cluster: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** PEM files. Without a key and certificate of its own the client is anonymous. */
  readonly tls?: {
    readonly rootCertificate: Buffer;
    readonly certificateChain?: Buffer;
    readonly privateKey?: Buffer;
  };
}

/** Connects lazily: a registry that cannot be reached shows in the first call. */
export function createEtcdRegistry(options: EtcdRegistryOptions): Registry {
  return new EtcdRegistry(options);
}

/** How often a call is sent, and how long each answer may take. */
interface Attempts {
  readonly count: number;
  readonly timeoutMs: number;
}

class EtcdRegistry implements Registry {
  readonly #options: EtcdRegistryOptions;
  readonly #keys: KeySpace;
  readonly #endpoints: EndpointRotation<Etcd3>;
  readonly #watches = new Set<PrefixWatch>();
  /**
   * For calls that may be repeated. Two also for a single endpoint: after a restart of etcd the
   * first call finds the old connection dead, and the second makes a new one.
   */
  readonly #repeated: Attempts;
  #closed = false;

  constructor(options: EtcdRegistryOptions) {
    const endpoints = checkEndpoints(options);
    this.#options = options;
    this.#keys = new KeySpace(options.cluster);
    this.#repeated = { count: Math.max(2, endpoints.length), timeoutMs: CALL_TIMEOUT_MS };
    this.#endpoints = new EndpointRotation(
      endpoints.map((address) => ({ address, client: createClient(address, options.tls) })),
      Math.floor(options.random.next() * endpoints.length),
    );
  }

  async get(key: string): Promise<RegistryEntry | undefined> {
    const response = await this.#call(this.#repeated, (client, options) =>
      client.kv.range({ key: this.#keys.encode(key) }, options),
    );
    const [message] = response.kvs;
    return message === undefined ? undefined : this.#keys.toEntry(message);
  }

  list(prefix: string): Promise<RegistrySnapshot> {
    return this.#list(prefix, false);
  }

  async transact(
    compares: readonly Compare[],
    writes: readonly Write[],
  ): Promise<TransactionResult> {
    const request = {
      compare: compares.map((compare) => this.#keys.fromCompare(compare)),
      success: writes.map((write) => this.#keys.fromWrite(write)),
    };
    checkSize(request.success);
    const once = { count: 1, timeoutMs: CALL_TIMEOUT_MS };
    const response = await this.#call(once, (client, options) => client.kv.txn(request, options));
    return { succeeded: response.succeeded, revision: Number(response.header.revision) };
  }

  async grantLease(ttlMs: number): Promise<Lease> {
    // When the answer is lost, a lease without keys ends by itself.
    const response = await this.#call(this.#repeated, (client, options) =>
      client.leaseClient.leaseGrant({ TTL: Math.ceil(ttlMs / 1_000) }, options),
    );
    return { leaseId: response.ID, ttlMs: Number(response.TTL) * 1_000 };
  }

  renewLease(leaseId: string, timeoutMs: number): Promise<number> {
    // With one endpoint there is nothing better to do with the time than to wait for it.
    const count = Math.min(this.#endpoints.all.length, 2);
    return this.#call({ count, timeoutMs: timeoutMs / count }, async (client, options) =>
      renewOnce(await client.leaseClient.leaseKeepAlive(options), leaseId),
    );
  }

  async revokeLease(leaseId: string): Promise<void> {
    try {
      await this.#call(this.#repeated, (client, options) =>
        client.leaseClient.leaseRevoke({ ID: leaseId }, options),
      );
    } catch (error) {
      if (!(error instanceof LeaseGoneError)) throw error;
    }
  }

  watch(prefix: string, onSnapshot: (snapshot: RegistrySnapshot) => void): RegistryWatch {
    const { clock, random, logger } = this.#options;
    const source = {
      list: this.#list.bind(this),
      openStream: this.#openStream.bind(this),
    };
    const watch = new PrefixWatch({ source, prefix, onSnapshot, clock, random, logger });
    this.#watches.add(watch);
    return {
      close: async () => {
        this.#watches.delete(watch);
        await watch.close();
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#watches].map((watch) => watch.close()));
    for (const { client } of this.#endpoints.all) client.close();
  }

  async #list(prefix: string, keysOnly: boolean): Promise<RegistrySnapshot> {
    // Before the first attempt: an answer to a later one is only more recent than it claims.
    const readAtMs = this.#options.clock.monotonic();
    const range = prefixRange(this.#keys.prefix + prefix);
    const response = await this.#call(this.#repeated, (client, options) =>
      client.kv.range({ ...range, keys_only: keysOnly }, options),
    );
    const entries = this.#keys.toEntries(response.kvs);
    return { revision: Number(response.header.revision), entries, readAtMs };
  }

  #openStream(prefix: string, fromRevision: number, listener: ChangeListener): ChangeStream {
    const endpoint = this.#endpoints.current;
    return openChangeStream({
      open: () => endpoint.client.watchClient.watch({ interceptors: [requireLeader] }),
      keys: this.#keys,
      prefix,
      fromRevision,
      listener: {
        ...listener,
        onBroken: (reason) => {
          this.#endpoints.leave(endpoint);
          listener.onBroken(reason);
        },
      },
    });
  }

  /**
   * Sends a call, again to the next endpoint while attempts are left and no answer was definite.
   *
   * @throws {LeaseGoneError} {@link RegistryUnavailableError}, or an Error for a request that the
   * registry will never accept.
   */
  async #call<Response>(
    attempts: Attempts,
    send: (client: Etcd3, options: CallOptions) => Promise<Response>,
  ): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      if (this.#closed) throw new RegistryUnavailableError("the registry connection is closed");
      const endpoint = this.#endpoints.current;
      try {
        // gRPC takes a deadline as an instant on the wall clock and turns it into a timer at once.
        const deadline = this.#options.clock.systemNow() + attempts.timeoutMs;
        return await send(endpoint.client, { deadline });
      } catch (error) {
        throwIfDefinite(error);
        this.#endpoints.leave(endpoint);
        if (attempt >= attempts.count) throw this.#unavailable(endpoint, error);
      }
    }
  }

  #unavailable(endpoint: Endpoint<Etcd3>, cause: unknown): RegistryUnavailableError {
    const addresses = this.#endpoints.all.map(({ address }) => address).join(", ");
    const message = cause instanceof Error ? cause.message : String(cause);
    // gRPC ends its sentence with the heading of a note that is mostly empty.
    const reason = message.replace(/\s*Resolution note:\s*$/, "");
    return new RegistryUnavailableError(
      `the registry at ${addresses} did not answer (${endpoint.address}: ${reason})`,
      { cause },
    );
  }
}

/** Rethrows what trying again cannot change. */
function throwIfDefinite(error: unknown): void {
  if (error instanceof LeaseGoneError) throw error;
  if (error instanceof EtcdLeaseInvalidError) {
    throw new LeaseGoneError("the lease has ended", { cause: error });
  }
  if (error instanceof GRPCInvalidArgumentError) {
    throw new Error(`the registry refused the request: ${error.message}`, { cause: error });
  }
}

function createClient(address: string, tls: EtcdRegistryOptions["tls"]): Etcd3 {
  const options: IOptions = {
    hosts: [address],
    grpcOptions: {
      // etcd drops clients that ping more often than every 5 s.
      "grpc.keepalive_time_ms": 6_000,
      "grpc.keepalive_timeout_ms": 2_000,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 1_000,
      "grpc.max_receive_message_length": MAX_RESPONSE_BYTES,
      "grpc.enable_retries": 0,
      "grpc.enable_channelz": 0,
      // Neither a proxy from the environment nor another client's dead connection is wanted here.
      "grpc.enable_http_proxy": 0,
      "grpc.use_local_subchannel_pool": 1,
    },
    faultHandling: { host: () => noop, global: noop },
  };
  if (tls === undefined) return new Etcd3(options);
  const { rootCertificate, certificateChain, privateKey } = tls;
  const credentials = {
    rootCertificate,
    ...(certificateChain === undefined ? {} : { certChain: certificateChain }),
    ...(privateKey === undefined ? {} : { privateKey }),
  };
  return new Etcd3({ ...options, credentials });
}

function checkEndpoints({ endpoints, tls }: EtcdRegistryOptions): readonly string[] {
  if (endpoints.length === 0) throw new TypeError("no registry endpoint is configured");
  for (const endpoint of endpoints) {
    if (!/^https?:\/\/[^/\s]+:\d{1,5}$/.test(endpoint)) {
      throw new TypeError(`registry endpoint ${endpoint}: expected http(s)://host:port`);
    }
    // The client would encrypt all the same; the address would be wrong about it.
    if (tls !== undefined && !endpoint.startsWith("https:")) {
      throw new TypeError(`registry endpoint ${endpoint}: expected https:// with TLS files`);
    }
  }
  return endpoints;
}

function checkSize(writes: ReturnType<KeySpace["fromWrite"]>[]): void {
  const bytes = writes.reduce((sum, { request_put: put }) => sum + (put?.value.byteLength ?? 0), 0);
  if (bytes <= MAX_TRANSACTION_BYTES) return;
  throw new RangeError(
    `a transaction of ${bytes} bytes exceeds the registry's limit of ${MAX_TRANSACTION_BYTES}`,
  );
}
