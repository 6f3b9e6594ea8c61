import { EventEmitter } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandom } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { runProgram } from "./program.js";

async function run(...args: readonly string[]) {
  const written = { stdout: "", stderr: "" };
  const code = await runProgram(args, {
    programName: "holdfast",
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    signals: new EventEmitter(),
    clock: systemClock,
    random: systemRandom,
    environment: {},
    exit: () => {},
  });
  return { code, ...written };
}

/** A port on which nobody listens. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

describe("holdfast", () => {
  it("shows its commands", async () => {
    const { code, stdout } = await run("--help");
    expect(code).toBe(0);
    for (const command of [
      "up",
      "demo",
      "status",
      "get",
      "set",
      "delete",
      "stats",
      "caches",
      "warm",
      "explain",
      "dead-letters",
    ]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, "m"));
    }
  });

  it.each([
    [["statsu"], "error: unknown command 'statsu'\n(Did you mean one of stats, status?)\n"],
    [["get", "products"], "error: missing required argument 'key'\n"],
    [["get", "c", "k", "--seed", "nowhere"], "It must have the form host:port."],
    [["up", "--nodes", "three"], "It must be a whole number from 1 to 32."],
    [["demo", "--lookups", "1"], "It must be a whole number from 1000 to 50000000."],
    [["set", "c", "k", "{oops"], "holdfast: the value is not JSON"],
    [["warm", "c"], "holdfast: name the keys to warm, or a query with --query\n"],
    [["warm", "c", "k", "--query", "q"], "holdfast: name either keys or a query, not both\n"],
    [["dead-letters", "drop"], "holdfast: name the cache whose letters to drop"],
    [["dead-letters", "drop", "--all", "--cache", "c"], "holdfast: say either --all or which"],
    [["demo", "--trace", "/no/such/trace"], "cannot read the trace /no/such/trace: ENOENT\n"],
    [["up", "--caches", "/no/such.yaml"], "holdfast: cannot read /no/such.yaml: ENOENT\n"],
  ])("refuses %j with a clear line and exit code 1", async (args, message) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it.each([
    ["status"],
    ["stats"],
    ["caches", "list"],
    ["dead-letters", "list"],
    ["explain", "c", "k"],
  ])("says which address does not answer: %s %s", async (...command) => {
    const address = await deadAddress();
    const { code, stderr, stdout } = await run(...command, "--seed", address);
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^holdfast: UNAVAILABLE: no cluster answers at .*\n$/);
    expect(stderr).toContain(address);
  });

  it("tells every problem of a caches file at once, and asks no cluster", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-cli-"));
    try {
      const file = join(folder, "caches.yaml");
      await writeFile(file, "caches:\n  a: {pattern: read-throgh}\n  b: {pattern: write-behind}\n");
      const { code, stderr } = await run("caches", "apply", file);
      expect(code).toBe(1);
      expect(stderr).toContain("caches.a.pattern");
      expect(stderr).toContain("caches.b.source");
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
