/**
 * Regenerates `src/gen` from the .proto files: the TypeScript types, and the descriptor that is
 * loaded at run time, so that bundled programs need no .proto file beside them.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

const home = fileURLToPath(new URL("..", import.meta.url));
const files = readdirSync(`${home}holdfast/v1`)
  .sort()
  .map((name) => `holdfast/v1/${name}`);

rmSync(`${home}src/gen`, { recursive: true, force: true });
execFileSync(
  `${home}node_modules/.bin/proto-loader-gen-types`,
  [
    "--longs=Number",
    "--enums=String",
    "--defaults",
    "--oneofs",
    "--includeComments",
    "--grpcLib=@grpc/grpc-js",
    "--importFileExtension=.js",
    `--includeDirs=${home}`,
    `--outDir=${home}src/gen`,
    ...files,
  ],
  { cwd: home, stdio: ["ignore", "ignore", "inherit"] },
);

// It declares no service, so nothing uses what is generated for it as a file.
rmSync(`${home}src/gen/pipe.ts`);

// The generator writes where it ran into a comment; a checkout elsewhere must not differ.
for (const entry of readdirSync(`${home}src/gen`, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = `${entry.parentPath}/${entry.name}`;
  writeFileSync(path, readFileSync(path, "utf8").replaceAll(home, ""));
}

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => `${home}${target}`;
root.loadSync(files, { keepCase: false });
const json = JSON.stringify(root.toJSON(), undefined, 1);
writeFileSync(`${home}src/gen/descriptor.ts`, `export const DESCRIPTOR: object = ${json};\n`);
