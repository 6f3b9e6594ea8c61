/**
 * `npm test`: everything that must hold, in the order in which it fails fastest. Installs what is
 * missing first, the servers of the cluster tests included.
 *
 * Arguments are passed on to vitest, e.g. `npm test -- packages/core`. With `CI` set, a skipped test
 * is a failure.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { installAndBuild } from "./install.mjs";
import { ensureEtcd } from "./servers.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

try {
  installAndBuild();
  const vitestArguments = process.argv.slice(2);
  if (vitestArguments.length === 0) {
    step("Formatting and lint", "biome", ["ci", "."]);
    step("Types of the tests", "tsc", ["-p", "tsconfig.test.json"]);
    step("Unused files, exports and dependencies", "knip", []);
    step("Generated code", process.execPath, ["proto/scripts/generate.mjs", "--check"]);
  }
  process.env.HOLDFAST_ETCD_BIN = await ensureEtcd();
  step("Tests", "vitest", ["run", ...vitestArguments]);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}

/** Runs a tool of the workspace, or a program by its path; throws when it fails. */
function step(title, program, args) {
  process.stderr.write(`${title} …\n`);
  const command = program.includes("/") ? program : `${ROOT}node_modules/.bin/${program}`;
  const { status, signal, error } = spawnSync(command, args, { cwd: ROOT, stdio: "inherit" });
  if (status === 0) return;
  throw new Error(`${title}: failed (${error?.message ?? signal ?? `exit code ${status}`})`);
}
