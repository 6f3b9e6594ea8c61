/**
 * The folder of a local cluster: the database's files, the nodes' journals and the logs. A temporary
 * one is removed when the cluster has stopped, unless there is something to look at; one that was
 * named stays.
 */
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CliError } from "../cli-error.js";

/**
 * PostgreSQL refuses to run as root and runs as another user then, who must be able to pass through
 * this folder to its own files. Nobody else can list it; the log files are for their owner only.
 */
const PASS_THROUGH_MODE = 0o711;

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: "there is a file of that name",
  ENOTDIR: "a part of the path is a file",
  ENOENT: "no folder can be made there",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
};

export class DataDir {
  readonly path: string;
  #isTemporary: boolean;

  private constructor(path: string, isTemporary: boolean) {
    this.path = path;
    this.#isTemporary = isTemporary;
  }

  /**
   * Makes the folder. Without a path it is a new temporary one.
   *
   * @throws {CliError} when the path cannot be such a folder.
   */
  static async open(path: string | undefined): Promise<DataDir> {
    const dataDir =
      path === undefined
        ? new DataDir(await mkdtemp(join(tmpdir(), "holdfast-")), true)
        : new DataDir(resolve(path), false);
    try {
      await mkdir(dataDir.path, { recursive: true });
      await chmod(dataDir.path, PASS_THROUGH_MODE);
      await mkdir(join(dataDir.path, "logs"), { recursive: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new CliError(`cannot keep data in ${dataDir.path}: ${REASONS[code ?? ""] ?? code}`);
    }
    return dataDir;
  }

  get isTemporary(): boolean {
    return this.#isTemporary;
  }

  /** It stays, even if it is a temporary one. */
  keep(): void {
    this.#isTemporary = false;
  }

  get postgres(): string {
    return join(this.path, "postgres");
  }

  /** Of one node; its own from one start to the next. */
  journal(nodeId: string): string {
    return join(this.path, "journals", nodeId);
  }

  logFile(processName: string): string {
    return join(this.path, "logs", `${processName}.log`);
  }

  /** Removes a temporary folder; leaves any other. */
  async removeIfTemporary(): Promise<void> {
    if (this.#isTemporary) await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}
