/**
 * Keeps ARCHITECTURE.md true: who may import whom, and which doors to the outside world are open
 * where. To allow a new arrow, change the table here and the diagram there in the same commit.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Folder of a package → packages of ours that it may import. */
const PACKAGE_ARROWS: Readonly<Record<string, readonly string[]>> = {
  "packages/core": [],
  proto: ["core"],
  "packages/process": ["core", "proto"],
  "packages/node": ["core", "proto", "process"],
  "packages/coordinator": ["core", "proto", "process"],
  "packages/client": ["core", "proto"],
  "packages/cli": ["core", "proto", "process", "node", "coordinator", "client"],
};

/** Folder of packages/node/src → sibling folders that it may import. "." is the root. */
const NODE_ARROWS: Readonly<Record<string, readonly string[]>> = {
  ownership: [],
  store: [],
  "write-behind": [],
  database: [],
  rpc: [],
  cache: ["database", "ownership", "store", "write-behind"],
  cluster: ["ownership"],
  ops: ["cache"],
  testing: ["cache", "database", "ownership", "store"],
  ".": ["cache", "cluster", "database", "ops", "ownership", "rpc", "store"],
};

/** What only these files, folders ("…/") or file names may contain. */
const DOORS: readonly { readonly what: RegExp; readonly where: readonly string[] }[] = [
  {
    what: /\b(Date\.now|performance\.now|setTimeout|setInterval)\(/,
    where: ["packages/core/src/clock.ts"],
  },
  {
    what: /\bMath\.random\(/,
    where: ["packages/core/src/random.ts", "packages/core/src/testing.ts"],
  },
  {
    what: /\bprocess\.env\b/,
    where: ["packages/core/src/testing.ts", "main.ts"],
  },
  { what: /from "pg"/, where: ["packages/process/src/postgres/"] },
  { what: /from "etcd3"/, where: ["packages/process/src/registry/"] },
  { what: /from "hash-ring"/, where: ["packages/coordinator/src/ring.ts"] },
];

interface Source {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const sources: readonly Source[] = Object.keys(PACKAGE_ARROWS).flatMap((folder) =>
  readdirSync(join(ROOT, folder, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes("/gen/"))
    .map((path) => ({
      path: relative(ROOT, path).replaceAll("\\", "/"),
      text: readFileSync(path, "utf8"),
    })),
);

const production = sources.filter(
  ({ path }) => !/\.(test|contract)\.ts$/.test(path) && !path.includes("/testing/"),
);

function importsOf({ text }: Source): string[] {
  const pattern = /(?:from|import)\s*\(?\s*"([^"]+)"/g;
  return [...text.matchAll(pattern)].map((match) => match[1] as string);
}

function forbiddenPackages(source: Source): string[] {
  const folder = Object.keys(PACKAGE_ARROWS).find((name) => source.path.startsWith(`${name}/`));
  const allowed = PACKAGE_ARROWS[folder ?? ""] ?? [];
  return importsOf(source)
    .filter((target) => target.startsWith("@holdfast/"))
    .filter((target) => !allowed.includes(target.split("/")[1] as string))
    .map((target) => `${source.path} imports ${target}`);
}

function forbiddenFolders(source: Source): string[] {
  const home = "packages/node/src";
  if (!source.path.startsWith(`${home}/`)) return [];
  const from = folderWithin(home, source.path);
  return importsOf(source)
    .filter((target) => target.startsWith("."))
    .map((target) => posix.join(posix.dirname(source.path), target))
    .map((target) => ({ target, to: folderWithin(home, target) }))
    .filter(({ to }) => to !== from && !(NODE_ARROWS[from] ?? []).includes(to))
    .map(({ target }) => `${source.path} imports ${target}`);
}

/** The first folder below `home`, or "." for a file that lies right in it. */
function folderWithin(home: string, path: string): string {
  const [first = ".", second] = relative(resolve("/", home), resolve("/", path)).split("/");
  return second === undefined ? "." : first;
}

function opened(source: Source): string[] {
  return DOORS.filter(({ what }) => what.test(source.text))
    .filter(({ where }) => !where.some((place) => isAt(source.path, place)))
    .map(({ what }) => `${source.path} contains ${what.source}`);
}

function isAt(path: string, place: string): boolean {
  if (place.endsWith("/")) return path.startsWith(place);
  return place.includes("/") ? path === place : path.endsWith(`/${place}`);
}

describe("the architecture", () => {
  it("has an entry for every package and every folder of the node", () => {
    const packages = readdirSync(join(ROOT, "packages")).map((name) => `packages/${name}`);
    expect(Object.keys(PACKAGE_ARROWS).toSorted()).toEqual([...packages, "proto"].toSorted());
    const folders = new Set(
      sources
        .filter(({ path }) => path.startsWith("packages/node/src/"))
        .map(({ path }) => folderWithin("packages/node/src", path)),
    );
    expect(Object.keys(NODE_ARROWS).toSorted()).toEqual([...folders].toSorted());
  });

  it("imports packages along the arrows only", () => {
    expect(sources.flatMap(forbiddenPackages)).toEqual([]);
  });

  it("imports folders of the node along the arrows only", () => {
    expect(
      sources.filter(({ path }) => !path.endsWith(".test.ts")).flatMap(forbiddenFolders),
    ).toEqual([]);
  });

  it("reaches the outside world through its doors only", () => {
    expect(production.flatMap(opened)).toEqual([]);
  });

  it("notices a planted import of a forbidden package", () => {
    const planted = {
      path: "packages/client/src/x.ts",
      text: 'import { a } from "@holdfast/process";',
    };
    expect(forbiddenPackages(planted)).toHaveLength(1);
  });

  it("notices a planted import of a forbidden folder from a nested one", () => {
    const path = "packages/node/src/cache/patterns/x.ts";
    expect(forbiddenFolders({ path, text: 'import { a } from "../../rpc/pipe.js";' })).toHaveLength(
      1,
    );
    expect(forbiddenFolders({ path, text: 'import { a } from "../loads.js";' })).toEqual([]);
  });

  it("notices a planted look at the clock, at chance, at the environment", () => {
    const path = "packages/node/src/cache/x.ts";
    for (const text of ["Date.now()", "Math.random()", "process.env.HOME", 'x from "pg"']) {
      expect(opened({ path, text })).toHaveLength(1);
    }
  });
});
