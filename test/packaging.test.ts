/**
 * `@holdfast/client` as a service gets it: in an empty project of either module system it runs what its
 * documents print, shows its types to a strict compiler, and brings nothing that is not for services.
 */
import { readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseCachesFile } from "@holdfast/process";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { startCluster, type TestCluster } from "./support/cluster.js";
import {
  ClientProjects,
  filesIn,
  type ModuleSystem,
  PACKED,
  type PackedName,
  run,
} from "./support/packed-client.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CLIENT_README = readFileSync(`${ROOT}packages/client/README.md`, "utf8");
const NAMES = Object.keys(PACKED) as PackedName[];
const SYSTEMS: readonly ModuleSystem[] = ["module", "commonjs"];
const SERVERS = ["process", "node", "coordinator", "cli"];
const IMPORT = /^import (\{.*\}) from ("@holdfast\/client");$/m;
const MEGABYTE = 1_000_000;

let projects: ClientProjects;

beforeAll(async () => {
  projects = await ClientProjects.install();
}, 180_000);

afterAll(() => projects?.[Symbol.asyncDispose]());

describe("the installed client", () => {
  let cluster: TestCluster;

  beforeAll(async () => {
    const examples = parseCachesFile(readFileSync(`${ROOT}examples/caches.yaml`, "utf8"), "");
    cluster = await startCluster({
      ...Object.fromEntries(examples.map(({ name, config }) => [name, config])),
      products: { pattern: "write-behind", source: { kind: "entries" } },
    });
  });

  afterAll(() => cluster?.[Symbol.asyncDispose]());

  it.each(SYSTEMS)("runs the quick start of the project as a %s", async (system) => {
    const stdout = await runIn(system, codeIn(readFileSync(`${ROOT}README.md`, "utf8"), "js"));
    expect(stdout).toMatch(/^Hello Ada 1 /);
  });

  it.each(SYSTEMS)("runs the quick start of the package as a %s", async (system) => {
    const products = (await cluster.connect()).cache("products");
    await products.deleteMany(["42", "44"]);
    await runIn(system, codeIn(CLIENT_README, "js"));
    expect(await products.get("42")).toEqual({ name: "laptop", stock: 2 });
    expect(await products.get("44")).toEqual({ name: "lamp", stock: 9 });
  });

  /** Runs what a document prints. It ends by itself, and neither it nor Node has anything to complain about. */
  async function runIn(system: ModuleSystem, printed: string): Promise<string> {
    const code = printed.replace("localhost:7400", cluster.local.seeds[0] as string);
    const cwd = projects.of(system);
    await writeFile(join(cwd, "main.js"), inSystem(system, code, "const $1 = require($2);"));
    const { stdout, stderr } = await run(process.execPath, ["main.js"], { cwd, timeout: 30_000 });
    expect(stderr).toBe("");
    return stdout;
  }
});

describe("its types", () => {
  it.each([
    ["ES modules", "module", ["--module", "nodenext"]],
    ["CommonJS", "commonjs", ["--module", "nodenext"]],
    ["CommonJS that knows what Node 20 does", "commonjs", ["--module", "node20"]],
    ["bundlers", "module", ["--module", "preserve", "--moduleResolution", "bundler"]],
  ] as const)("are those of the document for %s", async (_who, system, flags) => {
    const code = `${codeIn(CLIENT_README, "ts")}
// @ts-expect-error No product has a name of this type.
await products.set("42", { name: 42, stock: laptop?.stock ?? 0 });`;
    await writeFile(join(projects.of(system), "main.ts"), inSystem(system, code, "$&"));
    const strict = ["--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false"];
    const args = [...strict, "--noEmit", "--target", "es2022", ...flags, "main.ts"];
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const outcome = await run(process.execPath, [tsc, ...args], { cwd: projects.of(system) }).then(
      () => "compiles",
      ({ stdout, message }: { stdout: string; message: string }) => stdout || message,
    );
    expect(outcome).toBe("compiles");
  });
});

