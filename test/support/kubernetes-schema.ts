/**
 * Checks manifests against the types of the Kubernetes API as its official client knows them:
 * unknown fields and values of the wrong type are found. Which fields are required, and whether
 * names refer to something, is not in those types.
 */
import * as kubernetes from "@kubernetes/client-node";

interface Field {
  readonly baseName: string;
  readonly type: string;
}

/** Every problem as `path: what is wrong`; empty when there is none. */
export function schemaProblems(manifest: {
  readonly apiVersion: string;
  readonly kind: string;
}): readonly string[] {
  const [, version = ""] = /([^/]+)$/.exec(manifest.apiVersion) ?? [];
  const type = `${version.charAt(0).toUpperCase()}${version.slice(1)}${manifest.kind}`;
  if (fieldsOf(type) === undefined)
    return [`${manifest.apiVersion} ${manifest.kind}: unknown kind`];
  return check(manifest, type, manifest.kind);
}

function check(value: unknown, type: string, path: string): readonly string[] {
  const list = /^Array<(.+)>$/.exec(type);
  if (list !== null) {
    if (!Array.isArray(value)) return [`${path}: is no list`];
    return value.flatMap((item, index) => check(item, String(list[1]), `${path}[${index}]`));
  }
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type);
  if (map !== null) {
    if (!isObject(value)) return [`${path}: is no map`];
    return Object.entries(value).flatMap(([key, item]) =>
      check(item, String(map[1]), `${path}.${key}`),
    );
  }
  if (type === "any" || type === "object") return [];
  if (type === "IntOrString") {
    return typeof value === "string" || Number.isInteger(value) ? [] : [`${path}: is no port`];
  }
  if (type === "Date") return typeof value === "string" ? [] : [`${path}: is no date`];
  const fields = fieldsOf(type);
  if (fields === undefined) return typeof value === type ? [] : [`${path}: is no ${type}`];
  if (!isObject(value)) return [`${path}: is no ${type}`];
  return Object.entries(value).flatMap(([name, item]) => {
    const field = fields.find(({ baseName }) => baseName === name);
    if (field === undefined) return [`${path}.${name}: unknown field`];
    return check(item, field.type, `${path}.${name}`);
  });
}

/** The fields of a type of the client; `undefined` for `string` and the like. */
function fieldsOf(type: string): readonly Field[] | undefined {
  const models = kubernetes as unknown as Readonly<
    Record<string, { getAttributeTypeMap?(): readonly Field[] } | undefined>
  >;
  return models[type]?.getAttributeTypeMap?.();
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
