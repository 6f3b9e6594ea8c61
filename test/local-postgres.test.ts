/** The PostgreSQL server of a local cluster: its data, its end, and the ways a start can fail. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect as connectTo, createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalPostgres, type PostgresOptions, startPostgres } from "@holdfast/cli";
import { silentLogger } from "@holdfast/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "./support/eventually.js";
import { openTestDatabase } from "./support/postgres.js";

const isRoot = process.getuid?.() === 0;

let folder: string;
let dataDir: string;
const servers: LocalPostgres[] = [];
const leftovers: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-test-local-"));
  await chmod(folder, 0o755);
  dataDir = join(folder, "data");
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  for (const path of [folder, ...leftovers.splice(0)]) {
    await rm(path, { recursive: true, force: true });
  }
});

async function start(options: Partial<PostgresOptions> = {}): Promise<LocalPostgres> {
  const binDir = process.env.HOLDFAST_POSTGRES_BIN;
  const server = await startPostgres({ dataDir, binDir, logger: silentLogger, ...options });
  servers.push(server);
  return server;
}

async function run(server: LocalPostgres, text: string): Promise<unknown[]> {
  const database = openTestDatabase(server.url);
  try {
    return (await database.query({ text, values: [] })).rows;
  } finally {
    await database.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("a local PostgreSQL", () => {
  it("keeps its data from one start to the next, and the password to itself", async () => {
    const first = await start();
    await run(first, "CREATE TABLE kept AS SELECT 42 AS answer");
    await first.stop();
    await first.stop();
    await first.exited;
    const second = await start();
    expect(await run(second, "SELECT * FROM kept")).toEqual([{ answer: 42 }]);
    const password = new URL(second.url).password;
    expect(password).toMatch(/^[\w-]{32}$/);
    const file = join(second.clusterDir, "holdfast.password");
    expect(await readFile(file, "utf8")).toBe(password);
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect((await stat(second.clusterDir)).mode & 0o077).toBe(0);
  });

  it("writes through to the disk unless it is told not to", async () => {
    expect(await run(await start(), "SHOW fsync")).toEqual([{ fsync: "on" }]);
    await servers.splice(0)[0]?.stop();
    expect(await run(await start({ durable: false }), "SHOW fsync")).toEqual([{ fsync: "off" }]);
  });

  it("keeps what was committed when it is killed", async () => {
    const first = await start();
    await run(first, "CREATE TABLE kept AS SELECT 42 AS answer");
    await first.kill();
    await first.exited;
    expect(await run(await start(), "SELECT * FROM kept")).toEqual([{ answer: 42 }]);
  });

  it("is reached over the loopback interface only", async () => {
    const { port } = await start();
    const others = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ internal, family }) => !internal && family === "IPv4");
    for (const { address } of others) {
      const socket = connectTo(port, address);
      const [error] = await once(socket, "error");
      expect(error).toMatchObject({ code: "ECONNREFUSED" });
    }
  });

  it("that an earlier start left behind is ended by the next, which finds its data", async () => {
    // The built module, because the starter must be a process of its own that can be killed.
    const script = `
      import { startPostgres } from "@holdfast/cli";
      import { silentLogger } from "@holdfast/core";
      const options = JSON.parse(process.argv[1]);
      const { pid, url } = await startPostgres({ ...options, logger: silentLogger });
      console.log(JSON.stringify({ pid, url }));`;
    const binDir = process.env.HOLDFAST_POSTGRES_BIN;
    const starter = spawn(
      process.execPath,
      ["--input-type=module", "-e", script, JSON.stringify({ dataDir, binDir })],
      { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = await once(starter.stdout.setEncoding("utf8"), "data");
    const orphan = JSON.parse(String(line)) as LocalPostgres;
    await run(orphan, "CREATE TABLE kept AS SELECT 42 AS answer");
    await expect(start()).rejects.toThrow(
      `${dataDir}/cluster is in use by another local cluster (process ${starter.pid})`,
    );
    const starterGone = once(starter, "exit");
    starter.kill("SIGKILL");
    await starterGone;
    expect(isAlive(orphan.pid)).toBe(true);
    const next = await start();
    await eventually("the orphan has ended", () => !isAlive(orphan.pid));
    expect(await run(next, "SELECT * FROM kept")).toEqual([{ answer: 42 }]);
  });

  it("leaves alone whoever has the process id of a server that crashed", async () => {
    const first = await start();
    await first.kill();
    const pidFile = join(first.clusterDir, "postmaster.pid");
    const text = await readFile(pidFile, "utf8");
    const bystander = spawn("sleep", ["1000"]);
    try {
      await writeFile(pidFile, text.replace(/^\d+/, String(bystander.pid)));
      await start().catch(() => {});
      expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    } finally {
      bystander.kill("SIGKILL");
    }
  });

  it.runIf(isRoot)("runs although nobody else can enter its folder", async () => {
    await chmod(folder, 0o700);
    const first = await start();
    leftovers.push(join(first.clusterDir, ".."));
    expect(first.clusterDir.startsWith(folder)).toBe(false);
    await run(first, "CREATE TABLE kept AS SELECT 42 AS answer");
    await first.stop();
    const second = await start();
    expect(second.clusterDir).toBe(first.clusterDir);
    expect(await run(second, "SELECT * FROM kept")).toEqual([{ answer: 42 }]);
  });
});

describe("a local PostgreSQL that cannot start", () => {
  it("says that its port is in use", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await once(holder, "listening");
    const address = holder.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    try {
      await expect(start({ port })).rejects.toThrow(
        `PostgreSQL did not start on port ${port}: could not bind IPv4 address "127.0.0.1": ` +
          "Address already in use",
      );
    } finally {
      holder.close();
    }
  });

  it("says that the data are another version's", async () => {
    const first = await start();
    await first.stop();
    await writeFile(join(first.clusterDir, "PG_VERSION"), "9\n");
    await expect(start()).rejects.toThrow(
      /were made by PostgreSQL 9, and this is PostgreSQL \d\d;/,
    );
  });

  it("says that the programs are not where they were said to be", async () => {
    await mkdir(join(folder, "empty"));
    const binDir = join(folder, "empty");
    await expect(start({ binDir })).rejects.toThrow(`PostgreSQL's initdb is not in ${binDir}`);
  });

  it("leaves no half-made data when the first start fails", async () => {
    await mkdir(join(folder, "fake"));
    const binDir = join(folder, "fake");
    for (const name of ["initdb", "postgres"]) {
      await writeFile(join(binDir, name), "#!/bin/sh\necho 'disk on fire' >&2\nexit 3\n");
      await chmod(join(binDir, name), 0o755);
    }
    await expect(start({ binDir })).rejects.toThrow(`${binDir}/initdb failed (3): disk on fire`);
    expect(await run(await start(), "SELECT 1 AS one")).toEqual([{ one: 1 }]);
  });
});
