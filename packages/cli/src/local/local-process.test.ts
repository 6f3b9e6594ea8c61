import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@holdfast/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ChildMessage, LocalProcess, type LocalProcessOptions } from "./local-process.js";

describe("LocalProcess", () => {
  let folder: string;
  let number = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-process-"));
  });

  afterAll(() => rm(folder, { recursive: true }));

  /** How to start a child that runs this text. */
  async function childOf(text: string): Promise<LocalProcessOptions> {
    const entry = join(folder, `child-${++number}.mjs`);
    await writeFile(entry, text);
    return {
      name: "child",
      entry,
      environment: { GREETING: "hello" },
      logFile: join(folder, `child-${number}.log`),
      readyTimeoutMs: 10_000,
      clock: systemClock,
    };
  }

  const OBEDIENT = `
    process.on("message", ({ type }) => type === "drain" && process.exit(3));
    console.log("started");
    process.send({ type: "early" });
    process.send({ type: "ready", greeting: process.env.GREETING, inherited: process.env.PATH });
    process.send({ type: "incarnation", incarnation: "x" });`;

  it("is there when the child says that it is ready, with what the child told", async () => {
    const options = await childOf(OBEDIENT);
    const child = await LocalProcess.start(options);
    expect(child.ready).toEqual({ type: "ready", greeting: "hello" });
    expect(await child.drain(10_000)).toEqual({ code: 3, signal: undefined });
    expect(await readFile(options.logFile, "utf8")).toBe("started\n");
  });

  it("passes on every other message", async () => {
    const messages: ChildMessage[] = [];
    let isComplete = () => {};
    const complete = new Promise<void>((resolve) => {
      isComplete = resolve;
    });
    const child = await LocalProcess.start({
      ...(await childOf(OBEDIENT)),
      onMessage: (message) => {
        messages.push(message);
        if (messages.length === 2) isComplete();
      },
    });
    await complete;
    expect(messages).toEqual([{ type: "early" }, { type: "incarnation", incarnation: "x" }]);
    await child.drain(10_000);
  });

  it("says in one line why a child did not start, and of this run only", async () => {
    const options = await childOf(`
      console.error('{"level":50}');
      console.error("child: cannot start: the port is taken");
      process.exit(1);`);
    await writeFile(options.logFile, "an older run said something else\n");
    await expect(LocalProcess.start(options)).rejects.toThrow(
      "child ended while it started (exit code 1): child: cannot start: the port is taken",
    );
  });

  it("kills a child that does not become ready in time", async () => {
    const options = await childOf("setInterval(() => {}, 1000);");
    await expect(LocalProcess.start({ ...options, readyTimeoutMs: 50 })).rejects.toThrow(
      "child was not ready within 50 ms: it said nothing",
    );
  });

  it("kills a child that does not end when it is told to drain", async () => {
    const child = await LocalProcess.start(
      await childOf('setInterval(() => {}, 1000); process.send({ type: "ready" });'),
    );
    expect(await child.drain(50)).toEqual({ code: undefined, signal: "SIGKILL" });
  });

  it("tells of an end that nobody asked for", async () => {
    const child = await LocalProcess.start(
      await childOf('process.send({ type: "ready" }, () => process.kill(process.pid, "SIGTERM"));'),
    );
    expect(await child.exit).toEqual({ code: undefined, signal: "SIGTERM" });
    expect(await child.drain(50)).toEqual({ code: undefined, signal: "SIGTERM" });
  });

  it("runs in a process group of its own, which a Ctrl-C on the terminal does not reach", async () => {
    const child = await LocalProcess.start(await childOf(OBEDIENT));
    // Signal 0 to the group named after the child: there is one only if the child leads it.
    expect(process.kill(-child.pid, 0)).toBe(true);
    await child.drain(10_000);
  });
});
