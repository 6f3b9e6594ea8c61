/**
 * Read-through: the node loads what is missing. Callers do not write; a deletion only forgets the
 * cached copy, so that the next read loads the row again.
 */
import type { OperationContext, ReadResult } from "../context.js";
import type { Loads } from "../loads.js";
import type { Memory } from "../memory.js";
import type { Mutation, Pattern } from "./pattern.js";

export class ReadThrough implements Pattern {
  readonly isReadOnly = true;
  readonly #memory: Memory;
  readonly #loads: Loads;

  constructor(memory: Memory, loads: Loads) {
    this.#memory = memory;
    this.#loads = loads;
  }

  miss(key: string, context: OperationContext): Promise<ReadResult> {
    return this.#loads.load(key, context);
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

  write({ key }: Mutation): undefined {
    this.#loads.detach(key);
    this.#memory.remove(key);
    return undefined;
  }

  hasExpiredDirty(): boolean {
    return false;
  }
}
