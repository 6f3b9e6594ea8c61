/** The SDK as services load it: from ES modules and from CommonJS. */
import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const HERE = dirname(fileURLToPath(import.meta.url));

it.each([
  ["ES modules", "module", 'import { connect } from "@holdfast/client"; run(connect);'],
  ["CommonJS", "commonjs", 'const { connect } = require("@holdfast/client"); run(connect);'],
])("loads from %s and fails as documented where nobody listens", async (_what, type, source) => {
  const run = `async function run(connect) {
    const error = await connect({ seeds: ["127.0.0.1:1"], timeout: 300 }).catch((e) => e);
    console.log(error.code);
  }`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [`--input-type=${type}`, "--eval", `${source}\n${run}`],
    { cwd: HERE },
  );
  expect(stdout.trim()).toBe("UNAVAILABLE");
});
