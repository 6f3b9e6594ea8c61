/**
 * Runs one of the benchmarks in bench/, after a build: `npm run bench -- store --json`. What stands behind
 * the name goes to the benchmark. Without a name it lists them. A module there that exports something is
 * shared by several, and no benchmark.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installAndBuild } from "./install.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDER = join(ROOT, "bench");

const sources = new Map(
  readdirSync(FOLDER)
    .filter((file) => file.endsWith(".mjs"))
    .map((file) => [file.slice(0, -".mjs".length), readFileSync(join(FOLDER, file), "utf8")]),
);
const benches = [...sources.keys()].filter((name) => !/^export /m.test(sources.get(name)));

const [name, ...flags] = process.argv.slice(2);
if (benches.includes(name)) {
  installAndBuild({ quiet: true });
  const args = [join(FOLDER, `${name}.mjs`), ...flags];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  process.exitCode = status ?? 1;
} else {
  for (const each of benches) {
    process.stderr.write(`${each.padEnd(20)} ${summaryOf(sources.get(each))}\n`);
  }
  if (name !== undefined) process.stderr.write(`There is no benchmark "${name}".\n`);
  process.exitCode = name === undefined ? 0 : 2;
}

/** The first sentence of a file's opening comment. */
function summaryOf(source) {
  const comment = source.slice(source.indexOf("/**") + 3, source.indexOf("*/"));
  const text = comment.replaceAll(/\s*\n \*\s?/g, " ").trim();
  return text.split(/[.:;,] /)[0];
}
