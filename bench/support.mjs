/** What benchmarks on a local cluster have in common. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The `holdfast` command, to be run by this process's Node. */
export const HOLDFAST = fileURLToPath(new URL("../packages/cli/bin/holdfast.js", import.meta.url));

/** Creates caches, given in YAML, as a person would. */
export function applyCaches(cluster, yaml) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  try {
    const file = join(folder, "caches.yaml");
    writeFileSync(file, yaml);
    const [seed] = cluster.seeds;
    execFileSync(process.execPath, [HOLDFAST, "caches", "apply", file, "--seed", seed]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function passed(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
