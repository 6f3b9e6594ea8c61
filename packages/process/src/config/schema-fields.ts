/**
 * Looks into zod schemas: which settings a configuration has and of which kind each one is. Needed
 * to find the setting that an environment variable means, and to suggest the one that was meant.
 */
import type { z } from "zod";

export type Schema = z.core.$ZodType;

/** A setting's place in the configuration, outermost name first. */
export type Path = readonly PropertyKey[];

export type FieldKind = "section" | "entries" | "list" | "text" | "other";

/** The kind of value that a schema asks for, behind defaults and conversions. */
export function kindOf(schema: Schema): FieldKind {
  const { def } = unwrap(schema)._zod;
  switch (def.type) {
    case "object":
      return "section";
    case "record":
      return "entries";
    case "array":
      return "list";
    case "string":
      return "text";
    default:
      return "other";
  }
}

/** The settings of a section; none for anything else. */
export function fieldsOf(schema: Schema): Readonly<Record<string, Schema>> {
  const { def } = unwrap(schema)._zod;
  return def.type === "object" ? def.shape : {};
}

/** Every setting that is not a section, as paths. */
export function leavesOf(schema: Schema, prefix: readonly string[] = []): readonly string[][] {
  return Object.entries(fieldsOf(schema)).flatMap(([name, field]) => {
    const path = [...prefix, name];
    return kindOf(field) === "section" ? leavesOf(field, path) : [path];
  });
}

/** `["etcd", "endpoints", 0]` as people write it: `etcd.endpoints[0]`. */
export function showPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}

function unwrap(schema: Schema): z.core.$ZodTypes {
  // Every schema that zod makes is one of $ZodTypes; the base type does not say so.
  const known = schema as z.core.$ZodTypes;
  const { def } = known._zod;
  switch (def.type) {
    case "default":
    case "prefault":
    case "optional":
    case "nonoptional":
    case "nullable":
    case "readonly":
    case "catch":
      return unwrap(def.innerType);
    case "pipe":
      return unwrap(def.in);
    default:
      return known;
  }
}
