/**
 * Renders the part of kustomize that this repository uses: resources, generators of ConfigMaps and
 * Secrets with their content hashes, JSON patches, labels, a namespace and image tags. Anything
 * else in a kustomization is an error here, so that nothing is silently left out. Where `kubectl`
 * is installed, a test compares the two.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parse, parseAllDocuments } from "yaml";

/** A rendered manifest. Tests reach into it freely; the schema check says what it really is. */
// biome-ignore lint/suspicious/noExplicitAny: manifests are checked against the schema by a test.
export type Manifest = any;

interface Generator {
  readonly name: string;
  readonly behavior?: "create" | "merge";
  readonly files?: readonly string[];
  readonly literals?: readonly string[];
  readonly options?: { readonly disableNameSuffixHash?: boolean };
}

interface Kustomization {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly resources?: readonly string[];
  readonly configMapGenerator?: readonly Generator[];
  readonly secretGenerator?: readonly Generator[];
  readonly patches?: readonly {
    readonly target: { readonly kind: string; readonly name: string };
    readonly patch: string;
  }[];
  readonly labels?: readonly {
    readonly pairs: Readonly<Record<string, string>>;
    readonly includeTemplates?: boolean;
  }[];
  readonly images?: readonly {
    readonly name: string;
    readonly newName?: string;
    readonly newTag?: string;
  }[];
}

const KNOWN = [
  "apiVersion",
  "kind",
  "namespace",
  "resources",
  "configMapGenerator",
  "secretGenerator",
  "patches",
  "labels",
  "images",
];

const CLUSTER_WIDE = ["Namespace"];

interface Item {
  readonly manifest: Manifest;
  /** Whether its name is to end in a hash of its content. */
  readonly hashed: boolean;
}

/** The manifests of a folder with a `kustomization.yaml`, in no particular order. */
export function render(folder: string): readonly Manifest[] {
  const items = build(folder);
  const names = new Map<string, string>();
  for (const { manifest, hashed } of items) {
    if (!hashed) continue;
    const { kind, metadata } = manifest;
    names.set(`${kind}/${metadata.name}`, `${metadata.name}-${contentHash(manifest)}`);
  }
  for (const { manifest } of items) rename(manifest, names);
  return items.map(({ manifest }) => manifest);
}

function build(folder: string): Item[] {
  const kustomization: Kustomization = parse(
    readFileSync(join(folder, "kustomization.yaml"), "utf8"),
  );
  const unknown = Object.keys(kustomization).filter((key) => !KNOWN.includes(key));
  if (unknown.length > 0) throw new Error(`${folder}: cannot render ${unknown.join(", ")}`);
  const items = (kustomization.resources ?? []).flatMap((path) => load(join(folder, path)));
  for (const generator of kustomization.configMapGenerator ?? []) {
    generate(items, "ConfigMap", generator, folder);
  }
  for (const generator of kustomization.secretGenerator ?? []) {
    generate(items, "Secret", generator, folder);
  }
  for (const { target, patch } of kustomization.patches ?? []) {
    const found = items.find(
      ({ manifest }) => manifest.kind === target.kind && manifest.metadata.name === target.name,
    );
    if (found === undefined) throw new Error(`${folder}: no ${target.kind} ${target.name}`);
    for (const operation of parse(patch)) applyOperation(found.manifest, operation);
  }
  for (const { manifest } of items) transform(manifest, kustomization);
  return items;
}

function load(path: string): Item[] {
  if (statSync(path).isDirectory()) return build(path);
  return parseAllDocuments(readFileSync(path, "utf8")).map((document) => {
    if (document.errors.length > 0) throw new Error(`${path}: ${document.errors[0]?.message}`);
    return { manifest: document.toJS(), hashed: false };
  });
}

