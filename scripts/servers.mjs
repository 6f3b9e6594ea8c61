/**
 * Finds the servers that the tests need, and fetches what is missing without changing the machine:
 * packages are downloaded and unpacked below `.cache/`, never installed, so no service is started
 * or enabled and no rights are needed.
 */
import { execFile } from "node:child_process";
import { access, constants, mkdir, readdir, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const CACHE = fileURLToPath(new URL("../.cache/etcd", import.meta.url));
const CACHED_ETCD = join(CACHE, "root", "usr", "bin", "etcd");
const DOWNLOAD_TIMEOUT_MS = 180_000;

/**
 * Path of an etcd binary: `HOLDFAST_ETCD_BIN`, else the one on the PATH, else the one that was
 * fetched before, else the one of Debian's package, fetched now.
 *
 * @returns {Promise<string>}
 * @throws {Error} that says how to install etcd.
 */
export async function ensureEtcd() {
  const given = process.env.HOLDFAST_ETCD_BIN;
  if (given) {
    if (await isExecutable(given)) return given;
    throw new Error(`HOLDFAST_ETCD_BIN names ${given}, which is not a program`);
  }
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin"].filter(Boolean);
  for (const candidate of [...folders.map((folder) => join(folder, "etcd")), CACHED_ETCD]) {
    if (await isExecutable(candidate)) return candidate;
  }
  try {
    await fetchEtcd();
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new Error(
      "etcd was not found and could not be fetched. Install it (Debian and Ubuntu: apt-get install " +
        "etcd-server; macOS: brew install etcd; others: https://github.com/etcd-io/etcd/releases) " +
        `or set HOLDFAST_ETCD_BIN to its path. Reason: ${reason}`,
      { cause: error },
    );
  }
  return CACHED_ETCD;
}

/** With state of its own, apt works for any user and leaves the system's lists alone. */
async function fetchEtcd() {
  const work = join(CACHE, `fetch-${process.pid}`);
  const options = [
    `Dir::State=${join(work, "state")}`,
    "Dir::State::status=/var/lib/dpkg/status",
    `Dir::Cache=${join(work, "cache")}`,
    "APT::Sandbox::User=",
  ].flatMap((option) => ["-o", option]);
  const inWork = { cwd: work, timeout: DOWNLOAD_TIMEOUT_MS };
  try {
    await mkdir(join(work, "state", "lists", "partial"), { recursive: true });
    await mkdir(join(work, "cache", "archives", "partial"), { recursive: true });
    await run("apt-get", [...options, "-q", "update"], inWork);
    await run("apt-get", [...options, "-q", "download", "etcd-server"], inWork);
    const archive = (await readdir(work)).find((name) => name.endsWith(".deb"));
    if (archive === undefined) throw new Error("apt-get downloaded no package");
    await run("dpkg-deb", ["-x", archive, "root"], inWork);
    // Renamed when complete, so that an interrupted fetch leaves nothing that looks usable.
    await rm(join(CACHE, "root"), { recursive: true, force: true });
    await rename(join(work, "root"), join(CACHE, "root"));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
