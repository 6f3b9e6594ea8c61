/**
 * `npm start`: from a fresh clone to the main job. Checks Node, installs and builds when needed, and
 * runs the demonstration in this very process, so that a signal from npm or a terminal reaches it.
 */
import { installAndBuild } from "./install.mjs";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Holdfast needs Node 20.19 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}

try {
  installAndBuild();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
const { main } = await import(new URL("../packages/cli/dist/main.js", import.meta.url).href);
await main(["demo", ...process.argv.slice(2)], "node packages/cli/bin/holdfast.js");
