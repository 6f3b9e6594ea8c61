/**
 * Makes a checkout ready to run: installs what the lockfile names, when that has changed since the
 * last time, and builds. Needs nothing but Node and npm. Whatever the tools say goes to standard
 * error, so that standard output stays for results.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MODULES = join(ROOT, "node_modules");
/** Lies inside node_modules, so it goes when that goes. */
const STAMP = join(MODULES, ".holdfast-installed");

/**
 * @param {{ quiet?: boolean }} [options] quiet: the tools are heard only when they fail.
 * @throws {Error} with one line, after the tool has said what went wrong.
 */
export function installAndBuild({ quiet = false } = {}) {
  const wanted = createHash("sha256")
    .update(readFileSync(join(ROOT, "pnpm-lock.yaml")))
    .digest("hex");
  if (!existsSync(STAMP) || readFileSync(STAMP, "utf8") !== wanted) {
    if (!quiet) process.stderr.write("Installing dependencies …\n");
    run("npx", ["--yes", "pnpm@10", "install", "--frozen-lockfile"], quiet);
    writeFileSync(STAMP, wanted);
  }
  if (!quiet) process.stderr.write("Building …\n");
  run(process.execPath, [join(MODULES, "typescript", "bin", "tsc"), "-b"], quiet);
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {boolean} quiet
 */
function run(command, args, quiet) {
  const output = quiet ? "pipe" : process.stderr.fd;
  const result = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ["ignore", output, output],
    encoding: "utf8",
    env: { ...process.env, CI: "true" },
  });
  if (result.status === 0) return;
  if (quiet) process.stderr.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  const why = result.error?.message ?? result.signal ?? `exit code ${result.status}`;
  throw new Error(`\`${[command, ...args].join(" ")}\` failed: ${why}`);
}
