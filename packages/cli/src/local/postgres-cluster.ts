/**
 * Makes the data of a new PostgreSQL server: a role with a random password, and one database. The
 * folder gets its name when everything is in it, so an interrupted first start leaves no half.
 */
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PostgresBinaries } from "./postgres-binaries.js";

export const USER = "holdfast";
export const DATABASE = "holdfast";

/** Beside the server's own files, which only their owner can read either. */
export const PASSWORD_FILE = "holdfast.password";

/** All of the environment that the programs get: nothing of the caller's changes what they do. */
export const PROGRAM_ENV: Readonly<Record<string, string>> = {
  PATH: "/usr/bin:/bin",
  LC_ALL: "C",
  TZ: "UTC",
};

export interface NewCluster {
  readonly binaries: PostgresBinaries;
  readonly homeDir: string;
  readonly clusterDir: string;
  readonly runAs: { readonly uid?: number; readonly gid?: number };
  readonly durable: boolean;
}

export async function createCluster(options: NewCluster): Promise<void> {
  const { binaries, clusterDir, durable, homeDir, runAs } = options;
  const draft = `${clusterDir}.new`;
  const passwordFile = join(homeDir, "password.new");
  const password = randomBytes(24).toString("base64url");
  await rm(draft, { recursive: true, force: true });
  await rm(passwordFile, { force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600, flag: "wx" });
  if (runAs.uid !== undefined && runAs.gid !== undefined) {
    await chown(draft, runAs.uid, runAs.gid);
    await chown(passwordFile, runAs.uid, runAs.gid);
  }
  try {
    const args = ["-D", draft, "-U", USER, "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
    // Byte order and UTF-8 on every machine, whichever locales it has.
    args.push("--encoding=UTF8", "--locale=C", "--no-instructions");
    if (!durable) args.push("--no-sync");
    await run(binaries.initdb, args, "", options);
    const single = ["--single", "-D", draft, "postgres"];
    await run(binaries.postgres, single, `CREATE DATABASE ${DATABASE}\n`, options);
    await rename(passwordFile, join(draft, PASSWORD_FILE));
    await rename(draft, clusterDir);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

/** @throws {Error} when the data were made by another major version, which cannot read them. */
export async function checkVersion(clusterDir: string, binaries: PostgresBinaries): Promise<void> {
  const made = (await readFile(join(clusterDir, "PG_VERSION"), "utf8")).trim();
  const { stdout } = await promisify(execFile)(binaries.postgres, ["--version"], {
    env: PROGRAM_ENV,
  });
  const major = /\b(\d+)[.\w]/.exec(stdout)?.[1];
  if (made === major) return;
  throw new Error(
    `the data in ${clusterDir} were made by PostgreSQL ${made}, and this is PostgreSQL ${major}; ` +
      "use the former, or remove the folder to begin anew",
  );
}

/** Runs a program to its end. @throws {Error} with the last line it wrote when it fails. */
function run(program: string, args: readonly string[], input: string, options: NewCluster) {
  return new Promise<void>((resolve, reject) => {
    const child = spawn(program, args, {
      ...options.runAs,
      cwd: options.homeDir,
      env: PROGRAM_ENV,
      stdio: ["pipe", "ignore", "pipe"],
    });
    let complaint = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(-2_000);
    });
    child.once("error", (error) => reject(new Error(`${program}: ${error.message}`)));
    child.once("close", (code) => {
      const lastLine = complaint.trim().split("\n").at(-1) ?? "";
      if (code === 0) resolve();
      else reject(new Error(`${program} failed (${code}): ${lastLine}`));
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}
