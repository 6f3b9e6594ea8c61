/**
 * Packs what a service installs, `@holdfast/client` and the packages it depends on, as tarballs that name
 * versions in place of `workspace:` and `catalog:`: `npm run pack -- <folder>`, which is `packed` unless it
 * is named. It packs what is built, and prints the path of each tarball, one on a line.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** What depends on nothing first: the order in which they would be published. */
const PACKAGES = ["packages/core", "proto", "packages/client"];
/** The first call may have to fetch pnpm. */
const TIMEOUT_MS = 60_000;

const folder = resolve(process.argv[2] ?? "packed");
mkdirSync(folder, { recursive: true });
for (const home of PACKAGES) {
  const args = ["--yes", "pnpm@10", "pack", "--json", "--pack-destination", folder];
  const options = { cwd: join(ROOT, home), encoding: "utf8", timeout: TIMEOUT_MS };
  const { filename } = JSON.parse(execFileSync("npx", args, options));
  process.stdout.write(`${filename}\n`);
}
