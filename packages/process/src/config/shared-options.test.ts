import { describe, expect, it } from "vitest";
import { z } from "zod";
import { check } from "./explain.js";
import { loadConfig } from "./load-config.js";
import { databaseSchema, etcdSchema, logSchema } from "./shared-options.js";

describe("the shared sections", () => {
  const shared = z.strictObject({
    etcd: etcdSchema,
    log: logSchema,
    database: databaseSchema.optional(),
  });

  function problemsOf(input: unknown): string[] {
    const checked = check(shared, input);
    return checked.ok ? [] : checked.problems.map(({ path, message }) => `${path}: ${message}`);
  }

  it("have defaults", () => {
    expect(loadConfig(shared, { overrides: { database: { url: "postgres://h/d" } } })).toEqual({
      etcd: { endpoints: ["http://127.0.0.1:2379"], leaseTtlMs: 5_000, tls: undefined },
      log: { level: "info" },
      database: {
        url: "postgres://h/d",
        schema: "public",
        maxConnections: 10,
        connectTimeoutMs: 5_000,
        statementTimeoutMs: 10_000,
        lockTimeoutMs: 5_000,
        migrate: true,
      },
    });
    expect(loadConfig(shared).database).toBeUndefined();
  });

  it("are set through the environment, optional ones too", () => {
    const env = {
      HOLDFAST_ETCD__ENDPOINTS: "http://a:2379,https://b:2379",
      HOLDFAST_ETCD__LEASE_TTL: "2s",
      HOLDFAST_DATABASE__URL: "postgresql://u:p@h:5/d",
      HOLDFAST_DATABASE__MAX_CONNECTIONS: "3",
    };
    const config = loadConfig(shared, { env });
    expect(config.etcd).toMatchObject({
      endpoints: ["http://a:2379", "https://b:2379"],
      leaseTtlMs: 2_000,
    });
    expect(config.database).toMatchObject({ url: "postgresql://u:p@h:5/d", maxConnections: 3 });
  });

  it("name what is wrong with them", () => {
    const overrides = {
      etcd: { endpoints: ["localhost:2379", "http://"], leaseTtl: "1s", tls: {} },
      log: { level: "loud" },
      database: { url: "postgres://h/d", maxConnections: 0 },
    };
    expect(problemsOf(overrides)).toEqual([
      'etcd.endpoints[0]: must be a URL such as "http://127.0.0.1:2379"',
      'etcd.endpoints[1]: must be a URL such as "http://127.0.0.1:2379"',
      "etcd.leaseTtl: must be at least 2s, not 1s",
      "etcd.tls.rootCertificate: is required",
      'log.level: must be one of "debug", "info", "warn", "error", "silent", not "loud"',
      "database.maxConnections: must be at least 1, not 0",
    ]);
    expect(problemsOf({ etcd: { endpoints: [] } })).toEqual([
      "etcd.endpoints: must have at least 1 item",
    ]);
  });
});
