/**
 * Measures what an entry of the store takes in memory beyond the bytes of its key and value. The
 * constants of packages/node/src/store/cost.ts come from here.
 *
 * For each value size a fresh process fills a store and reports how much its resident memory grew,
 * per entry. Several entry counts are tried, because the tables of the index double as they grow
 * and are between half and quite full. Values arrive as slices of a larger buffer, as they do from
 * a message, and keys are decoded from bytes.
 *
 * Run: npx tsc -b packages/node && node bench/entry-cost.mjs
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const VALUE_SIZES = [undefined, 8, 64, 65, 100, 1_000];
const ENTRY_COUNTS = [250_000, 330_000, 420_000];
/** They bring in compiled code, young generation and allocator arenas, which are not theirs. */
const WARM_UP_ENTRIES = 100_000;
const KEY_BYTES = 16;
/** A third of 1024 partitions: what a node of three owns. */
const PARTITIONS = 341;

if (process.argv[2] === "fill") {
  const [entries, valueBytes] = process.argv.slice(3).map(Number);
  process.stdout.write(String(await measureOverhead(entries, valueBytes)));
} else {
  process.stdout.write("value bytes: overhead in bytes per entry, at each entry count\n");
  for (const valueBytes of VALUE_SIZES) {
    const overheads = ENTRY_COUNTS.map((entries) => measureInNewProcess(entries, valueBytes));
    process.stdout.write(`${valueBytes ?? "no value"}: ${overheads.join(", ")}\n`);
  }
}

function measureInNewProcess(entries, valueBytes = -1) {
  const args = ["--expose-gc", fileURLToPath(import.meta.url), "fill", entries, valueBytes];
  return execFileSync(process.execPath, args.map(String), { encoding: "utf8" });
}

async function measureOverhead(entries, valueBytes) {
  const { systemClock } = await import("../packages/core/dist/index.js");
  const { MemoryBudget } = await import("../packages/node/dist/store/memory-budget.js");
  const { Store } = await import("../packages/node/dist/store/store.js");
  const store = new Store({
    budget: new MemoryBudget(2 ** 40),
    policy: "lfu",
    clock: systemClock,
  });
  const message = Buffer.alloc(8192, 1);
  const put = (number) =>
    store.put({
      key: Buffer.from(String(number).padStart(KEY_BYTES, "k")).toString(),
      partition: number % PARTITIONS,
      value: valueBytes < 0 ? undefined : message.subarray(7, 7 + valueBytes),
      encoding: 1,
      version: 2 ** 32 + number,
      expiresAtMs: Date.now() + 60_000 + number,
      pinned: false,
    });

  for (let number = 0; number < WARM_UP_ENTRIES; number++) put(number);
  const before = residentBytes();
  for (let number = WARM_UP_ENTRIES; number < entries + WARM_UP_ENTRIES; number++) put(number);
  const grown = residentBytes() - before;
  if (store.counts.entries !== entries + WARM_UP_ENTRIES) throw new Error("entries are missing");
  return Math.round(grown / entries - KEY_BYTES - Math.max(valueBytes, 0));
}

function residentBytes() {
  for (let round = 0; round < 4; round++) globalThis.gc();
  return process.memoryUsage.rss();
}
