/**
 * Compressed values on their whole way: from a client into the memory of a node, its journal and the
 * database, and back to clients with other settings, to other tools, and to the command line.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { type Cluster, connect } from "@holdfast/client";
import { Cache, CODEC, fromServiceError } from "@holdfast/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.js";
import { holdfast } from "./support/holdfast.js";

const GZIP_JSON = 0x0100 | CODEC.json;
// Longer than any test: whatever reaches the database was asked to.
const writeBehind = { maxDelay: "60s" };

const CACHES = {
  orders: { pattern: "write-behind", source: { kind: "entries" }, writeBehind },
  aside: { pattern: "cache-aside" },
};

const TABLES = {
  behind: {
    pattern: "write-behind",
    source: { kind: "table", table: "documents", key: "id" },
    writeBehind,
  },
  through: {
    pattern: "write-through",
    source: { kind: "table", table: "documents", key: "id" },
  },
};

interface Order {
  readonly id: string;
  readonly lines: readonly { readonly product: string; readonly amount: number }[];
}

/** Some 200 KiB of JSON. */
const ORDER: Order = {
  id: "42",
  lines: Array.from({ length: 5_000 }, (_, index) => ({
    product: `product number ${(index * 7_919) % 10_007}`,
    amount: index % 13,
  })),
};
const ORDER_BYTES = JSON.stringify(ORDER).length;

describe("Compressed values", { timeout: 60_000 }, () => {
  let cluster: TestCluster;
  /** As they come without options. */
  let first: Cluster;
  /** Another service, with other settings. */
  let second: Cluster;

  beforeAll(async () => {
    cluster = await startCluster(CACHES);
    await cluster.database.query(
      "CREATE TABLE documents (id text PRIMARY KEY, title text NOT NULL, body text NOT NULL)",
    );
    await cluster.apply(TABLES);
    await cluster.local.settled();
    first = await cluster.connect();
    second = await connect({
      seeds: cluster.local.seeds,
      compression: { algorithm: "brotli", level: 4, thresholdBytes: 1_000 },
    });
  }, 60_000);

  afterAll(async () => {
    await second?.close();
    await cluster?.[Symbol.asyncDispose]();
  });

  it("are small in memory and in the database, and whole for whoever reads them", async () => {
    const orders = first.cache<Order>("orders");
    const receipt = await orders.set("42", ORDER);
    expect(ORDER_BYTES).toBeGreaterThan(200 * 1024);
    const { entries, bytes } = await orders.stats();
    expect(entries).toBe(1);
    expect(bytes).toBeLessThan(ORDER_BYTES / 4);

    expect(await second.cache("orders").get("42")).toEqual(ORDER);
    expect(await second.cache("orders", { compression: false }).get("42")).toEqual(ORDER);

    await orders.flush();
    await receipt.persisted();
    const { rows } = await cluster.database.query(
      "SELECT encoding, value FROM holdfast_entries WHERE cache = 'orders'",
    );
    expect(rows).toEqual([{ encoding: GZIP_JSON, value: expect.any(Buffer) }]);
    expect(rows[0].value.length).toBeLessThan(ORDER_BYTES / 4);
    // As any tool would read it.
    expect(JSON.parse(gunzipSync(rows[0].value).toString())).toEqual(ORDER);

    await orders.clear();
    const read = await second.cache<Order>("orders").getWithMeta("42");
    expect(read).toMatchObject({ source: "database", version: receipt.version });
    expect(read.value).toEqual(ORDER);
  });

  it("are replaced under another setting, and compared and set like others", async () => {
    const orders = second.cache<Order>("orders");
    await first.cache<Order>("orders").set("43", ORDER);
    const { value } = await orders.update("43", (order = ORDER) => ({ ...order, id: "43" }));
    expect(value?.id).toBe("43");
    expect(await first.cache<Order>("orders").get("43")).toEqual({ ...ORDER, id: "43" });
    await expect(first.cache("orders").increment("43")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "the present value is compressed, so it is not added to",
    });
  });

  it("are written and shown by the command line", async () => {
    const [seed = ""] = cluster.local.seeds;
    const text = JSON.stringify({ text: "Holdfast ".repeat(1_000) });
    expect(await holdfast("set", "aside", "page", text, "--seed", seed)).toMatchObject({ code: 0 });
    const shown = await holdfast("get", "aside", "page", "--seed", seed);
    expect(shown.stdout).toBe(`${text}\n`);
    const explained = await holdfast("explain", "aside", "page", "--seed", seed);
    expect(explained.stdout).toMatch(/^cached +version \d+, \d{2,3} bytes compressed with gzip, /m);
  });

  it.each(["behind", "through"])(
    "are sent as they are to a cache of a table (%s), which makes rows of them",
    async (name) => {
      const sizes = { medium: 1_000, large: 20_000 };
      for (const [size, repeats] of Object.entries(sizes)) {
        const document = { id: `${name}-${size}`, title: "t", body: "Holdfast ".repeat(repeats) };
        const cache = first.cache<typeof document>(name);
        await cache.set(document.id, document);
        await cache.flush();
        const { rows } = await cluster.database.query("SELECT * FROM documents WHERE id = $1", [
          document.id,
        ]);
        expect(rows).toEqual([document]);
        expect(await second.cache(name).get(document.id)).toEqual(document);
      }
    },
  );

  it("are refused by a cache of a table, with a code of their own, from whoever sends them", async () => {
    const [seed = ""] = cluster.local.seeds;
    const client = new Cache(seed, credentials.createInsecure());
    const value = gzipSync(JSON.stringify({ id: "x", title: "t", body: "b" }));
    const request = { cache: "behind", key: Buffer.from("x"), value, encoding: GZIP_JSON };
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.Set(request, { deadline: Date.now() + 5_000 }, resolve);
    }).finally(() => client.close());
    expect(error && fromServiceError(error)).toMatchObject({
      code: "COMPRESSION_REFUSED",
      message: "rows are made of the values of this cache, so it takes them uncompressed",
    });
    expect(await first.cache("behind").get("x")).toBeUndefined();
  });
});
