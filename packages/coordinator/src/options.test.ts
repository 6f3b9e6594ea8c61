import { describe, expect, it } from "vitest";
import { loadCoordinatorOptions } from "./options.js";

describe("coordinator options", () => {
  it("have a default for everything", () => {
    expect(loadCoordinatorOptions()).toEqual({
      cluster: "holdfast",
      coordinatorId: undefined,
      listen: { host: "127.0.0.1", port: 7_410, httpPort: 7_411, advertiseHost: undefined },
      etcd: { endpoints: ["http://127.0.0.1:2379"], leaseTtlMs: 5_000, tls: undefined },
      database: undefined,
      log: { level: "info" },
      partitions: 1_024,
      tokensPerWeight: 128,
      memberTtlMs: 5_000,
      releaseTimeoutMs: 3_000,
      moveBatch: 64,
      backups: 1,
      recoveryWaitMs: 60_000,
      tombstoneRetentionMs: 604_800_000,
      reflection: true,
    });
  });

  it("are read from the environment", () => {
    const env = {
      HOLDFAST_CLUSTER: "shop",
      HOLDFAST_LISTEN__HTTP_PORT: "0",
      HOLDFAST_LISTEN__ADVERTISE_HOST: "10.0.0.7",
      HOLDFAST_MEMBER_TTL: "8s",
      HOLDFAST_DATABASE__URL: "postgres://u:p@h/d",
    };
    expect(loadCoordinatorOptions({ env })).toMatchObject({
      cluster: "shop",
      listen: { httpPort: 0, advertiseHost: "10.0.0.7" },
      memberTtlMs: 8_000,
      database: { url: "postgres://u:p@h/d", migrate: true },
    });
  });

  it.each([
    [{ partitions: 1_000 }, "partitions: must be a power of two from 2 to 16384"],
    [{ partitions: 32_768 }, "partitions: must be a power of two from 2 to 16384"],
    [{ memberTtl: "1s" }, "memberTtl: must be at least 2s, not 1s"],
    [{ membrTtl: "5s" }, "membrTtl: "],
    [{ cluster: "../x" }, "cluster: must be lower-case letters, digits and -, at most 63"],
    [{ moveBatch: 0 }, "moveBatch: "],
    [
      { recoveryWait: "soon" },
      'recoveryWait: must be a duration of at most a day, such as "60s", or "forever"',
    ],
    [{ backups: 3 }, "backups: "],
    [{ listen: { port: 70_000 } }, "listen.port: "],
  ])("refuse %j", (overrides, problem) => {
    expect(() => loadCoordinatorOptions({ overrides })).toThrow(problem);
  });
});
