/**
 * How benchmarks tell what they measured: as lines for people, or with --json as one object for programs,
 * `{ bench, machine, results, alone, bars }`. Results stand beside a peer's, measured in turn; `alone` has
 * no peer; `bars` are what must hold, and make the process fail where it does not.
 */
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The smallest number that at least this share of the sorted ones does not exceed. */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];
}

/** Our rounds beside those of a peer, of which more is better (or less: then so is the ratio). */
export function compared({ name, ours, peer, peerName, unit }) {
  const [our, their] = [median(ours), median(peer)];
  const runs = { ours: ours.map(rounded), peer: peer.map(rounded) };
  return {
    name,
    ours: rounded(our),
    peer: rounded(their),
    peerName,
    ratio: our / their,
    unit,
    runs,
  };
}

/** `value` must be at least, or at most, `bound`. */
export function bar(name, value, { least, most }) {
  const holds = (least === undefined || value >= least) && (most === undefined || value <= most);
  return { name, value, ...(least === undefined ? { most } : { least }), holds };
}

export function report(bench, { results = [], alone = [], bars = [] }, { json }) {
  const machine = machineNow();
  if (json) {
    process.stdout.write(`${JSON.stringify({ bench, machine, results, alone, bars })}\n`);
  } else {
    for (const line of linesOf(results, alone, bars)) process.stdout.write(`${line}\n`);
    const { node, processor, cores, load } = machine;
    process.stdout.write(`Node ${node}, ${cores} × ${processor}, load ${load.join(" ")}\n`);
  }
  if (bars.some(({ holds }) => !holds)) process.exitCode = 1;
}

/** What happens meanwhile, for people only, and never on standard output. */
export function progress(text) {
  process.stderr.write(`${text}\n`);
}

function* linesOf(results, alone, bars) {
  for (const { name, ours, peer, peerName, ratio, unit } of results) {
    const both = `${ours} ${unit}, ${peerName} ${peer}`;
    yield `${name.padEnd(36)} ${ratio.toFixed(2).padStart(6)}×  (${both})`;
  }
  for (const { name, value, unit } of alone) yield `${name.padEnd(44)} ${rounded(value)} ${unit}`;
  for (const { name, value, least, most, holds } of bars) {
    const bound = least === undefined ? `at most ${most}` : `at least ${least}`;
    yield `${holds ? "holds" : "FAILS"}: ${name} is ${rounded(value)}, ${bound}`;
  }
}

function machineNow() {
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    hugePages: hugePages(),
    load: loadavg().map((load) => Number(load.toFixed(2))),
  };
}

/** Whether the kernel may back memory by huge pages: that changes what processes take, and how fast they are. */
function hugePages() {
  try {
    const modes = readFileSync("/sys/kernel/mm/transparent_hugepage/enabled", "utf8");
    return /\[(\w+)\]/.exec(modes)?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}

/** Three digits at least. */
function rounded(number) {
  const digits = Math.abs(number) >= 100 ? 0 : Math.abs(number) >= 10 ? 1 : 3;
  return Number(number.toFixed(digits));
}