describe.each(NAMES)("the tarball of %s", (name) => {
  it("satisfies publint, suggestions included", async () => {
    const { messages } = await publint({ pkgDir: projects.installed(name), pack: false });
    expect(messages).toEqual([]);
  });

  it("has what was made of its sources, these, and nothing else", () => {
    const home = join(ROOT, PACKED[name]);
    const modules = filesIn(join(home, "src"))
      .filter((file) => !/\.(test|contract)\.ts$|^testing[./]/.test(file))
      .map((file) => file.replace(/\.ts$/, ""));
    const built = [".js", ".js.map", ".d.ts", ".d.ts.map"];
    const contract = name === "@holdfast/proto" ? filesIn(join(home, "holdfast")) : [];
    expect(filesIn(projects.installed(name))).toEqual(
      [
        ...["LICENSE", "README.md", "package.json"],
        ...contract.map((file) => `holdfast/${file}`),
        ...modules.map((module) => `src/${module}.ts`),
        ...modules.flatMap((module) => built.map((ending) => `dist/${module}${ending}`)),
      ].toSorted(),
    );
  });

  it("depends on the versions of the workspace", () => {
    const { version, dependencies } = manifestIn(projects.installed(name));
    const { catalog } = parse(readFileSync(`${ROOT}pnpm-workspace.yaml`, "utf8"));
    const wanted = Object.keys(dependencies).map((dependency) => [
      dependency,
      dependency.startsWith("@holdfast/") ? version : catalog[dependency],
    ]);
    expect(dependencies).toEqual(Object.fromEntries(wanted));
  });
});

describe("the installation", () => {
  it("has nothing in it that only servers need", () => {
    const ours = new Set(NAMES.flatMap((name) => dependenciesIn(PACKED[name])));
    const ofServers = SERVERS.flatMap((server) => dependenciesIn(`packages/${server}`));
    const onlyServers = ofServers.filter((name) => !ours.has(name) && name !== "@holdfast/client");
    expect(onlyServers).toEqual(expect.arrayContaining(["pg", "etcd3", "lmdb", "@holdfast/node"]));
    const lock = join(projects.of("module"), "node_modules/.package-lock.json");
    const paths = Object.keys(JSON.parse(readFileSync(lock, "utf8")).packages);
    const installed = paths.map((path) => path.slice(path.lastIndexOf("node_modules/") + 13));
    expect(installed).toContain("@grpc/grpc-js");
    expect(installed.filter((name) => onlyServers.includes(name))).toEqual([]);
  });

  it("is no larger than its document says", () => {
    const folder = join(projects.of("module"), "node_modules");
    const bytes = filesIn(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
    const bound = Number(/it takes less than (\d+) MB/.exec(CLIENT_README)?.[1]);
    expect(bytes / MEGABYTE).toBeLessThan(bound);
    expect(bytes / MEGABYTE).toBeGreaterThan(bound / 2);
  });
});

/** The first block of a document that is written in a language and uses the client. */
function codeIn(document: string, language: string): string {
  const blocks = [...document.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
  const found = blocks.find(([, of, code = ""]) => of === language && IMPORT.test(code));
  if (found?.[2] === undefined) throw new Error(`no ${language} that imports the client`);
  return found[2];
}

/** CommonJS has no `await` at the top: the code goes into a function there, behind how it gets at the client. */
function inSystem(system: ModuleSystem, code: string, loading: string): string {
  if (system === "module") return code;
  const [statement = ""] = IMPORT.exec(code) ?? [];
  const body = code.replace(IMPORT, "");
  return `${statement.replace(IMPORT, loading)}\nasync function main() {${body}\n}\nmain();\n`;
}

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

function dependenciesIn(home: string): string[] {
  return Object.keys(manifestIn(join(ROOT, home)).dependencies);
}
