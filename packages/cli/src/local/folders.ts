/** Small questions about folders: is it there, can others enter it, did this user make it. */
import { access, lstat, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";

const OTHERS_MAY_ENTER = 0o001;
const OTHERS_MAY_WRITE = 0o022;

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** True when every folder on the way, and the folder itself, lets anybody pass. */
export async function isReachableByOthers(folder: string): Promise<boolean> {
  let path = await realpath(folder);
  for (;;) {
    if (((await stat(path)).mode & OTHERS_MAY_ENTER) === 0) return false;
    const parent = dirname(path);
    if (parent === path) return true;
    path = parent;
  }
}

/**
 * Guards the well-known names in the folder for temporary files, where anybody can be first.
 *
 * @throws {Error} when somebody else made the folder, or could change what is in it.
 */
export async function checkOwnFolder(folder: string): Promise<void> {
  const stats = await lstat(folder);
  const isOwn = stats.isDirectory() && stats.uid === process.getuid?.();
  if (isOwn && (stats.mode & OTHERS_MAY_WRITE) === 0) return;
  throw new Error(`${folder} was not made by this user alone; remove it and start again`);
}
