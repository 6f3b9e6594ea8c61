/**
 * The settings under deploy/k8s: the processes accept them together with the environment of their
 * pods, and they fit the pods' memory, ports and time to stop.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCoordinatorOptions } from "@holdfast/coordinator";
import { type NodeOptions, nodeOptions } from "@holdfast/node";
import { NODE_FLAGS } from "@holdfast/node/v8-options";
import {
  type LoadConfigOptions,
  loadConfig,
  parseCacheConfig,
  parseCachesFile,
} from "@holdfast/process";
import { afterAll, describe, expect, it } from "vitest";
import { containersOf, type Manifest } from "./support/kustomize.js";
import { DEPLOY, envOf, find, LAYERS, rendered } from "./support/manifests.js";

const folder = mkdtempSync(join(tmpdir(), "holdfast-deploy-"));
afterAll(() => rmSync(folder, { recursive: true }));

const MIB = 2 ** 20;
const databaseUrl = "postgres://user:secret@database:5432/app";
const secret = join(folder, "url");
writeFileSync(secret, `${databaseUrl}\n`);

/** A workload with what its pods are told: the file out of the ConfigMap and their environment. */
interface Told {
  readonly workload: Manifest;
  readonly container: Manifest;
  readonly input: LoadConfigOptions;
}

function told(manifests: readonly Manifest[], kind: string, name: string): Told {
  const workload = find(manifests, kind, name);
  const [container] = containersOf(workload);
  // What Kubernetes fills in; a field that it does not know stays empty.
  const fields: Readonly<Record<string, string>> = {
    "metadata.name": `${name}-0`,
    "metadata.namespace": "shop",
    "status.podIP": "10.1.2.3",
  };
  const env: Record<string, string> = {};
  for (const { name: variable, value, valueFrom } of container.env) {
    const text: string = value ?? fields[valueFrom.fieldRef.fieldPath] ?? "";
    env[variable] = text.replaceAll(/\$\((\w+)\)/g, (_, other) => env[other] ?? "unresolved");
  }
  const mount = container.volumeMounts.find((one: Manifest) => one.name === "config").mountPath;
  const file = String(env.HOLDFAST_CONFIG).replace(`${mount}/`, "");
  writeFileSync(join(folder, file), find(manifests, "ConfigMap", name).data[file]);
  env.HOLDFAST_DATABASE__URL_FILE = secret;
  return { workload, container, input: { file: join(folder, file), env } };
}

function portsOf({ container }: Told): readonly number[] {
  return container.ports.map(({ containerPort }: Manifest) => containerPort);
}

describe.each(LAYERS)("%s", (layer) => {
  const manifests = rendered.get(layer) ?? [];
  const node = told(manifests, "StatefulSet", "holdfast-node");
  const loadNode = (): NodeOptions => loadConfig(nodeOptions, node.input);

  it("tells a node who it is, where it listens and how it reaches the database", () => {
    const options = loadNode();
    expect(options).toMatchObject({
      nodeId: "holdfast-node-0",
      listen: { host: "0.0.0.0", advertiseHost: "holdfast-node-0.holdfast-nodes.shop.svc" },
      zone: "",
      database: { url: databaseUrl },
    });
    const { dataPort, peerPort, httpPort } = options.listen;
    expect(portsOf(node)).toEqual([dataPort, peerPort, httpPort]);
  });

  it("tells a coordinator the same of itself, in agreement with the nodes", () => {
    const coordinator = told(manifests, "Deployment", "holdfast-coordinator");
    const options = loadCoordinatorOptions(coordinator.input);
    expect(options).toMatchObject({
      coordinatorId: "holdfast-coordinator-0",
      listen: { host: "0.0.0.0", advertiseHost: "10.1.2.3" },
      database: { url: databaseUrl },
    });
    expect(portsOf(coordinator)).toEqual([options.listen.port, options.listen.httpPort]);
    const { cluster, etcd } = loadNode();
    expect(options.cluster).toBe(cluster);
    expect(options.etcd.endpoints).toEqual(etcd.endpoints);
    expect(options.memberTtlMs).toBeGreaterThanOrEqual(etcd.leaseTtlMs);
  });

  it("fits heap, entries and a fifth of reserve into the memory of a node", () => {
    const { memoryBytes } = loadNode();
    const flags = envOf(node.container, "NODE_OPTIONS").split(" ");
    expect(flags).toEqual(expect.arrayContaining([...NODE_FLAGS]));
    const flag = /--max-old-space-size=(\d+)/.exec(flags.join(" "));
    const heapBytes = Number(flag?.[1]) * MIB;
    const limit = /^(\d+)Mi$/.exec(node.container.resources.limits.memory);
    const limitBytes = Number(limit?.[1]) * MIB;
    expect(heapBytes).toBeGreaterThanOrEqual(memoryBytes + 256 * MIB);
    expect(heapBytes + memoryBytes).toBeLessThanOrEqual(limitBytes * 0.8);
  });

  it("gives a node time to stop: preStop, drain, open calls, the last flush, its news and slack", () => {
    const preStopSeconds = node.container.lifecycle.preStop.sleep.seconds;
    const graceSeconds = node.workload.spec.template.spec.terminationGracePeriodSeconds;
    const drainSeconds = loadNode().drainTimeoutMs / 1_000;
    expect(preStopSeconds).toBeGreaterThanOrEqual(5);
    expect(graceSeconds).toBeGreaterThanOrEqual(preStopSeconds + drainSeconds + 6 + 10 + 12 + 10);
  });

  it("keeps a node's journal on a volume of its own, which outlives pod and set", () => {
    const dir = loadNode().journal?.dir ?? "";
    const mounts = node.container.volumeMounts as Manifest[];
    const mount = mounts.find(({ mountPath }) => dir.startsWith(`${mountPath}/`));
    const { volumeClaimTemplates, persistentVolumeClaimRetentionPolicy } = node.workload.spec;
    expect(volumeClaimTemplates.map(({ metadata }: Manifest) => metadata.name)).toEqual([
      mount?.name,
    ]);
    expect(persistentVolumeClaimRetentionPolicy).toEqual({
      whenDeleted: "Retain",
      whenScaled: "Retain",
    });
  });

  it("keeps secrets out of ConfigMaps", () => {
    for (const { data } of manifests.filter(({ kind }) => kind === "ConfigMap")) {
      expect(JSON.stringify(data)).not.toMatch(/password|postgres:/i);
    }
  });
});

describe("the example of caches", () => {
  it("is accepted, and shows every pattern", () => {
    const file = join(DEPLOY, "k8s", "caches.yaml");
    const caches = parseCachesFile(readFileSync(file, "utf8"), file);
    const patterns = caches.map(({ name, config }) => parseCacheConfig(name, config).pattern);
    expect(patterns).toEqual(["cache-aside", "read-through", "write-through", "write-behind"]);
  });
});
