/**
 * Cache-aside: the application owns the database. The cache remembers what it is given, and a miss
 * is a miss.
 */
import { ABSENT, type ReadResult } from "../context.js";
import type { Memory } from "../memory.js";
import type { Mutation, Pattern } from "./pattern.js";

export class CacheAside implements Pattern {
  readonly isReadOnly = false;
  readonly isMemoryAlone = true;
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  miss(): ReadResult {
    return ABSENT;
  }

  get hasUnresolved(): boolean {
    return false;
  }

  unresolved(): undefined {
    return undefined;
  }

  room(): undefined {
    return undefined;
  }

  write(mutation: Mutation): undefined {
    if (mutation.value === undefined) this.#memory.remove(mutation.key);
    else this.#memory.keep(mutation);
    return undefined;
  }

  hasExpiredDirty(): boolean {
    return false;
  }
}
