/**
 * One listening gRPC port: the services given to it, the standard health service, and reflection
 * where it is wanted. It sets every limit that grpc-js leaves open, and it stops without cutting
 * off calls that are about to finish (see open-calls.ts for how it knows of them).
 *
 * Stopping: health says NOT_SERVING, services are told, endless streams end, connections are asked
 * to go away, and calls that are still open after `drainMs` end with UNAVAILABLE.
 */
import {
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import type { Clock, Component, Logger } from "@holdfast/core";
import { PACKAGE_DEFINITION } from "@holdfast/proto";
import { HealthImplementation } from "grpc-health-check";
import { joinAddress, listenError } from "../ops/listening.js";
import { type MessageStream, serveDirectly } from "./direct-streams.js";
import { OpenCalls } from "./open-calls.js";
import { widenWindows } from "./windows.js";

export interface GrpcService {
  readonly definition: ServiceDefinition;
  readonly handlers: UntypedServiceImplementation;
  /** Names of methods with streams in both directions whose handlers need no more than a `MessageStream`. */
  readonly direct?: readonly string[];
  /** Called once when the server begins to stop; streams of the service's own end themselves here. */
  readonly onStopping?: () => void;
}

export interface GrpcServerOptions {
  readonly name: string;
  readonly host: string;
  /** 0: the system chooses one; `port` tells which. */
  readonly port: number;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly services: readonly GrpcService[];
  /** Whether tools may ask the server what it serves. Off in production. */
  readonly reflection: boolean;
  /** Largest message in either direction, in bytes. A larger request fails with RESOURCE_EXHAUSTED. */
  readonly maxMessageBytes: number;
  /** Most calls at once on one connection; further ones wait in the caller. Default 1,000. */
  readonly maxConcurrentStreams?: number;
  /** How long open calls may take to finish once the server stops. Default 5,000. */
  readonly drainMs?: number;
  /** Default: no encryption. */
  readonly credentials?: ServerCredentials;
}

/** The empty name stands for the server as a whole. */
const WHOLE_SERVER = "";

/** Time for the last answers to leave before connections are closed under them. */
const FAREWELL_MS = 1_000;

export class GrpcServer implements Component {
  readonly name: string;
  readonly #options: GrpcServerOptions;
  readonly #server: Server;
  readonly #health = new HealthImplementation({ [WHOLE_SERVER]: "NOT_SERVING" });
  readonly #calls = new OpenCalls();
  /** By their paths. */
  readonly #direct = new Map<string, (stream: MessageStream) => void>();
  #port = 0;
  #stopping = false;

  constructor(options: GrpcServerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#server = new Server(serverOptions(options));
    const registrar = {
      addService: (definition: ServiceDefinition, handlers: UntypedServiceImplementation) =>
        this.#addService(definition, handlers),
    };
    for (const { definition, handlers, direct } of options.services) {
      this.#addService(definition, handlers, direct);
    }
    this.#health.addToServer(registrar);
    if (options.reflection) new ReflectionService(PACKAGE_DEFINITION).addToServer(registrar);
  }

  /** The bound port; 0 before `start()`. */
  get port(): number {
    return this.#port;
  }

  /** `host:port` as bound. */
  get address(): string {
    return joinAddress(this.#options.host, this.#port);
  }

  /** Binds the port. Health says NOT_SERVING until `setServing(true)`. */
  async start(): Promise<void> {
    const { host, port, credentials = ServerCredentials.createInsecure() } = this.#options;
    const wanted = joinAddress(host, port);
    this.#port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(wanted, credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(listenError(this.name, wanted, error));
      });
    });
    widenWindows(this.#server);
    serveDirectly(this.#server, this.#direct, this.#options.maxMessageBytes);
  }

  /** What the health service answers. */
  setServing(serving: boolean): void {
    if (this.#stopping) return;
    this.#health.setStatus(WHOLE_SERVER, serving ? "SERVING" : "NOT_SERVING");
  }

  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.setServing(false);
    this.#stopping = true;
    for (const service of this.#options.services) service.onStopping?.();
    this.#calls.stop();
    await this.#drain();
  }

  #addService(
    definition: ServiceDefinition,
    handlers: UntypedServiceImplementation,
    direct: readonly string[] = [],
  ): void {
    const tracked = this.#calls.track(definition, handlers);
    this.#server.addService(definition, tracked);
    for (const name of direct) {
      const path = definition[name]?.path;
      if (path === undefined) throw new Error(`there is no method ${name}`);
      // The untyped union cannot say that this is the handler of a method with streams in both directions.
      this.#direct.set(path, tracked[name] as unknown as (stream: MessageStream) => void);
    }
  }

  /** Waits for the calls in progress, then ends them. */
  async #drain(): Promise<void> {
    const { clock, logger, drainMs = 5_000 } = this.#options;
    await new Promise<void>((resolve) => {
      let cancel = clock.after(drainMs, () => {
        const calls = this.#calls.size;
        logger.warn({ server: this.name, calls, drainMs }, "calls did not finish in time");
        this.#calls.endAll();
        cancel = clock.after(FAREWELL_MS, resolve);
      });
      this.#server.tryShutdown(() => {
        cancel();
        resolve();
      });
    });
    this.#server.forceShutdown();
  }
}

function serverOptions(options: GrpcServerOptions): ServerOptions {
  return {
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.max_send_message_length": options.maxMessageBytes,
    // grpc-js sets no bound; one connection could otherwise hold any number of calls.
    "grpc.max_concurrent_streams": options.maxConcurrentStreams ?? 1_000,
    // Finds callers that vanished without closing, and frees what they hold.
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 5_000,
    // The bookkeeping for its debugging service has leaked memory more than once.
    "grpc.enable_channelz": 0,
  };
}
