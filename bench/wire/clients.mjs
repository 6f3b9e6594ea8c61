/**
 * The clients that are compared, with one face: `get` (a Buffer), `set`, and `getMany` (how many were found). Each
 * is used as its own documents recommend for speed; values are bytes with all of them, and parts of what came over the
 * socket.
 */
import { bytes, connect } from "@holdfast/client";

const CACHE = "bench";

export const CLIENTS = {
  holdfast: (address) => holdfast(address),
  "bare-tcp": async (address) => {
    const { overTcp } = await import("./bare-client.mjs");
    overTcp(address);
    return holdfast(address);
  },
  "bare-http2": async (address) => {
    const { overHttp2 } = await import("./bare-client.mjs");
    overHttp2(address);
    return holdfast(address);
  },
  ioredis: (address) => ioredis(address, {}),
  "ioredis-auto": (address) => ioredis(address, { enableAutoPipelining: true }),
  "ioredis-cluster": (address) => ioredisCluster(address),
  "node-redis": (address) => nodeRedis(address),
  memjs: (address) => memjs(address),
};

async function holdfast({ seeds }) {
  const cluster = await connect({ seeds, timeout: "30s", compression: false });
  const cache = cluster.cache(CACHE, { codec: bytes({ copy: false }) });
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value),
    getMany: async (keys) => (await cache.getMany(keys)).size,
  };
}

async function ioredis({ port }, options) {
  const { default: Redis } = await import("ioredis");
  return faceOfIoredis(new Redis({ host: "127.0.0.1", port, ...options }));
}

async function ioredisCluster({ ports }) {
  const { default: Redis } = await import("ioredis");
  const nodes = ports.map((port) => ({ host: "127.0.0.1", port }));
  const cluster = new Redis.Cluster(nodes, { enableAutoPipelining: true });
  await new Promise((resolve) => cluster.once("ready", resolve));
  return faceOfIoredis(cluster);
}

function faceOfIoredis(redis) {
  return {
    get: (key) => redis.getBuffer(key),
    set: (key, value) => redis.set(key, value),
    getMany: async (keys) => foundIn(await redis.mgetBuffer(keys)),
  };
}

async function nodeRedis({ port }) {
  const { createClient, RESP_TYPES } = await import("@redis/client");
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  return {
    get: (key) => binary.get(key),
    set: (key, value) => binary.set(key, value),
    getMany: async (keys) => foundIn(await binary.mGet(keys)),
  };
}

async function memjs({ port }) {
  const { default: library } = await import("memjs");
  const client = library.Client.create(`127.0.0.1:${port}`);
  return {
    get: async (key) => (await client.get(key)).value,
    set: (key, value) => client.set(key, value, {}),
    getMany: async (keys) => {
      const found = await Promise.all(keys.map((key) => client.get(key)));
      return foundIn(found.map(({ value }) => value));
    },
  };
}

function foundIn(values) {
  return values.filter((value) => value !== null).length;
}
