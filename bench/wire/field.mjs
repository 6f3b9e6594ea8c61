/** The contenders of a comparison, each with the server that it talks to, filled alike. */
import { fileURLToPath } from "node:url";
import { LocalCluster } from "@holdfast/cli";
import { Contestant, cpuMicroseconds } from "../processes.mjs";
import {
  freePort,
  isInstalled,
  startMemcached,
  startRedis,
  startRedisCluster,
} from "../servers.mjs";
import { applyCaches } from "../support.mjs";

const CONTENDER = fileURLToPath(new URL("contender.mjs", import.meta.url));
const BARE_SERVER = new URL("bare-server.mjs", import.meta.url).href;
/** All values together. */
const VALUES_BYTES = 64 * 2 ** 20;
const MOST_KEYS = 100_000;
const CACHES = "caches:\n  bench: {pattern: cache-aside}\n";

/** Programs that a client needs, by its name. */
const NEEDS = {
  ioredis: "redis-server",
  "ioredis-auto": "redis-server",
  "ioredis-cluster": "redis-server",
  "node-redis": "redis-server",
  memjs: "memcached",
};

export class Field {
  #contestants = new Map();
  #servers = new Map();
  /** Of the servers, by client. */
  #pids = new Map();

  /** Those of `clients` whose servers are installed. */
  static async open({ clients, nodes, valueBytes }) {
    const field = new Field();
    try {
      for (const client of clients) {
        if (NEEDS[client] === undefined || isInstalled(NEEDS[client])) {
          await field.#enter(client, nodes, valueBytes);
        }
      }
      return field;
    } catch (error) {
      await field.close();
      throw error;
    }
  }

  get clients() {
    return [...this.#contestants.keys()];
  }

  ask(client, task) {
    return this.#contestants.get(client).ask(task);
  }

  /** What the servers of a client have used of the CPU so far, in microseconds. */
  serverCpu(client) {
    return this.#pids.get(client).reduce((sum, pid) => sum + cpuMicroseconds(pid), 0);
  }

  async close() {
    for (const contestant of this.#contestants.values()) await contestant.stop();
    for (const server of this.#servers.values()) await server.stop();
  }

  async #enter(client, nodes, valueBytes) {
    const { pids, ...address } = await this.#serverFor(client, nodes);
    const keys = Math.min(MOST_KEYS, Math.floor(VALUES_BYTES / valueBytes));
    const contestant = new Contestant(CONTENDER, { client, address, keys, valueBytes });
    this.#contestants.set(client, contestant);
    this.#pids.set(client, pids);
    await contestant.ask({ do: "fill" });
  }

  /** What a client needs to find its servers, and their `pids`. */
  async #serverFor(client, nodes) {
    switch (client) {
      case "holdfast":
        return this.#cluster(client, nodes, {});
      case "bare-tcp":
      case "bare-http2":
        return this.#bareCluster(client);
      case "ioredis-cluster": {
        const { ports, pids } = await this.#server("redis-cluster", () => startRedisCluster(nodes));
        return { ports, pids };
      }
      case "memjs": {
        const { port, pid } = await this.#server("memcached", () => startMemcached(256));
        return { port, pids: [pid] };
      }
      default: {
        const { port, pid } = await this.#server("redis", () => startRedis());
        return { port, pids: [pid] };
      }
    }
  }

  /** Of one node, whose pipes are open over bare transports as well. */
  async #bareCluster(name) {
    const [tcpPort, http2Port] = [await freePort(), await freePort()];
    const ports = {
      BENCH_TCP_PORT: String(tcpPort),
      BENCH_HTTP2_PORT: String(http2Port),
    };
    const cluster = await this.#cluster(name, 1, {
      NODE_OPTIONS: `--import ${BARE_SERVER}`,
      ...ports,
    });
    return { ...cluster, tcpPort, http2Port };
  }

  async #cluster(name, nodes, ofNodes) {
    const environment = (child) => (child.startsWith("node-") ? ofNodes : {});
    const start = () => LocalCluster.start({ nodes, environment });
    const cluster = await this.#server(name, start);
    await cluster.settled();
    applyCaches(cluster, CACHES);
    return { seeds: cluster.seeds, pids: cluster.nodes.map(({ pid }) => pid) };
  }

  async #server(name, start) {
    if (!this.#servers.has(name)) this.#servers.set(name, await start());
    return this.#servers.get(name);
  }
}