function generate(
  items: Item[],
  kind: "ConfigMap" | "Secret",
  generator: Generator,
  folder: string,
): void {
  const { name, behavior = "create", files = [], literals = [], options } = generator;
  const data: Record<string, string> = {};
  const put = (key: string, value: string) => {
    data[key] = kind === "Secret" ? Buffer.from(value).toString("base64") : value;
  };
  for (const file of files) {
    const [key, path] = file.includes("=") ? file.split("=", 2) : [basename(file), file];
    put(String(key), readFileSync(join(folder, String(path)), "utf8"));
  }
  for (const literal of literals) {
    const at = literal.indexOf("=");
    put(literal.slice(0, at), literal.slice(at + 1));
  }
  if (behavior === "create") {
    const manifest: Manifest = { apiVersion: "v1", kind, metadata: { name }, data };
    if (kind === "Secret") manifest.type = "Opaque";
    const hashed = options?.disableNameSuffixHash !== true;
    if (kind === "Secret" && hashed) throw new Error(`${folder}: cannot hash the Secret ${name}`);
    items.push({ manifest, hashed });
    return;
  }
  const base = items.find(
    ({ manifest }) => manifest.kind === kind && manifest.metadata.name === name,
  );
  if (base === undefined) throw new Error(`${folder}: no ${kind} ${name} to merge into`);
  Object.assign(base.manifest.data, data);
}

interface Operation {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: unknown;
}

function applyOperation(manifest: Manifest, { op, path, value }: Operation): void {
  const steps = path
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = String(steps.pop());
  let place = manifest;
  for (const step of steps) {
    place = place[step];
    if (place === undefined) throw new Error(`patch: there is no ${path}`);
  }
  if (op !== "add" && place[last] === undefined) throw new Error(`patch: there is no ${path}`);
  if (Array.isArray(place) && op !== "replace") {
    const index = last === "-" ? place.length : Number(last);
    place.splice(index, op === "remove" ? 1 : 0, ...(op === "add" ? [value] : []));
  } else if (op === "remove") delete place[last];
  else place[last] = value;
}

function transform(manifest: Manifest, kustomization: Kustomization): void {
  const { namespace, labels = [], images = [] } = kustomization;
  if (namespace !== undefined && !CLUSTER_WIDE.includes(manifest.kind)) {
    manifest.metadata.namespace = namespace;
  }
  const { template, volumeClaimTemplates = [] } = manifest.spec ?? {};
  const templates = template === undefined ? [] : [template, ...volumeClaimTemplates];
  for (const { pairs, includeTemplates } of labels) {
    const labelled = includeTemplates ? [manifest, ...templates] : [manifest];
    for (const { metadata } of labelled) metadata.labels = { ...metadata.labels, ...pairs };
  }
  for (const container of containersOf(manifest)) {
    const image = images.find(({ name }) => name === container.image.split(":")[0]);
    if (image === undefined) continue;
    container.image = `${image.newName ?? image.name}:${image.newTag}`;
  }
}

export function containersOf(manifest: Manifest): readonly Manifest[] {
  const { initContainers = [], containers = [] } = manifest.spec?.template?.spec ?? {};
  return [...initContainers, ...containers];
}

function rename(manifest: Manifest, names: ReadonlyMap<string, string>): void {
  const renamed = (kind: string, name: string) => names.get(`${kind}/${name}`) ?? name;
  manifest.metadata.name = renamed(manifest.kind, manifest.metadata.name);
  for (const { configMap, secret } of manifest.spec?.template?.spec?.volumes ?? []) {
    if (configMap !== undefined) configMap.name = renamed("ConfigMap", configMap.name);
    if (secret !== undefined) secret.secretName = renamed("Secret", secret.secretName);
  }
}

/**
 * The hash that kustomize appends to the name of a ConfigMap: the first ten hexadecimal digits of
 * SHA-256 over its JSON in Go's form, with digits replaced that could spell words. Its own name,
 * which is about to change, counts as empty.
 */
function contentHash({ kind, data }: Manifest): string {
  const ordered = Object.fromEntries(Object.entries(data).sort(([a], [b]) => (a < b ? -1 : 1)));
  const json = JSON.stringify({ data: ordered, kind, name: "" }).replace(
    /[<>&]/g,
    (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`,
  );
  const digits = createHash("sha256").update(json).digest("hex").slice(0, 10);
  const replacements: Readonly<Record<string, string>> = { 0: "g", 1: "h", 3: "k", a: "m", e: "t" };
  return digits.replace(/[013ae]/g, (digit) => replacements[digit] ?? digit);
}
