/** The manifests of this repository, rendered once, and ways to look into them. */
import { join } from "node:path";
import { type Manifest, render } from "./kustomize.js";

/** The folder `deploy`. */
export const DEPLOY: string = new URL("../../deploy/", import.meta.url).pathname;

export const LAYERS: readonly string[] = ["base", "overlays/dev"];

export const rendered: ReadonlyMap<string, readonly Manifest[]> = new Map(
  LAYERS.map((layer) => [layer, render(join(DEPLOY, "k8s", layer))]),
);

export const base: readonly Manifest[] = rendered.get("base") ?? [];

/** The manifest of a kind whose name starts so; generated names end in a hash. */
export function find(manifests: readonly Manifest[], kind: string, name: string): Manifest {
  const found = manifests.find((one) => one.kind === kind && one.metadata.name.startsWith(name));
  if (found === undefined) throw new Error(`no ${kind} ${name}`);
  return found;
}

/** Those that make pods. */
export function workloadsOf(manifests: readonly Manifest[]): readonly Manifest[] {
  return manifests.filter(({ spec }) => spec?.template !== undefined);
}

/** The value of a container's variable; empty when it has none or Kubernetes fills it in. */
export function envOf(container: Manifest, name: string): string {
  return container.env.find((one: Manifest) => one.name === name)?.value ?? "";
}
