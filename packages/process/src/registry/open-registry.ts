/** Opens the registry as a process's settings name it, certificates read from their files. */
import { readFileSync } from "node:fs";
import type { EtcdSettings, EtcdTlsSettings } from "../config/shared-options.js";
import { createEtcdRegistry, type EtcdRegistryOptions } from "./etcd-registry.js";
import type { Registry } from "./registry.js";

export type RegistrySurroundings = Pick<
  EtcdRegistryOptions,
  "cluster" | "clock" | "random" | "logger"
>;

/**
 * Connects lazily: a registry that cannot be reached shows in the first call.
 *
 * @throws {Error} when a certificate cannot be read, or an endpoint is no URL.
 */
export function openRegistry(settings: EtcdSettings, surroundings: RegistrySurroundings): Registry {
  const { endpoints, tls } = settings;
  const files = tls === undefined ? {} : { tls: readTls(tls) };
  return createEtcdRegistry({ ...surroundings, endpoints, ...files });
}

function readTls(tls: EtcdTlsSettings): NonNullable<EtcdRegistryOptions["tls"]> {
  const { rootCertificate, certificateChain, privateKey } = tls;
  return {
    rootCertificate: readFileSync(rootCertificate),
    ...(certificateChain === undefined ? {} : { certificateChain: readFileSync(certificateChain) }),
    ...(privateKey === undefined ? {} : { privateKey: readFileSync(privateKey) }),
  };
}
