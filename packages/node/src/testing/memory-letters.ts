/** Dead letters in memory, for tests; it fails when it is told to. */
import type {
  DeadLetter,
  DeadLetterStore,
  LetterName,
  LetterProblem,
  LetterQuery,
} from "../database/dead-letters.js";

export class MemoryLetters implements DeadLetterStore {
  readonly letters: Map<string, DeadLetter> = new Map();
  /** Called before anything else; throws instead of it. */
  beforeAnything: () => void = () => {};

  /** A letter of the cache `test`, as the database refused it. */
  plant(key: string, version: number, changes: Partial<DeadLetter> = {}): void {
    const value = Buffer.from(`letter ${version}`);
    const letter: DeadLetter = {
      cache: "test",
      key,
      version,
      deleted: false,
      encoding: 2,
      expiresAtMs: undefined,
      valueBytes: value.byteLength,
      value,
      sqlstate: "23514",
      message: "refused",
      atMs: 0,
      incarnation: "incarnation-1",
      ...changes,
    };
    this.letters.set(nameOf(letter), letter);
  }

  async list({ cache, key }: LetterQuery): Promise<readonly DeadLetter[]> {
    this.beforeAnything();
    return [...this.letters.values()].filter(
      (letter) =>
        (cache === undefined || letter.cache === cache) &&
        (key === undefined || letter.key === key),
    );
  }

  async find(name: LetterName): Promise<DeadLetter | undefined> {
    this.beforeAnything();
    return this.letters.get(nameOf(name));
  }

  async noteProblem(name: LetterName, problem: LetterProblem): Promise<void> {
    this.beforeAnything();
    const letter = this.letters.get(nameOf(name));
    if (letter !== undefined) this.letters.set(nameOf(name), { ...letter, ...problem });
  }

  async remove(names: readonly LetterName[]): Promise<readonly boolean[]> {
    this.beforeAnything();
    return names.map((name) => this.letters.delete(nameOf(name)));
  }
}

function nameOf({ cache, key, version }: LetterName): string {
  return JSON.stringify([cache, key, version]);
}
