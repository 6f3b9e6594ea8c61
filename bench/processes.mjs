/**
 * Processes that a benchmark measures: contestants, which are the benchmark's own file run again and do a task
 * when they are asked, and the memory of any process.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Set in contestants: what each is to be. */
const ROLE = "HOLDFAST_BENCH_ROLE";

/** What this process is to be; `undefined` in the one that compares. */
export const role = process.env[ROLE] === undefined ? undefined : JSON.parse(process.env[ROLE]);

/** A process of its own, so that neither its heap nor its compiled code is anybody else's. */
export class Contestant {
  #child;
  #death;

  /** @param flags - of Node, beside those of this process. */
  constructor(file, its, flags = []) {
    this.#child = fork(file, process.argv.slice(2), {
      execArgv: [...process.execArgv, ...flags],
      env: { ...process.env, [ROLE]: JSON.stringify(its) },
    });
    this.#death = once(this.#child, "exit").then(([code, signal]) => {
      throw new Error(`a contestant ended with ${signal ?? code}`);
    });
    this.#death.catch(() => {});
  }

  get pid() {
    return this.#child.pid;
  }

  async ask(task) {
    this.#child.send(task);
    const [answer] = await Promise.race([once(this.#child, "message"), this.#death]);
    return answer;
  }

  /** Lets it end, unless it has already. */
  async stop() {
    if (this.#child.connected) this.#child.disconnect();
    await this.#death.catch(() => {});
  }
}

/** In a contestant: does what it is asked, one after the other, until nobody asks any more. */
export function answer(perform) {
  process.on("message", async (task) => process.send(await perform(task)));
  process.on("disconnect", () => process.exit());
}

/** Memory of a process that is in RAM now. Exact, unlike the counters in /proc/<pid>/status. */
export function rssBytes(pid = "self") {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Rss:\s+(\d+) kB/m.exec(rollup)[1]) * 1024;
}

/** CPU time that a process has used so far, in microseconds. Told in ticks, of which there are a hundred a second. */
export function cpuMicroseconds(pid) {
  const [, fields] = readFileSync(`/proc/${pid}/stat`, "utf8").split(/\) (?!.*\) )/s);
  const [user, system] = fields.split(" ").slice(11, 13).map(Number);
  return (user + system) * 10_000;
}

/** Collects all garbage at once. Without a flag of the command line. */
export const collectGarbage = (() => {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
})();
