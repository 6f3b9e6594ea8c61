/**
 * How V8 runs a node.
 *
 * By default it takes at most 920 bytes of bytecode into one function: a look-up in a store, small functions all along,
 * is then left in a dozen pieces, and takes half as long again (`npm run bench -- store`).
 *
 * And it lets 16 MiB of young objects gather. A node makes few, but each message has its bytes outside of the heap; while
 * the few gather, those come to more than V8 bears, and the whole heap is marked several times a second: a fifth of what
 * a node does under load. Young objects that are collected sooner take their bytes with them.
 */
import { setFlagsFromString } from "node:v8";

export const V8_OPTIONS: readonly string[] = [
  "--max-inlined-bytecode-size=1000",
  "--max-inlined-bytecode-size-cumulative=4000",
];

/** Flags of the command line, for what is settled before any code runs. The same may stand in `NODE_OPTIONS`. */
export const NODE_FLAGS: readonly string[] = ["--max-semi-space-size=1"];

/** Functions that are compiled from now on are compiled so. */
export function applyV8Options(): void {
  for (const option of V8_OPTIONS) setFlagsFromString(option);
}
