import { type ChildProcess, fork } from "node:child_process";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "./support/eventually.js";
import { connectRegistry } from "./support/registry-probe.js";

const MAIN = createRequire(import.meta.url).resolve("@holdfast/process/embedded-main");

interface RegistryProcess {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  /** The first message to the launcher. */
  readonly ready: Promise<Record<string, unknown>>;
  readonly exitCode: Promise<number | null>;
}

describe("embedded registry process", () => {
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
  });

  function start(env: Record<string, string> = {}): RegistryProcess {
    const child = fork(MAIN, { env: { PATH: process.env.PATH, ...env }, silent: true });
    children.push(child);
    const output = { stdout: "", stderr: "" };
    child.stdout?.on("data", (chunk) => {
      output.stdout += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      output.stderr += chunk;
    });
    return {
      child,
      output,
      ready: new Promise((resolve) => child.once("message", (message) => resolve(Object(message)))),
      exitCode: new Promise((resolve) => child.once("exit", resolve)),
    };
  }

  it("tells its launcher where it listens, and serves there", async () => {
    const { ready, output } = start();
    const { type, endpoint } = await ready;
    expect(type).toBe("ready");
    const registry = connectRegistry([String(endpoint)], "process");
    await registry.transact([], [{ key: "a", put: "1" }]);
    expect((await registry.get("a"))?.value.toString()).toBe("1");
    await registry.close();
    await eventually("the warning is logged", () => output.stderr.includes("in memory"));
    expect(output.stderr).toContain("not for production");
    expect(output.stdout).toBe("");
  });

  it.each([
    ["is told to drain", (child: ChildProcess) => void child.send({ type: "drain" })],
    ["loses its launcher", (child: ChildProcess) => child.disconnect()],
    ["gets SIGTERM", (child: ChildProcess) => void child.kill("SIGTERM")],
  ])("ends in order when it %s, also with watches open", async (_what, end) => {
    const { child, ready, exitCode } = start();
    const registry = connectRegistry([String((await ready).endpoint)], "process");
    let reports = 0;
    registry.watch("", () => {
      reports += 1;
    });
    await eventually("the watch runs", () => reports > 0);
    end(child);
    expect(await exitCode).toBe(0);
    await registry.close();
  });

  it("names the port that is in use, and ends", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    const address = blocker.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const { exitCode, output } = start({ HOLDFAST_REGISTRY_PORT: String(port) });
    expect(await exitCode).toBe(1);
    expect(output.stderr).toContain(`cannot listen on 127.0.0.1:${port}`);
    blocker.close();
  });

  it.each(["70000", "-1", "http", ""])("refuses the port %j", async (port) => {
    const { exitCode, output } = start({ HOLDFAST_REGISTRY_PORT: port });
    expect(await exitCode).toBe(1);
    expect(output.stderr).toContain("HOLDFAST_REGISTRY_PORT");
  });
});
