/**
 * The image: its build file, and its entry point run with the built packages. Whether the image
 * builds is not shown here: that takes a container engine and a base image.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";

const root = new URL("../", import.meta.url).pathname;
const text = readFileSync(join(root, "deploy/docker/Dockerfile"), "utf8");

/** The instructions, continued lines joined, comments left out. */
const instructions = text
  .replaceAll("\\\n", " ")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.replaceAll(/\s+/g, " "));
const stages = instructions.join("\n").split(/^(?=FROM )/m);
const lastStage = String(stages.at(-1));

describe("the Dockerfile", () => {
  it("asks for no syntax from the network", () => {
    expect(text).not.toMatch(/^#\s*syntax=/m);
  });

  it("builds and runs on one exact version of Node's LTS line", () => {
    expect(instructions[0]).toMatch(/^ARG NODE_IMAGE=node:24\.\d+\.\d+-\S+$/);
    const bases = stages.slice(1).map((stage) => stage.split("\n")[0]);
    expect(bases).toHaveLength(2);
    for (const base of bases) expect(base).toMatch(/^FROM \$\{NODE_IMAGE\}( AS build)?$/);
  });

  it("runs as a numeric user that is not root, with node as the first process", () => {
    expect(lastStage).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
    expect(lastStage).toContain('ENTRYPOINT ["node", "/app/entry.mjs"]');
    expect(lastStage).not.toContain("RUN ");
  });

  it("installs what the lockfile says", () => {
    expect(instructions.join("\n")).toContain("pnpm@10 install --frozen-lockfile");
    expect(instructions.join("\n")).not.toContain("--legacy");
  });

  it("copies what exists, and the manifest of every package of the workspace", () => {
    const sources = instructions
      .filter((line) => line.startsWith("COPY ") && !line.includes("--from="))
      .flatMap((line) => line.split(" ").slice(1, -1));
    expect(sources.filter((source) => !existsSync(join(root, source)))).toEqual([]);
    const lock = parse(readFileSync(join(root, "pnpm-lock.yaml"), "utf8"));
    const packages = Object.keys(lock.importers).filter((path) => path !== ".");
    expect(sources).toEqual(expect.arrayContaining(packages.map((path) => `${path}/package.json`)));
  });

  it("has the version of the packages in its label", () => {
    const { version } = JSON.parse(readFileSync(join(root, "packages/cli/package.json"), "utf8"));
    expect(lastStage).toContain(`org.opencontainers.image.version="${version}"`);
  });
});

describe("the entry point", () => {
  const app = mkdtempSync(join(tmpdir(), "holdfast-image-"));
  afterAll(() => rmSync(app, { recursive: true }));

  beforeAll(() => {
    copyFileSync(join(root, "deploy/docker/entry.mjs"), join(app, "entry.mjs"));
    for (const part of ["node_modules", "bin", "package.json"]) {
      symlinkSync(join(root, "packages/cli", part), join(app, part));
    }
  });

  function run(...args: string[]): { readonly code: number | null; readonly output: string } {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(app, "entry.mjs"), ...args],
      { encoding: "utf8", timeout: 30_000, env: { HOLDFAST_CONFIG: "/nowhere.yaml" } },
    );
    return { code: status, output: stdout + stderr };
  }

  it.each(["node", "coordinator"])(
    "becomes a %s, which says what is wrong with its settings",
    (role) => {
      const { code, output } = run(role);
      expect(code).toBe(1);
      expect(output).toMatch(new RegExp(`^\\S*${role}: the configuration has 1 problem:`, "m"));
      expect(output).toContain("/nowhere.yaml: cannot be read: no such file");
    },
  );

  it("is the CLI for anything else", () => {
    const { code, output } = run("--help");
    expect(code).toBe(0);
    expect(output).toContain("Usage: holdfast");
  });
});
