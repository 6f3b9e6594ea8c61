import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { ConfigError } from "./config-error.js";
import { type LoadConfigOptions, loadConfig } from "./load-config.js";
import { databaseSchema, port } from "./shared-options.js";
import { byteSize, duration } from "./units.js";

const folder = mkdtempSync(join(tmpdir(), "holdfast-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

const schema = z.strictObject({
  nodeId: z.string().min(1).default("node-1"),
  listen: z
    .strictObject({ dataPort: port().default(7_400), host: z.string().default("h") })
    .prefault({}),
  memory: byteSize().default(1_024),
  drainAfter: duration().default(1_000),
  seeds: z.array(z.string()).default([]),
  verbose: z.boolean().default(false),
  policy: z.enum(["lru", "lfu"]).default("lru"),
});

let files = 0;
function yamlFile(text: string): string {
  const file = join(folder, `${++files}.yaml`);
  writeFileSync(file, text);
  return file;
}

/** Each problem as the message shows it, with the folder cut off. */
function problemsOf<S extends z.ZodType>(options: LoadConfigOptions, of?: S): string[] {
  try {
    loadConfig(of ?? schema, options);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const lines = String((error as ConfigError).message)
      .split("\n")
      .slice(1);
    return lines.map((line) => line.trim().replaceAll(`${folder}/`, ""));
  }
  return [];
}

describe("loadConfig", () => {
  it("gives the defaults when nothing is said", () => {
    expect(loadConfig(schema)).toEqual({
      nodeId: "node-1",
      listen: { dataPort: 7_400, host: "h" },
      memory: 1_024,
      drainAfter: 1_000,
      seeds: [],
      verbose: false,
      policy: "lru",
    });
  });

  it("takes the file, then the environment, then the overrides", () => {
    const file = yamlFile("nodeId: file\nmemory: 1KiB\nlisten: {host: file, dataPort: 1}\n");
    const config = loadConfig(schema, {
      file,
      env: { HOLDFAST_LISTEN__HOST: "env", HOLDFAST_MEMORY: "2KiB" },
      overrides: { memory: "3KiB", listen: { dataPort: 3 } },
    });
    expect(config).toMatchObject({
      nodeId: "file",
      memory: 3_072,
      listen: { host: "env", dataPort: 3 },
    });
  });

  it("accepts an empty file", () => {
    expect(loadConfig(schema, { file: yamlFile("# nothing yet\n") }).nodeId).toBe("node-1");
  });

  it("names a file that cannot be read", () => {
    expect(problemsOf({ file: join(folder, "absent.yaml") })).toEqual([
      "absent.yaml: cannot be read: no such file",
    ]);
  });

  it("points at the line and column of malformed YAML", () => {
    expect(problemsOf({ file: yamlFile("nodeId: a\nlisten: {host: b\n") })).toEqual([
      `${files}.yaml: malformed YAML at line 3, column 1: Flow map in block collection must be sufficiently indented and end with a }`,
    ]);
    expect(problemsOf({ file: yamlFile("a: b: c\n") })).toEqual([
      `${files}.yaml: malformed YAML at line 1, column 4: Nested mappings are not allowed in compact mappings`,
    ]);
  });

  it("refuses a setting that stands twice in a file", () => {
    expect(problemsOf({ file: yamlFile("nodeId: a\nnodeId: b\n") })).toEqual([
      `${files}.yaml: malformed YAML at line 2, column 1: Map keys must be unique`,
    ]);
  });

  it("refuses a file that is not a set of settings", () => {
    expect(problemsOf({ file: yamlFile("- a\n") })).toEqual([
      `${files}.yaml: must be a section, not a list`,
    ]);
  });

  it("refuses YAML whose aliases multiply", () => {
    const levels = Array.from({ length: 9 }, (_, i) => {
      const previous = i === 0 ? "lol" : `*a${i - 1}`;
      return `a${i}: &a${i} [${Array(9).fill(previous).join(", ")}]`;
    });
    const [problem] = problemsOf({ file: yamlFile(`${levels.join("\n")}\n`) });
    expect(problem).toMatch(/malformed YAML: Excessive alias count/);
  });

  it("reports every problem at once, each with its place", () => {
    const file = yamlFile(
      "nodeIdd: x\nlisten:\n  dataPort: 70000\n  hots: y\nseeds: 5\npolicy: lfo\n",
    );
    expect(
      problemsOf({ file, env: { HOLDFAST_VERBOSE: "maybe", HOLDFAST_MEMRY: "1KiB" } }),
    ).toEqual([
      "HOLDFAST_MEMRY: unknown setting; did you mean HOLDFAST_MEMORY?",
      `listen.dataPort: must be at most 65535, not 70000 (${files}.yaml:3)`,
      `listen.hots: unknown setting; did you mean "host"? (${files}.yaml:4)`,
      `seeds: must be a list, not 5 (${files}.yaml:5)`,
      'verbose: must be true or false, not "maybe" (HOLDFAST_VERBOSE)',
      `policy: must be one of "lru", "lfu", not "lfo"; did you mean "lfu"? (${files}.yaml:6)`,
      `nodeIdd: unknown setting; did you mean "nodeId"? (${files}.yaml:1)`,
    ]);
  });

  it("lists the problems as data too", () => {
    const attempt = () => loadConfig(schema, { overrides: { verbose: 1 } });
    expect(attempt).toThrow(
      "the configuration has 1 problem:\n  verbose: must be true or false, not 1 (given by the program)",
    );
    try {
      attempt();
    } catch (error) {
      expect((error as ConfigError).problems).toEqual([
        {
          path: "verbose",
          message: "must be true or false, not 1",
          origin: "given by the program",
        },
      ]);
    }
  });

  it("suggests nothing when nothing is close", () => {
    expect(problemsOf({ overrides: { colour: "red" } })).toEqual([
      "colour: unknown setting (given by the program)",
    ]);
  });

  it("takes no setting from the prototype of an object", () => {
    const file = yamlFile("__proto__: {nodeId: evil}\n");
    expect(problemsOf({ file })).toEqual([`__proto__: unknown setting (${files}.yaml:1)`]);
    expect(({} as { nodeId?: string }).nodeId).toBeUndefined();
  });

  it("never repeats a text, which may be a password", () => {
    const secret = z.strictObject({ database: databaseSchema });
    const problems = problemsOf(
      { overrides: { database: { url: "mysql://user:hunter2@host/db", schema: "Hunter2" } } },
      secret,
    );
    expect(problems).toEqual([
      'database.url: must be a URL such as "postgres://user:password@host:5432/database" (given by the program)',
      "database.schema: must be a plain SQL identifier: a lower-case letter or _, then at most 62 lower-case letters, digits or _ (given by the program)",
    ]);
    const number = problemsOf({ overrides: { database: { url: 12345 } } }, secret);
    expect(number).toEqual(["database.url: must be text, not a number (given by the program)"]);
  });

  it("says which required setting is missing", () => {
    const file = yamlFile("database: {}\n");
    expect(problemsOf({ file }, z.strictObject({ database: databaseSchema }))).toEqual([
      `database.url: is required (${files}.yaml)`,
    ]);
    expect(problemsOf({}, z.strictObject({ database: databaseSchema }))).toEqual([
      "database: is required",
    ]);
  });

  it("says when a setting has a name and no value", () => {
    expect(problemsOf({ file: yamlFile("nodeId:\nlisten:\n") })).toEqual([
      `nodeId: must be text, but is empty (${files}.yaml:1)`,
      `listen: must be a section, but is empty (${files}.yaml:2)`,
    ]);
  });
});

describe("environment variables", () => {
  const load = (env: Record<string, string>) => loadConfig(schema, { env });

  it("match names by words, whatever their case", () => {
    expect(load({ HOLDFAST_LISTEN__DATA_PORT: "1" }).listen.dataPort).toBe(1);
    expect(load({ HOLDFAST_LISTEN__DATAPORT: "2" }).listen.dataPort).toBe(2);
    expect(load({ HOLDFAST_listen__data_port: "3" }).listen.dataPort).toBe(3);
  });

  it("are read according to the kind of the setting", () => {
    expect(load({ HOLDFAST_NODE_ID: "042" }).nodeId).toBe("042");
    expect(load({ HOLDFAST_VERBOSE: "true" }).verbose).toBe(true);
    expect(load({ HOLDFAST_MEMORY: "64KiB" }).memory).toBe(65_536);
    expect(load({ HOLDFAST_MEMORY: "4096" }).memory).toBe(4_096);
    expect(load({ HOLDFAST_SEEDS: "a:1, b:2" }).seeds).toEqual(["a:1", "b:2"]);
    expect(load({ HOLDFAST_SEEDS: '["a:1", "b,2"]' }).seeds).toEqual(["a:1", "b,2"]);
    expect(load({ HOLDFAST_LISTEN: "{dataPort: 9}" }).listen.dataPort).toBe(9);
  });

  it("count as absent when they are empty", () => {
    expect(load({ HOLDFAST_NODE_ID: "" }).nodeId).toBe("node-1");
  });

  it("without the prefix mean nothing", () => {
    expect(load({ NODE_ID: "x", MY_HOLDFAST_NODE_ID: "y" }).nodeId).toBe("node-1");
  });

  it("that are unknown are problems, unless they are known to mean something else", () => {
    expect(problemsOf({ env: { HOLDFAST_LISTEN_DATA_PORT: "1" } })).toEqual([
      "HOLDFAST_LISTEN_DATA_PORT: unknown setting; did you mean HOLDFAST_LISTEN__DATA_PORT?",
    ]);
    expect(problemsOf({ env: { HOLDFAST_LISTEN__DATA_PORT__X: "1" } })).toEqual([
      "HOLDFAST_LISTEN__DATA_PORT__X: unknown setting; did you mean HOLDFAST_LISTEN__DATA_PORT?",
    ]);
    const env = { HOLDFAST_CONFIG: "node.yaml", HOLDFAST_OTHER: "1" };
    expect(problemsOf({ env, ignoredEnv: ["HOLDFAST_OTHER"] })).toEqual([]);
  });

  it("may not set one thing twice", () => {
    const env = { HOLDFAST_NODE_ID: "a", HOLDFAST_NODEID: "b" };
    expect(problemsOf({ env })).toEqual([
      "nodeId: is also set by HOLDFAST_NODEID (HOLDFAST_NODE_ID)",
    ]);
  });

  it("are named by the problems of their values", () => {
    expect(problemsOf({ env: { HOLDFAST_LISTEN__DATA_PORT: "x" } })).toEqual([
      'listen.dataPort: must be a whole number, not "x" (HOLDFAST_LISTEN__DATA_PORT)',
    ]);
    expect(problemsOf({ env: { HOLDFAST_LISTEN__DATA_PORT: "1.5" } })).toEqual([
      "listen.dataPort: must be a whole number, not 1.5 (HOLDFAST_LISTEN__DATA_PORT)",
    ]);
    expect(problemsOf({ env: { HOLDFAST_VERBOSE: "{" } })).toEqual([
      "verbose: is not valid YAML (HOLDFAST_VERBOSE)",
    ]);
  });

  it("may name a file that holds a text", () => {
    const secret = join(folder, "secret");
    writeFileSync(secret, "s3cret\n");
    expect(load({ HOLDFAST_NODE_ID_FILE: secret }).nodeId).toBe("s3cret");
    expect(problemsOf({ env: { HOLDFAST_NODE_ID_FILE: "/nowhere/secret" } })).toEqual([
      "nodeId: cannot read the file /nowhere/secret: ENOENT (HOLDFAST_NODE_ID_FILE)",
    ]);
    expect(problemsOf({ env: { HOLDFAST_MEMORY_FILE: secret } })).toEqual([
      "HOLDFAST_MEMORY_FILE: unknown setting; did you mean HOLDFAST_MEMORY?",
    ]);
  });
});
