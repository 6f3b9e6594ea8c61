/**
 * Servers that a benchmark compares with: redis-server, alone or as a cluster, and memcached, on loopback and
 * without persistence. They are used if they are installed; on Debian `apt-get install redis-server memcached`
 * brings them, and neither needs to run as a service.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { progress } from "./report.mjs";
import { passed } from "./support.mjs";

/** Whether a server can be started; says how to get it if not. */
export function isInstalled(name) {
  if (spawnSync(name, ["--version"]).error === undefined) return true;
  progress(`${name} is not installed, and left out; on Debian: apt-get install ${name}`);
  return false;
}

export function startRedis(more = []) {
  const args = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", ...more];
  return Server.start("redis-server", (port) => ["--port", port, ...args]);
}

/** @param memoryMiB - for its entries. */
export function startMemcached(memoryMiB) {
  const args = ["-l", "127.0.0.1", "-m", memoryMiB, "-u", "nobody"];
  return Server.start("memcached", (port) => ["-p", port, ...args]);
}

/** So many masters without replicas. */
export async function startRedisCluster(masters) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const servers = [];
  for (let number = 0; number < masters; number++) {
    const file = join(folder, `nodes-${number}.conf`);
    servers.push(await startRedis(["--cluster-enabled", "yes", "--cluster-config-file", file]));
  }
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
  execFileSync("redis-cli", ["--cluster", "create", ...addresses, "--cluster-yes"]);
  return {
    ports: servers.map(({ port }) => port),
    pids: servers.map(({ pid }) => pid),
    async stop() {
      for (const server of servers) await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

class Server {
  #child;

  constructor(child, port) {
    this.#child = child;
    this.port = port;
  }

  static async start(name, argsFor) {
    const port = await freePort();
    const child = spawn(name, argsFor(port).map(String), { stdio: "ignore" });
    const server = new Server(child, port);
    const socket = await server.connected();
    socket.destroy();
    return server;
  }

  get pid() {
    return this.#child.pid;
  }

  /** A connection to it, also while it is just starting. */
  async connected() {
    for (let attempt = 0; ; attempt++) {
      const socket = connect(this.port, "127.0.0.1");
      try {
        await once(socket, "connect");
        return socket;
      } catch (error) {
        if (attempt === 100) throw error;
        await passed(50);
      }
    }
  }

  async stop() {
    const exited = once(this.#child, "exit");
    this.#child.kill();
    await exited;
  }
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
