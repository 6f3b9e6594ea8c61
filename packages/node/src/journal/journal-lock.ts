/**
 * Keeps a second process away from a journal's folder. The lock belongs to an open file, so the
 * kernel takes it back the moment its holder is gone, however it went, and not before: a process
 * that is merely paused keeps it. Whoever gets the lock knows that the last holder is dead.
 */
import { type FileHandle, open } from "node:fs/promises";
import { tryLock } from "fs-native-extensions";

export class JournalInUseError extends Error {
  override readonly name = "JournalInUseError";
}

export class JournalLock {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** @throws {JournalInUseError} when another process holds it. */
  static async acquire(path: string): Promise<JournalLock> {
    const file = await open(path, "a+", 0o600);
    if (tryLock(file.fd)) return new JournalLock(file);
    await file.close();
    throw new JournalInUseError(
      `${path} is locked: another process uses this journal; give each node a folder of its own`,
    );
  }

  release(): Promise<void> {
    return this.#file.close();
  }
}
