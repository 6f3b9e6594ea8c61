/**
 * An etcd that lives in one process and forgets everything when it stops: the local cluster and
 * the tests use it through the same client as a real one. It speaks the part of the etcd v3
 * protocol that the registry client needs; the protocol files are the client's own.
 *
 * It has no authentication, no disk and no peers, so it listens on the loopback interface only.
 */
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { isIPv4 } from "node:net";
import { dirname, join } from "node:path";
import { Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import type { Clock, Logger } from "@holdfast/core";
import { joinAddress, listenError } from "../../ops/listening.js";
import { KeyValueStore } from "./key-value-store.js";
import { LeaseTable } from "./lease-table.js";
import { Requests } from "./requests.js";
import { createKvService, createLeaseService, createWatchService } from "./services.js";

/** As etcd: 1.5 MiB of request and 512 KiB of everything around it. */
const MAX_REQUEST_BYTES = 2_097_152;

const MAX_STREAMS_PER_CONNECTION = 1_024;

export interface EmbeddedRegistryOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A loopback address; `127.0.0.1` where not given. */
  readonly host?: string;
}

export interface EmbeddedRegistry {
  /** `host:port`. */
  readonly address: string;
  readonly port: number;
  /** `http://host:port`, the form that the registry client takes. */
  readonly endpoint: string;
  /** Cuts every connection and forgets everything. */
  stop(): Promise<void>;
}

/** @throws an Error for a host that is not loopback, and for a port that is in use. */
export async function startEmbeddedRegistry(
  options: EmbeddedRegistryOptions,
): Promise<EmbeddedRegistry> {
  const { clock, logger, host = "127.0.0.1" } = options;
  if (!isLoopback(host)) {
    throw new Error(
      `the embedded registry has no authentication and listens on loopback only, not on ${host}`,
    );
  }
  const store = new KeyValueStore();
  const leases = new LeaseTable(store, clock);
  const parts = {
    store,
    leases,
    requests: new Requests(store, leases),
    logger,
    clusterId: randomId(),
    memberId: randomId(),
  };
  const server = new Server({
    "grpc.max_receive_message_length": MAX_REQUEST_BYTES,
    "grpc.max_concurrent_streams": MAX_STREAMS_PER_CONNECTION,
    // Without channelz, grpc-js 1.14 keeps no list of its connections, and forceShutdown() leaves
    // them all open. So it stays on here.
    "grpc.enable_channelz": 1,
  });
  const services = loadServices();
  server.addService(services.kv, createKvService(parts));
  server.addService(services.lease, createLeaseService(parts));
  server.addService(services.watch, createWatchService(parts));
  const port = await bind(server, joinAddress(host, options.port));
  const address = joinAddress(host, port);
  logger.warn(
    { address },
    "embedded registry keeps everything in memory: for laptops and tests, not for production",
  );
  return {
    address,
    port,
    endpoint: `http://${address}`,
    stop() {
      leases.stop();
      return new Promise((resolve) => {
        server.tryShutdown(() => resolve());
        // Watches never end by themselves.
        server.forceShutdown();
      });
    },
  };
}

function isLoopback(host: string): boolean {
  return host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

async function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(listenError("the embedded registry", address, error));
    });
  });
}

interface Services {
  readonly kv: ServiceDefinition;
  readonly lease: ServiceDefinition;
  readonly watch: ServiceDefinition;
}

function loadServices(): Services {
  const packageFile = createRequire(import.meta.url).resolve("etcd3/package.json");
  const definitions = loadSync(join(dirname(packageFile), "proto", "rpc.proto"), {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const service = (name: string) => {
    const definition = definitions[`etcdserverpb.${name}`];
    if (definition === undefined || "format" in definition) {
      throw new Error(`the etcd protocol files define no service ${name}`);
    }
    return definition;
  };
  return { kv: service("KV"), lease: service("Lease"), watch: service("Watch") };
}

function randomId(): string {
  return randomBytes(8).readBigUInt64BE().toString();
}
