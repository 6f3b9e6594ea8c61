import { describe, expect, it } from "vitest";
import { parseCacheConfig, parseCachesFile } from "./cache-config.js";
import { ConfigError } from "./config-error.js";

const table = { kind: "table", table: "products", key: "id" };

function problemsOf(action: () => unknown): string[] {
  try {
    action();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

const cacheProblems = (config: unknown, name = "c") =>
  problemsOf(() => parseCacheConfig(name, config)).map((line) => line.replace("caches.c.", ""));

describe("parseCacheConfig", () => {
  it("completes a cache-aside cache with the defaults", () => {
    expect(parseCacheConfig("sessions", { pattern: "cache-aside" })).toEqual({
      pattern: "cache-aside",
      ttlMs: 0,
      ttlJitter: 0,
      softTtlMs: 0,
      graceMs: 0,
      refreshAhead: 0,
      maxIdleMs: 0,
      negativeTtlMs: 10_000,
      eviction: "adaptive",
      maxBytes: undefined,
      maxEntries: undefined,
      valueMaxBytes: 1_048_576,
      source: undefined,
      writeBehind: {
        ack: "journal+backup",
        maxDelayMs: 1_000,
        batchMaxRows: 5_000,
        ageObjectiveMs: 5_000,
        writeThroughAbove: 0.9,
        lanes: 4,
        queueMaxEntries: 100_000,
        queueMaxBytes: 67_108_864,
      },
      warmQueries: {},
    });
  });

  it("takes everything that may be said", () => {
    const config = {
      pattern: "write-behind",
      ttl: "5m",
      ttlJitter: 0.1,
      softTtl: "1m",
      grace: "1h",
      refreshAhead: 1.5,
      maxIdle: "2m",
      negativeTtl: 0,
      eviction: "lfu",
      maxBytes: "256MiB",
      maxEntries: 1_000,
      valueMaxBytes: "4MiB",
      source: {
        kind: "table",
        table: "orders",
        key: ["shop", "id"],
        columns: ["shop", "id", "total"],
        separator: "/",
      },
      writeBehind: {
        ack: "journal",
        maxDelay: "250ms",
        batchMaxRows: 100,
        lanes: 8,
        queueMaxEntries: 5,
        queueMaxBytes: "1MiB",
        ageObjective: "2s",
        writeThroughAbove: 1,
      },
      warm: { queries: { recent: "SELECT shop, id FROM orders" } },
    };
    expect(parseCacheConfig("orders", config)).toEqual({
      pattern: "write-behind",
      ttlMs: 300_000,
      ttlJitter: 0.1,
      softTtlMs: 60_000,
      graceMs: 3_600_000,
      refreshAhead: 1.5,
      maxIdleMs: 120_000,
      negativeTtlMs: 0,
      eviction: "lfu",
      maxBytes: 268_435_456,
      maxEntries: 1_000,
      valueMaxBytes: 4_194_304,
      source: {
        kind: "table",
        table: "orders",
        key: ["shop", "id"],
        columns: ["shop", "id", "total"],
        separator: "/",
      },
      writeBehind: {
        ack: "journal",
        maxDelayMs: 250,
        batchMaxRows: 100,
        lanes: 8,
        queueMaxEntries: 5,
        queueMaxBytes: 1_048_576,
        ageObjectiveMs: 2_000,
        writeThroughAbove: 1,
      },
      warmQueries: { recent: "SELECT shop, id FROM orders" },
    });
  });

  it("takes one key column as text, and all columns when none are named", () => {
    expect(parseCacheConfig("p", { pattern: "read-through", source: table }).source).toEqual({
      kind: "table",
      table: "products",
      key: ["id"],
      columns: undefined,
      separator: ":",
    });
  });

  it.each([
    [undefined, "caches.c: is required"],
    ["fast", 'caches.c: must be a section, not "fast"'],
    [
      {},
      'pattern: is required: one of "cache-aside", "read-through", "write-through", "write-behind"',
    ],
    [
      { pattern: "write-trough" },
      'pattern: must be one of "cache-aside", "read-through", "write-through", "write-behind", not "write-trough"; did you mean "write-through"?',
    ],
    [{ pattern: "cache-aside", tttl: "5m" }, 'tttl: unknown setting; did you mean "ttl"?'],
    [
      { pattern: "cache-aside", ttl: "-5m" },
      'ttl: must be a duration such as "250ms", "5s", "5m", "2h" or "7d", not "-5m"',
    ],
    [{ pattern: "cache-aside", ttlJitter: 0.6 }, "ttlJitter: must be at most 0.5, not 0.6"],
    [
      { pattern: "cache-aside", eviction: "lrru" },
      'eviction: must be one of "adaptive", "lru", "lfu", "fifo", "s3-fifo", "gdsf", not "lrru"; did you mean "lru"?',
    ],
    [
      { pattern: "cache-aside", valueMaxBytes: "5MiB" },
      "valueMaxBytes: must be at most 4MiB, not 5MiB",
    ],
    [
      { pattern: "cache-aside", warm: {} },
      "warm: is not for cache-aside caches, which load nothing",
    ],
    [
      { pattern: "read-through", source: table, ttl: "1m", softTtl: "60s" },
      "softTtl: must be below ttl, with which entries end",
    ],
    [
      { pattern: "cache-aside", maxIdle: "999ms" },
      "maxIdle: must be at least 1s, or 0 for as long as it may be",
    ],
    [{ pattern: "cache-aside", maxEntries: 0 }, "maxEntries: must be at least 1, not 0"],
    [{ pattern: "cache-aside", maxBytes: "1KiB" }, "maxBytes: must be at least 64KiB, not 1KiB"],
    [
      { pattern: "cache-aside", source: table },
      "source: is not for cache-aside caches, which load nothing",
    ],
    [
      { pattern: "cache-aside", warm: {} },
      "warm: is not for cache-aside caches, which load nothing",
    ],
    [{ pattern: "write-through" }, "source: is required for write-through caches"],
    [
      { pattern: "read-through", source: table, writeBehind: {} },
      "writeBehind: is for write-behind caches, and this one is read-through",
    ],
    [
      { pattern: "read-through", source: {} },
      'source.kind: is required: one of "entries", "table"',
    ],
    [
      { pattern: "read-through", source: { kind: "tabel" } },
      'source.kind: must be one of "entries", "table", not "tabel"; did you mean "table"?',
    ],
    [
      { pattern: "read-through", source: { kind: "entries", table: "x" } },
      "source.table: unknown setting",
    ],
    [
      { pattern: "read-through", source: { ...table, key: [] } },
      "source.key: must have at least 1 item",
    ],
    [
      { pattern: "read-through", source: { ...table, key: ["id", "id"] } },
      "source.key: must not repeat a column",
    ],
    [
      { pattern: "read-through", source: { ...table, table: "Products; DROP TABLE x" } },
      "source.table: must be a plain SQL identifier: a lower-case letter or _, then at most 62 lower-case letters, digits or _",
    ],
    [
      { pattern: "read-through", source: { ...table, separator: "" } },
      "source.separator: must not be empty",
    ],
    [
      { pattern: "write-behind", source: table, writeBehind: { ack: "disk" } },
      'writeBehind.ack: must be one of "memory", "journal", "backup", "journal+backup", "database", not "disk"',
    ],
    [
      { pattern: "write-behind", source: table, writeBehind: { lanes: 1.5 } },
      "writeBehind.lanes: must be a whole number, not 1.5",
    ],
    [
      { pattern: "write-behind", source: table, writeBehind: { maxDelay: 0 } },
      "writeBehind.maxDelay: must be at least 1ms, not 0ms",
    ],
    [
      { pattern: "read-through", source: table, warm: { queries: { "Bad Name": "SELECT 1" } } },
      "warm.queries.Bad Name: the name must be a lower-case letter, then at most 62 lower-case letters, digits, _ or -",
    ],
  ])("refuses %j", (config, problem) => {
    expect(cacheProblems(config)).toEqual([problem]);
  });

  it("wants what is dirty no younger than its delay lets it be", () => {
    const behind = (writeBehind: object) => ({ ...cache, writeBehind });
    const cache = { pattern: "write-behind", source: { kind: "entries" } };
    expect(cacheProblems(behind({ maxDelay: "3s", ageObjective: "2s" }))).toEqual([
      "writeBehind.ageObjective: must not be below maxDelay, for which every write may wait",
    ]);
    const { ageObjectiveMs } = parseCacheConfig("c", behind({ maxDelay: "1m" })).writeBehind;
    expect(ageObjectiveMs).toBe(120_000);
    expect(cacheProblems(behind({ batchMaxRows: 5_001, writeThroughAbove: 1.1 }))).toEqual([
      "writeBehind.batchMaxRows: must be at most 5000, not 5001",
      "writeBehind.writeThroughAbove: must be at most 1, not 1.1",
    ]);
  });

  it("reports contradictions along with bad values", () => {
    expect(cacheProblems({ pattern: "write-behind", ttl: "x", lane: 1 })).toEqual([
      'ttl: must be a duration such as "250ms", "5s", "5m", "2h" or "7d", not "x"',
      "lane: unknown setting",
      "source: is required for write-behind caches",
    ]);
  });

  it.each(["", "Products", "1st", "a b", "a".repeat(64), "__proto__"])(
    "refuses the name %j",
    (name) => {
      expect(cacheProblems({ pattern: "cache-aside" }, name)).toEqual([
        `caches.${name}: the name must be a lower-case letter, then at most 62 lower-case letters, digits, _ or -`,
      ]);
    },
  );
});

describe("parseCachesFile", () => {
  const yaml = `caches:
  sessions:
    pattern: cache-aside
    ttl: 30m
  products:
    pattern: read-through
    source: {kind: table, table: products, key: id}
`;

  it("gives each cache in the form it was written in", () => {
    expect(parseCachesFile(yaml, "caches.yaml")).toEqual([
      { name: "sessions", config: { pattern: "cache-aside", ttl: "30m" } },
      { name: "products", config: { pattern: "read-through", source: table } },
    ]);
  });

  it("names the line of each problem of each cache", () => {
    const broken = yaml.replace("30m", "often").replace("read-through", "read-trough");
    expect(problemsOf(() => parseCachesFile(broken, "caches.yaml"))).toEqual([
      'caches.sessions.ttl: must be a duration such as "250ms", "5s", "5m", "2h" or "7d", not "often" (caches.yaml:4)',
      'caches.products.pattern: must be one of "cache-aside", "read-through", "write-through", "write-behind", not "read-trough"; did you mean "read-through"? (caches.yaml:6)',
    ]);
  });

  it.each([
    ["", "caches: is required (f.yaml)"],
    ["cache: {}", "caches: is required (f.yaml)"],
    ["caches: []", "caches: must be a section, not a list (f.yaml:1)"],
    [
      "caches: {\n",
      "f.yaml: malformed YAML at line 2, column 1: Flow map in block collection must be sufficiently indented and end with a }",
    ],
  ])("refuses %j", (text, problem) => {
    expect(problemsOf(() => parseCachesFile(text, "f.yaml"))).toContain(problem);
  });
});
