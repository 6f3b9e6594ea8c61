/**
 * How V8 compiles a node. By default it takes at most 920 bytes of bytecode into one function: a look-up in a store,
 * small functions all along, is then left in a dozen pieces, and takes half as long again (`npm run bench -- store`).
 */
import { setFlagsFromString } from "node:v8";

export const V8_OPTIONS: readonly string[] = [
  "--max-inlined-bytecode-size=1000",
  "--max-inlined-bytecode-size-cumulative=4000",
];

/** Functions that are compiled from now on are compiled so. */
export function applyV8Options(): void {
  for (const option of V8_OPTIONS) setFlagsFromString(option);
}
