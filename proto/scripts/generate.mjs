/**
 * Regenerates `src/gen` from the .proto files: the TypeScript types, and the descriptor that is
 * loaded at run time, so that bundled programs need no .proto file beside them. With `--check` it
 * changes nothing, and fails when what is committed differs.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

const home = fileURLToPath(new URL("..", import.meta.url));
const committed = join(home, "src", "gen");
const files = readdirSync(join(home, "holdfast", "v1"))
  .sort()
  .map((name) => `holdfast/v1/${name}`);

if (process.argv.includes("--check")) check();
else generate(committed);

function check() {
  const fresh = mkdtempSync(join(tmpdir(), "holdfast-gen-"));
  try {
    generate(fresh);
    const differing = [...new Set([...list(fresh), ...list(committed)])].filter(
      (name) => read(fresh, name) !== read(committed, name),
    );
    if (differing.length === 0) return;
    process.stderr.write(`Out of date, run \`npm run generate\`: ${differing.join(", ")}\n`);
    process.exitCode = 1;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function generate(target) {
  rmSync(target, { recursive: true, force: true });
  execFileSync(
    join(home, "node_modules", ".bin", "proto-loader-gen-types"),
    [
      "--longs=Number",
      "--enums=String",
      "--defaults",
      "--oneofs",
      "--includeComments",
      "--grpcLib=@grpc/grpc-js",
      "--importFileExtension=.js",
      `--includeDirs=${home}`,
      `--outDir=${target}`,
      ...files,
    ],
    { cwd: home, stdio: ["ignore", "ignore", "inherit"] },
  );
  // It declares no service, so nothing uses what is generated for it as a file.
  rmSync(join(target, "pipe.ts"));
  // The generator writes where it ran into a comment; a checkout elsewhere must not differ.
  for (const name of list(target)) {
    writeFileSync(join(target, name), read(target, name).replaceAll(home, ""));
  }
  const root = new protobuf.Root();
  root.resolvePath = (_origin, path) => join(home, path);
  root.loadSync(files, { keepCase: false });
  const json = JSON.stringify(root.toJSON(), undefined, 1);
  writeFileSync(join(target, "descriptor.ts"), `export const DESCRIPTOR: object = ${json};\n`);
}

function list(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

function read(folder, name) {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return undefined;
  }
}
