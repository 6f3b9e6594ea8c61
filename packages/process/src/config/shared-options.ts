/**
 * The settings that several kinds of processes share: how to reach etcd and the database, where to
 * listen, what to log. Each process puts them into its own schema.
 */
import { z } from "zod";
import { duration } from "./units.js";

export interface EtcdSettings {
  /** `http://host:port` or `https://host:port` of each member. */
  readonly endpoints: readonly string[];
  /** How long the registry keeps what a process wrote after its last sign of life. */
  readonly leaseTtlMs: number;
  readonly tls: EtcdTlsSettings | undefined;
}

/** Paths of PEM files. */
export interface EtcdTlsSettings {
  readonly rootCertificate: string;
  readonly certificateChain: string | undefined;
  readonly privateKey: string | undefined;
}

export interface DatabaseSettings {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Schema that holds Holdfast's tables. */
  readonly schema: string;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  /** Whether this process creates and changes Holdfast's tables when it starts. */
  readonly migrate: boolean;
}

export interface LogSettings {
  readonly level: LogLevel;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** The name of a cluster: it is part of keys in etcd. */
export function clusterName(): z.ZodString {
  return z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
    error: "must be lower-case letters, digits and -, at most 63",
  });
}

/** An identifier of PostgreSQL that needs no quotes. */
export const SQL_IDENTIFIER: RegExp = /^[a-z_][a-z0-9_]{0,62}$/;

/** A TCP port; 0 lets the system choose a free one. */
export function port(): z.ZodType<number> {
  return z.int().min(0).max(65_535);
}

/** Text that must be an identifier of PostgreSQL. */
export function sqlIdentifier(): z.ZodType<string, string> {
  return z.string().regex(SQL_IDENTIFIER, {
    error:
      "must be a plain SQL identifier: a lower-case letter or _, then at most 62 lower-case letters, digits or _",
  });
}

const etcdEndpoint = z.string().refine(isEndpoint, {
  error: 'must be a URL such as "http://127.0.0.1:2379"',
});

/** The whole section may be left out. */
export const etcdSchema: z.ZodType<EtcdSettings> = z
  .strictObject({
    endpoints: z.array(etcdEndpoint).min(1).default(["http://127.0.0.1:2379"]),
    /** At least 2 s: renewals every third of it must survive a hiccup of the network. */
    leaseTtl: duration({ minMs: 2_000, maxMs: 300_000 }).default(5_000),
    tls: z
      .strictObject({
        rootCertificate: z.string().min(1),
        certificateChain: z.string().min(1).optional(),
        privateKey: z.string().min(1).optional(),
      })
      .optional(),
  })
  .prefault({})
  .transform(({ endpoints, leaseTtl, tls }) => ({
    endpoints,
    leaseTtlMs: leaseTtl,
    tls: tls && {
      rootCertificate: tls.rootCertificate,
      certificateChain: tls.certificateChain,
      privateKey: tls.privateKey,
    },
  }));

/** Its `url` is required; a process that can do without a database makes the section optional. */
export const databaseSchema: z.ZodType<DatabaseSettings> = z
  .strictObject({
    // The message must not repeat the URL, which holds a password.
    url: z.string().refine(isDatabaseUrl, {
      error: 'must be a URL such as "postgres://user:password@host:5432/database"',
    }),
    schema: sqlIdentifier().default("public"),
    maxConnections: z.int().min(1).max(1_000).default(10),
    connectTimeout: duration({ minMs: 100, maxMs: 300_000 }).default(5_000),
    statementTimeout: duration({ minMs: 100, maxMs: 3_600_000 }).default(10_000),
    lockTimeout: duration({ minMs: 100, maxMs: 3_600_000 }).default(5_000),
    migrate: z.boolean().default(true),
  })
  .transform(({ connectTimeout, statementTimeout, lockTimeout, ...rest }) => ({
    ...rest,
    connectTimeoutMs: connectTimeout,
    statementTimeoutMs: statementTimeout,
    lockTimeoutMs: lockTimeout,
  }));

/** The whole section may be left out. */
export const logSchema: z.ZodType<LogSettings> = z
  .strictObject({ level: z.enum(["debug", "info", "warn", "error", "silent"]).default("info") })
  .prefault({});

function isEndpoint(text: string): boolean {
  return URL.canParse(text) && /^https?:\/\/[^/]/.test(text);
}

function isDatabaseUrl(text: string): boolean {
  return URL.canParse(text) && /^postgres(ql)?:\/\//.test(text);
}
