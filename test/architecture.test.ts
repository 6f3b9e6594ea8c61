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

/** Package → folder of its sources → sibling folders that it may import. "." is the root. */
const FOLDER_ARROWS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "packages/process": {
    config: [],
    ops: ["config"],
    grpc: ["ops"],
    postgres: ["config"],
    registry: ["config", "ops"],
    testing: ["registry"],
    ".": ["config", "grpc", "ops", "postgres", "registry", "testing"],
  },
  "packages/node": {
    memory: [],
    eviction: ["memory"],
    ownership: [],
    store: ["eviction", "memory"],
    curve: [],
    "write-behind": [],
    database: [],
    journal: [],
    replication: ["journal", "ownership"],
    rpc: ["journal", "replication"],
    cache: ["curve", "database", "journal", "ownership", "replication", "store", "write-behind"],
    cluster: ["journal", "ownership"],
    ops: ["cache", "curve"],
    testing: ["cache", "curve", "database", "journal", "ownership", "replication", "store"],
    ".": [
      "cache",
      "cluster",
      "curve",
      "database",
      "journal",
      "ops",
      "ownership",
      "replication",
      "rpc",
      "store",
      "testing",
    ],
  },
  "packages/coordinator": {
    planning: [],
    state: [],
    leading: ["planning", "state"],
    rpc: ["leading", "state"],
    testing: ["leading", "planning", "state"],
    ".": ["leading", "planning", "rpc", "state"],
  },
  "packages/client": {
    transport: [],
    routing: ["transport"],
    calls: ["routing", "transport"],
    cache: ["calls", "routing", "transport"],
    testing: [".", "cache"],
    ".": ["cache", "calls", "routing", "transport"],
  },
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
  { what: /"(node:)?timers(\/promises)?"/, where: ["packages/core/src/clock.ts"] },
  { what: /"pg"/, where: ["packages/process/src/postgres/database.ts"] },
  {
    // The embedded server takes the protocol files out of the package, and no code.
    what: /"etcd3["/]/,
    where: [
      "packages/process/src/registry/etcd-registry.ts",
      "packages/process/src/registry/embedded/server.ts",
    ],
  },
  {
    // Statuses and codes of errors are data and may be anywhere in `proto`; streams and calls not.
    what: /"@grpc\/grpc-js"/,
    where: [
      "proto/src/",
      "packages/process/src/grpc/",
      "packages/process/src/registry/",
      "packages/process/src/ops/run-process.ts",
      "packages/node/src/rpc/",
      "packages/coordinator/src/rpc/",
      "packages/cli/src/rpc/",
      "packages/client/src/transport/",
      "packages/client/src/options.ts",
    ],
  },
  {
    what: /"@opentelemetry\//,
    where: ["packages/client/src/opentelemetry.ts"],
  },
  { what: /"lmdb"/, where: ["packages/node/src/journal/"] },
  { what: /"fs-native-extensions"/, where: ["packages/node/src/journal/"] },
  {
    // Most commands of `holdfast` run for less time than it takes to load what servers are made of.
    what: /^(?!import type).*from "(@holdfast\/(process|coordinator|node)|.*\/(local-cluster|main-job)\.js)"/m,
    where: [
      "packages/coordinator/src/",
      "packages/node/src/",
      "packages/cli/src/local/",
      "packages/cli/src/main-job/",
      "packages/cli/src/index.ts",
    ],
  },
  { what: /from "hash-ring"/, where: ["packages/coordinator/src/planning/ring.ts"] },
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
  const folder = Object.keys(FOLDER_ARROWS).find((name) => source.path.startsWith(`${name}/src/`));
  if (folder === undefined) return [];
  const home = `${folder}/src`;
  const arrows = FOLDER_ARROWS[folder] ?? {};
  const from = folderWithin(home, source.path);
  return importsOf(source)
    .filter((target) => target.startsWith("."))
    .map((target) => posix.join(posix.dirname(source.path), target))
    .map((target) => ({ target, to: folderWithin(home, target) }))
    .filter(({ to }) => to !== from && !(arrows[from] ?? []).includes(to))
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
  it("has an entry for every package", () => {
    const packages = readdirSync(join(ROOT, "packages")).map((name) => `packages/${name}`);
    expect(Object.keys(PACKAGE_ARROWS).toSorted()).toEqual([...packages, "proto"].toSorted());
  });

  it.each(Object.entries(FOLDER_ARROWS))("has an entry for every folder of %s", (name, arrows) => {
    const home = `${name}/src`;
    const folders = new Set(
      sources
        .filter(({ path }) => path.startsWith(`${home}/`))
        .map(({ path }) => folderWithin(home, path)),
    );
    expect(Object.keys(arrows).toSorted()).toEqual([...folders].toSorted());
  });

  it("imports packages along the arrows only", () => {
    expect(sources.flatMap(forbiddenPackages)).toEqual([]);
  });

  it("imports folders of a package along the arrows only", () => {
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

  it.each([
    ["packages/node/src/cache/x.ts", "../rpc/pipe.js"],
    ["packages/node/src/cache/patterns/x.ts", "../../rpc/pipe.js"],
    ["packages/coordinator/src/planning/x.ts", "../state/members.js"],
    ["packages/coordinator/src/leading/x.ts", "../rpc/grpc-peers.js"],
    ["packages/client/src/transport/x.ts", "../routing/router.js"],
    ["packages/client/src/cache/x.ts", "../cluster.js"],
  ])("notices a planted import in %s of %s", (path, target) => {
    expect(forbiddenFolders({ path, text: `import { a } from "${target}";` })).toHaveLength(1);
  });

  it.each([
    ["packages/node/src/cache/patterns/x.ts", "../loads.js"],
    ["packages/coordinator/src/leading/x.ts", "../planning/ring.js"],
  ])("takes no offence at %s importing %s", (path, target) => {
    expect(forbiddenFolders({ path, text: `import { a } from "${target}";` })).toEqual([]);
  });

  it("notices a planted look at the clock, at chance, at the environment", () => {
    const path = "packages/node/src/cache/x.ts";
    const plants = ["Date.now()", "Math.random()", "process.env.HOME", 'x from "node:timers"'];
    for (const text of plants) expect(opened({ path, text })).toHaveLength(1);
  });

  it("notices a planted use of a package that one file owns, even from the next file", () => {
    const plants = [
      { path: "packages/process/src/postgres/x.ts", text: 'import pg from "pg";' },
      { path: "packages/process/src/registry/x.ts", text: 'import { Etcd3 } from "etcd3";' },
      { path: "packages/coordinator/src/planning/x.ts", text: 'import R from "hash-ring";' },
      { path: "packages/node/src/cluster/x.ts", text: 'import { status } from "@grpc/grpc-js";' },
      { path: "packages/cli/src/commands/x.ts", text: 'import { a } from "@holdfast/process";' },
      {
        path: "packages/cli/src/commands/x.ts",
        text: 'import { a } from "../local/local-cluster.js";',
      },
    ];
    for (const planted of plants) expect(opened(planted)).toHaveLength(1);
  });
});
