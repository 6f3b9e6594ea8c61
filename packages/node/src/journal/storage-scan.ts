/**
 * Reads all of a journal's storage once in a process of its own. LMDB trusts its file: one that is
 * torn or overwritten ends the process that reads it, without a word. Let that be somebody else.
 */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";

/** Arguments: the library, the folder, names of the databases in it. */
const SCRIPT = `
const [library, path, ...names] = process.argv.slice(1);
const root = require(library).open({ path, readOnly: true, encoding: "binary" });
for (const name of names) {
  const database = root.openDB({ name, encoding: "binary", keyEncoding: "binary" });
  // Whoever made the storage may have been killed before it had all of its databases.
  for (const { value } of database?.getRange({}) ?? []) if (value === undefined) process.exit(1);
}`;

/** A journal of a few GiB is read in seconds. */
const TIMEOUT_MS = 60_000;

/** @throws {Error} when the storage cannot be read to its end. */
export async function scanStorage(path: string, databases: readonly string[]): Promise<void> {
  const library = createRequire(import.meta.url).resolve("lmdb");
  try {
    await promisify(execFile)(process.execPath, ["-e", SCRIPT, library, path, ...databases], {
      env: {},
      timeout: TIMEOUT_MS,
    });
  } catch (error) {
    const { signal, code, killed } = error as { signal?: string; code?: number; killed?: boolean };
    if (killed) throw new Error(`reading it took longer than ${TIMEOUT_MS / 1_000} s`);
    throw new Error(`its storage is damaged: reading it ended with ${signal ?? `code ${code}`}`, {
      cause: error,
    });
  }
}
