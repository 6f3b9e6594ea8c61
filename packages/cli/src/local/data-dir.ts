/**
 * The folder of a local cluster: the database's files and the log of every process. A temporary
 * one is removed when the cluster has stopped; one that was named stays.
 */
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * PostgreSQL refuses to run as root and runs as another user then, who must be able to pass through
 * this folder to its own files. Nobody else can list it; the log files are for their owner only.
 */
const PASS_THROUGH_MODE = 0o711;

export class DataDir {
  readonly path: string;
  readonly isTemporary: boolean;

  private constructor(path: string, isTemporary: boolean) {
    this.path = path;
    this.isTemporary = isTemporary;
  }

  /** Makes the folder. Without a path it is a new temporary one. */
  static async open(path: string | undefined): Promise<DataDir> {
    const dataDir =
      path === undefined
        ? new DataDir(await mkdtemp(join(tmpdir(), "holdfast-")), true)
        : new DataDir(resolve(path), false);
    await mkdir(dataDir.path, { recursive: true });
    await chmod(dataDir.path, PASS_THROUGH_MODE);
    await mkdir(join(dataDir.path, "logs"), { recursive: true });
    return dataDir;
  }

  get postgres(): string {
    return join(this.path, "postgres");
  }

  logFile(processName: string): string {
    return join(this.path, "logs", `${processName}.log`);
  }

  /** Removes a temporary folder; leaves any other. */
  async removeIfTemporary(): Promise<void> {
    if (this.isTemporary) await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}
