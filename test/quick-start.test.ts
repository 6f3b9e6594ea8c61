/** The README's quick start, as it is printed there, against a cluster with the caches it names. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseCachesFile } from "@holdfast/process";
import { expect, it } from "vitest";
import { startCluster } from "./support/cluster.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

it("shows the example that lies beside it", async () => {
  const readme = await readFile(`${ROOT}README.md`, "utf8");
  for (const name of ["caches.yaml", "quick-start.mjs"]) {
    const example = await readFile(`${ROOT}examples/${name}`, "utf8");
    const code = example.replace(/^(#.*\n)+/, "").trim();
    expect(readme, `README.md does not show examples/${name}`).toContain(code);
  }
});

it("works as it is printed", async () => {
  const yaml = await readFile(`${ROOT}examples/caches.yaml`, "utf8");
  const definitions = parseCachesFile(yaml, "caches.yaml").map(({ name, config }) => [
    name,
    config,
  ]);
  await using cluster = await startCluster(Object.fromEntries(definitions));
  const { stdout } = await promisify(execFile)(process.execPath, [
    `${ROOT}examples/quick-start.mjs`,
    cluster.local.seeds[0] as string,
  ]);
  expect(stdout).toMatch(/^Hello Ada 1 /);
  expect(stdout).toMatch(/visits: 1/);
});
