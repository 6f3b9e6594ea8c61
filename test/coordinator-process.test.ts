/** The coordinator's own process: how it begins, complains and ends. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Coordinators } from "./support/coordinators.js";

let coordinators: Coordinators;

beforeAll(async () => {
  coordinators = await Coordinators.start();
});
afterEach(() => coordinators.clean());
afterAll(() => coordinators.stop());

describe("the process", () => {
  const entry = createRequire(import.meta.url).resolve("@holdfast/coordinator/main");

  function start(env: Record<string, string>) {
    const child = fork(entry, [], { env, silent: true, detached: true });
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.stdout?.resume();
    coordinators.defer(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    });
    return { child, errors: () => errors };
  }

  it("says when it is ready, and ends with 0 when it is told to drain", async () => {
    const { child } = start({
      HOLDFAST_CLUSTER: `process-${process.pid}`,
      HOLDFAST_ETCD__ENDPOINTS: coordinators.etcd.endpoint,
      HOLDFAST_LISTEN__PORT: "0",
      HOLDFAST_LISTEN__HTTP_PORT: "0",
    });
    const [message] = await once(child, "message");
    expect(message).toMatchObject({ address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
    child.send({ type: "drain" });
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
  });

  it("reports every problem of its configuration and ends with 1", async () => {
    const { child, errors } = start({
      HOLDFAST_PARTITIONS: "1000",
      HOLDFAST_MEMBER_TTL: "soon",
      HOLDFAST_MOVE_BACH: "3",
    });
    const [code] = await once(child, "exit");
    expect(code).toBe(1);
    for (const problem of ["partitions", "memberTtl", "HOLDFAST_MOVE_BACH"]) {
      expect(errors()).toContain(problem);
    }
  });

  it("says which port is in use", async () => {
    const cluster = coordinators.cluster();
    const { address } = await cluster.coordinator();
    const { child, errors } = start({
      HOLDFAST_ETCD__ENDPOINTS: coordinators.etcd.endpoint,
      HOLDFAST_LISTEN__PORT: address.split(":")[1] ?? "",
      HOLDFAST_LISTEN__HTTP_PORT: "0",
    });
    const [code] = await once(child, "exit");
    expect(code).toBe(1);
    expect(errors()).toContain(address);
  });
});
