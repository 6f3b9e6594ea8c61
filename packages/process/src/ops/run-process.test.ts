/**
 * Real processes, started with the built code: signals, IPC and exit codes are what this is about.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";

const built = new URL("../../dist/ops/run-process.js", import.meta.url);
const builtErrors = new URL("../../dist/config/config-error.js", import.meta.url);
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

interface Started {
  readonly child: ChildProcess;
  /** Everything written so far to both streams. */
  output(): string;
  /** Resolves when the output contains the text. */
  says(text: string): Promise<void>;
  /** The exit code, or the name of the signal. */
  exit(): Promise<unknown>;
}

/** Starts a process whose `start` is the given body; `alive` keeps it running. */
function run(start: string, { ipc = false, after = "" } = {}): Started {
  if (!existsSync(built)) throw new Error("build the package first: npx tsc -b packages/process");
  const code = `
    import { runProcess } from ${JSON.stringify(built.href)};
    import { ConfigError } from ${JSON.stringify(builtErrors.href)};
    const alive = setInterval(() => {}, 1000);
    const say = (text) => process.stdout.write(text + "\\n");
    runProcess({ name: "holdfast-test", start: async ({ signal, parent }) => { ${start} } });
    ${after}
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "pipe", ...(ipc ? (["ipc"] as const) : [])],
  });
  children.push(child);
  let output = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      for (const listener of listeners) listener();
    });
  }
  // Not "close": it never comes when this side has closed the IPC channel.
  const ended = [child.stdout, child.stderr].map((stream) => stream && once(stream, "end"));
  const closed = Promise.all([once(child, "exit"), ...ended]).then(([exit]) => exit);
  return {
    child,
    output: () => output,
    says: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (output.includes(text)) resolve();
        };
        listeners.add(look);
        look();
        closed.then(() => reject(new Error(`it ended without saying ${text}: ${output}`)), reject);
      }),
    exit: async () => {
      const [code, signal] = await closed;
      return signal ?? code;
    },
  };
}

const SERVES = `return {
  readyInfo: { address: "a:1" },
  async [Symbol.asyncDispose]() { say("disposed"); },
};`;

describe("runProcess", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("stops in order on %s and exits 0", async (signal) => {
    const started = run(SERVES);
    await started.says('"msg":"ready"');
    started.child.kill(signal);
    expect(await started.exit()).toBe(0);
    expect(started.output()).toContain("disposed");
  });

  it("tells its launcher that it is ready, and drains when told", async () => {
    const { child, exit, output } = run(SERVES, { ipc: true });
    expect((await once(child, "message"))[0]).toEqual({ type: "ready", address: "a:1" });
    child.send({ type: "drain" });
    expect(await exit()).toBe(0);
    expect(output()).toContain("disposed");
  });

  it("drains when its launcher is gone", async () => {
    const { child, exit, output } = run(SERVES, { ipc: true });
    await once(child, "message");
    child.disconnect();
    expect(await exit()).toBe(0);
    expect(output()).toContain("disposed");
  });

  it("leaves the terminal's SIGINT to its launcher", async () => {
    const { child, exit, says } = run(`process.on("SIGINT", () => say("got it")); ${SERVES}`, {
      ipc: true,
    });
    await once(child, "message");
    child.kill("SIGINT");
    await says("got it");
    expect(child.exitCode).toBeNull();
    child.send({ type: "drain" });
    expect(await exit()).toBe(0);
  });

  it("exits at once with 1 on a second signal", async () => {
    const started = run(`return {
      readyInfo: {},
      [Symbol.asyncDispose]() { say("draining"); return new Promise(() => {}); },
    };`);
    await started.says('"msg":"ready"');
    started.child.kill("SIGTERM");
    await started.says("draining");
    started.child.kill("SIGTERM");
    expect(await started.exit()).toBe(1);
    expect(started.output()).toContain("second signal");
  });

  it("goes on draining when a first signal comes after its launcher's word", async () => {
    const started = run(
      `let finish;
      process.on("SIGUSR2", () => finish());
      return {
        readyInfo: {},
        [Symbol.asyncDispose]() {
          say("draining");
          return new Promise((resolve) => { finish = resolve; });
        },
      };`,
      { ipc: true },
    );
    await once(started.child, "message");
    started.child.send({ type: "drain" });
    await started.says("draining");
    started.child.kill("SIGTERM");
    await started.says("stopping already");
    started.child.kill("SIGUSR2");
    expect(await started.exit()).toBe(0);
  });

  it("exits 1 when stopping was incomplete", async () => {
    const started = run(`return {
      readyInfo: {},
      async [Symbol.asyncDispose]() { throw new Error("3 entries remained"); },
    };`);
    await started.says('"msg":"ready"');
    started.child.kill("SIGTERM");
    expect(await started.exit()).toBe(1);
    expect(started.output()).toContain("3 entries remained");
  });

  it("prints one line when it cannot start", async () => {
    const started = run('throw new Error("no answer from etcd at\\n  http://127.0.0.1:1");');
    expect(await started.exit()).toBe(1);
    expect(started.output()).toBe(
      "holdfast-test: cannot start: no answer from etcd at; http://127.0.0.1:1\n",
    );
  });

  it("prints every problem of its configuration", async () => {
    const started = run(`throw new ConfigError([
      { path: "a", message: "is required" },
      { path: "b", message: "must be a number", origin: "HOLDFAST_B" },
    ]);`);
    expect(await started.exit()).toBe(1);
    expect(started.output()).toBe(
      "holdfast-test: the configuration has 2 problems:\n  a: is required\n  b: must be a number (HOLDFAST_B)\n",
    );
  });

  it("calls off a start when it is told to stop meanwhile", async () => {
    const started = run(`
      say("starting");
      await new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });`);
    await started.says("starting");
    started.child.kill("SIGTERM");
    expect(await started.exit()).toBe(0);
    expect(started.output()).not.toContain("cannot start");
  });

  it("stops what a start that ignored the signal has started", async () => {
    const started = run(`
      say("starting");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      ${SERVES}`);
    await started.says("starting");
    started.child.kill("SIGTERM");
    expect(await started.exit()).toBe(0);
    expect(started.output()).toContain("disposed");
    expect(started.output()).not.toContain('"msg":"ready"');
  });

  it("stops in order and exits 1 when a part fails for good", async () => {
    const started = run(`return {
      readyInfo: {},
      onFatal(callback) { setImmediate(() => callback(new Error("database schema is gone"))); },
      async [Symbol.asyncDispose]() { say("disposed"); },
    };`);
    expect(await started.exit()).toBe(1);
    expect(started.output()).toContain("database schema is gone");
    expect(started.output()).toContain("disposed");
  });

  it.each([
    ["an exception", 'throw new Error("defect")'],
    ["a rejection", 'Promise.reject(new Error("defect"))'],
  ])("logs %s that nobody caught and exits 70", async (_name, defect) => {
    const started = run(SERVES, { after: `setImmediate(() => { ${defect} });` });
    expect(await started.exit()).toBe(70);
    expect(started.output()).toContain("uncaught failure");
    expect(started.output()).toContain("defect");
  });
});
