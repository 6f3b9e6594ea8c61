/** The packages of the client as tarballs, installed with npm into projects that have nothing else. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Fetching from a registry that is slow, or trying in vain. */
const INSTALL_TIMEOUT_MS = 100_000;

export const run = promisify(execFile);

/** The packages that are packed, by the folders that they are made of. */
export const PACKED = {
  "@holdfast/core": "packages/core",
  "@holdfast/proto": "proto",
  "@holdfast/client": "packages/client",
} as const;

export type PackedName = keyof typeof PACKED;

/** What a project's package.json calls its module system. */
export type ModuleSystem = "module" | "commonjs";

/** Two projects, one of each module system, into which the client is installed, and nothing else. */
export class ClientProjects implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async install(): Promise<ClientProjects> {
    const projects = new ClientProjects(await mkdtemp(join(tmpdir(), "holdfast-packed-")));
    try {
      const tarballs = await projects.#pack();
      const systems: ModuleSystem[] = ["module", "commonjs"];
      await Promise.all(systems.map((system) => projects.#installInto(system, tarballs)));
      return projects;
    } catch (error) {
      await projects[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The folder of a project. */
  of(system: ModuleSystem): string {
    return join(this.#folder, system);
  }

  /** Where a package lies once it is installed. */
  installed(name: PackedName): string {
    return join(this.of("module"), "node_modules", name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #pack(): Promise<string[]> {
    const { stdout } = await run(process.execPath, [join(ROOT, "scripts/pack.mjs"), this.#folder]);
    return stdout.trim().split("\n");
  }

  async #installInto(system: ModuleSystem, tarballs: readonly string[]): Promise<void> {
    const cwd = this.of(system);
    await mkdir(cwd);
    await writeFile(join(cwd, "package.json"), JSON.stringify({ private: true, type: system }));
    const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
    await run("npm", ["install", ...flags, ...tarballs], { cwd, timeout: INSTALL_TIMEOUT_MS });
  }
}

/** Every file below a folder, relative to it, in order. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
}
