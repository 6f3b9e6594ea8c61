/**
 * The manifests under deploy/k8s: they render, they are what Kubernetes expects, and what they say
 * in one place agrees with what they say in another. No cluster takes part: scheduling, network
 * policies and admission are not shown here. Their settings are in deploy-config.test.ts.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { schemaProblems } from "./support/kubernetes-schema.js";
import { containersOf, type Manifest } from "./support/kustomize.js";
import { base, DEPLOY, envOf, find, LAYERS, rendered, workloadsOf } from "./support/manifests.js";

const ours = (manifests: readonly Manifest[]): readonly Manifest[] =>
  workloadsOf(manifests).filter(({ metadata }) => metadata.name.startsWith("holdfast-"));
const named = (manifests: readonly Manifest[]): [string, Manifest][] =>
  manifests.map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest]);
const selects = (selector: object, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

describe.each(LAYERS)("%s", (layer) => {
  const manifests = rendered.get(layer) ?? [];

  it.skipIf(!hasKubectl())("renders as kubectl renders it (skipped without kubectl)", () => {
    const output = execFileSync("kubectl", ["kustomize", join(DEPLOY, "k8s", layer)], {
      encoding: "utf8",
    });
    const theirs = parseAllDocuments(output).map((document): Manifest => document.toJS());
    // kubectl breaks long values of Secrets into lines.
    for (const { kind, data } of theirs) {
      if (kind !== "Secret") continue;
      for (const key of Object.keys(data)) data[key] = data[key].replaceAll("\n", "");
    }
    const order = (list: readonly Manifest[]) => Object.fromEntries(named(list).sort());
    expect(order(manifests)).toEqual(order(theirs));
  });

  it.each(named(manifests))("has no unknown field or wrong type in %s", (_name, manifest) => {
    expect(schemaProblems(manifest)).toEqual([]);
  });

  it.each(named(workloadsOf(manifests)))(
    "selects the pods of %s by their labels",
    (_, workload) => {
      const labels = workload.spec.template.metadata.labels;
      expect(selects(workload.spec.selector.matchLabels, labels)).toBe(true);
      for (const { labelSelector } of workload.spec.template.spec.topologySpreadConstraints ?? []) {
        expect(selects(labelSelector.matchLabels, labels)).toBe(true);
      }
    },
  );

  it("points each service at ports that pods of exactly one workload have", () => {
    for (const service of manifests.filter(({ kind }) => kind === "Service")) {
      const workloads = workloadsOf(manifests).filter(({ spec }) =>
        selects(service.spec.selector, spec.template.metadata.labels),
      );
      expect(workloads).toHaveLength(1);
      const ports = containersOf(workloads[0]).flatMap((container) => container.ports);
      for (const { port, targetPort } of service.spec.ports) {
        expect(ports).toContainEqual({ name: targetPort, containerPort: port });
      }
    }
  });

  it("names ConfigMaps and Secrets that it has or that the README asks for", () => {
    const known = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    const asked = ["Secret/holdfast-database", "Secret/holdfast-etcd"];
    for (const workload of workloadsOf(manifests)) {
      for (const { configMap, secret } of workload.spec.template.spec.volumes) {
        if (configMap) expect(known).toContain(`ConfigMap/${configMap.name}`);
        if (secret) expect([...known, ...asked]).toContain(`Secret/${secret.secretName}`);
      }
      const claims = workload.spec.volumeClaimTemplates ?? [];
      const volumes = [
        ...workload.spec.template.spec.volumes.map(({ name }: Manifest) => name),
        ...claims.map(({ metadata }: Manifest) => metadata.name),
      ];
      const mounts = containersOf(workload).flatMap((container) => container.volumeMounts);
      expect(new Set(mounts.map(({ name }: Manifest) => name))).toEqual(new Set(volumes));
    }
  });

  it.each(named(workloadsOf(manifests)))("keeps %s to the restricted standard", (_, workload) => {
    const pod = workload.spec.template.spec;
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(pod.securityContext.runAsUser).toBeGreaterThan(0);
    expect(pod).not.toHaveProperty("hostNetwork");
    for (const container of containersOf(workload)) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
    for (const { emptyDir } of pod.volumes) if (emptyDir) expect(emptyDir.sizeLimit).toBeDefined();
  });

  it.each(named(workloadsOf(manifests)))("bounds what %s may use", (_, workload) => {
    for (const { resources, image } of containersOf(workload)) {
      expect(resources.requests.cpu).toBeDefined();
      expect(resources.limits.memory).toBe(resources.requests.memory);
      expect(resources.limits["ephemeral-storage"]).toBeDefined();
      expect(image).toMatch(/:v?\d[\w.-]*$/);
    }
  });
});

describe("the manifests", () => {
  it("start the nodes in parallel, under names that exist before they are ready", () => {
    const node = find(base, "StatefulSet", "holdfast-node");
    expect(node.spec.podManagementPolicy).toBe("Parallel");
    const headless = find(base, "Service", node.spec.serviceName);
    expect(headless.spec).toMatchObject({ clusterIP: "None", publishNotReadyAddresses: true });
    const clients = base.find(
      ({ kind, metadata }) => kind === "Service" && metadata.name === "holdfast",
    );
    expect(clients.spec).not.toHaveProperty("publishNotReadyAddresses");
    expect(clients.spec).not.toHaveProperty("clusterIP");
  });

  it("keep a budget of one absent pod for each workload of several", () => {
    for (const workload of ours(base)) {
      expect(workload.spec.replicas).toBeGreaterThan(1);
      const budgets = base.filter(
        ({ kind, spec }) =>
          kind === "PodDisruptionBudget" &&
          selects(spec.selector.matchLabels, workload.spec.template.metadata.labels),
      );
      expect(budgets).toHaveLength(1);
      expect(budgets[0].spec).toMatchObject({
        maxUnavailable: 1,
        unhealthyPodEvictionPolicy: "AlwaysAllow",
      });
    }
  });

  it.each(named(ours(base)))(
    "probe %s with three questions, through the ops port",
    (_, workload) => {
      const [container] = containersOf(workload);
      const { startupProbe, readinessProbe, livenessProbe } = container;
      expect([startupProbe, readinessProbe, livenessProbe].map((probe) => probe.httpGet)).toEqual([
        { path: "/healthz", port: "http" },
        { path: "/readyz", port: "http" },
        { path: "/healthz", port: "http" },
      ]);
      // The start may take minutes; a running process may not stall for as long.
      const patience = (probe: Manifest) => probe.periodSeconds * probe.failureThreshold;
      expect(patience(startupProbe)).toBeGreaterThanOrEqual(120);
      expect(patience(livenessProbe)).toBeGreaterThanOrEqual(60);
      expect(patience(readinessProbe)).toBeLessThanOrEqual(10);
    },
  );

  it.each(named(ours(base)))("spread %s over zones and machines", (_, workload) => {
    const constraints = workload.spec.template.spec.topologySpreadConstraints;
    expect(constraints.map(({ topologyKey }: Manifest) => topologyKey)).toEqual([
      "topology.kubernetes.io/zone",
      "kubernetes.io/hostname",
    ]);
  });

  it.each(named(ours(base)))("keep foreign variables and secrets out of %s", (_, workload) => {
    const pod = workload.spec.template.spec;
    expect(pod.enableServiceLinks).toBe(false);
    expect(find(base, "ServiceAccount", pod.serviceAccountName)).toBeDefined();
    const [container] = containersOf(workload);
    expect(JSON.stringify(container.env)).not.toMatch(/secretKeyRef|postgres:/);
    expect(envOf(container, "HOLDFAST_DATABASE__URL_FILE")).toMatch(/^\/run\/secrets\//);
  });

  it("let in and out only what is named, by ports that exist", () => {
    for (const workload of ours(base)) {
      const labels = workload.spec.template.metadata.labels;
      const policies = base.filter(
        ({ kind, spec }) =>
          kind === "NetworkPolicy" && selects(spec.podSelector.matchLabels, labels),
      );
      expect(policies).toHaveLength(1);
      const { policyTypes, ingress } = policies[0].spec;
      expect(policyTypes).toEqual(["Ingress", "Egress"]);
      const names = containersOf(workload)[0].ports.map(({ name }: Manifest) => name);
      expect(ingress.every(({ from }: Manifest) => from.length > 0)).toBe(true);
      const let_in = ingress.flatMap(({ ports }: Manifest) =>
        ports.map((one: Manifest) => one.port),
      );
      expect(new Set(let_in)).toEqual(new Set(names));
    }
  });
});

describe("the schema check", () => {
  it("finds an unknown field, a wrong type and an unknown kind", () => {
    const workload = structuredClone(find(base, "StatefulSet", "holdfast-node"));
    workload.spec.replicas = "3";
    workload.spec.template.spec.containers[0].lifecycle.preStop.sleep.secs = 5;
    workload.spec.template.spec.volumes[3].emptyDir = [];
    expect(schemaProblems(workload)).toEqual([
      "StatefulSet.spec.replicas: is no number",
      "StatefulSet.spec.template.spec.containers[0].lifecycle.preStop.sleep.secs: unknown field",
      "StatefulSet.spec.template.spec.volumes[3].emptyDir: is no V1EmptyDirVolumeSource",
    ]);
    expect(schemaProblems({ apiVersion: "apps/v1", kind: "StatefulSets" })).toEqual([
      "apps/v1 StatefulSets: unknown kind",
    ]);
  });
});

function hasKubectl(): boolean {
  try {
    execFileSync("kubectl", ["version", "--client"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
