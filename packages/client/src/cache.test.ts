import { describe, expect, it } from "vitest";
import { string } from "./codecs.js";
import { connect } from "./connect.js";
import { ManyWritesError } from "./many.js";
import type { ConnectOptions } from "./options.js";
import { FakeCluster, type FakeClusterOptions } from "./testing/fake-cluster.js";

interface Product {
  readonly name: string;
  readonly stock: number;
}

const laptop: Product = { name: "laptop", stock: 3 };

/** A fake cluster and a client of it, both ended with the test. */
async function start(options: FakeClusterOptions = {}, more: Partial<ConnectOptions> = {}) {
  const fake = await FakeCluster.start(options);
  const client = await connect({ seeds: fake.seeds, ...more });
  return {
    fake,
    client,
    products: client.cache<Product>("products"),
    [Symbol.asyncDispose]: async () => {
      await client.close({ drainTimeout: 0 });
      await fake[Symbol.asyncDispose]();
    },
  };
}

describe("A cache", () => {
  it("returns what was set, with its version and age, and nothing for what was not", async () => {
    await using test = await start();
    const receipt = await test.products.set("42", laptop, { ttl: "5m" });
    expect(receipt).toEqual({ version: expect.any(Number), degraded: false });
    expect(await test.products.get("42")).toEqual(laptop);
    expect(await test.products.getWithMeta("42")).toEqual({
      value: laptop,
      version: receipt.version,
      source: "memory",
      ageMs: 7,
      stale: false,
      ttlLeftMs: 300_000,
    });
    expect(await test.products.get("43")).toBeUndefined();
    expect(await test.products.getWithMeta("43")).toMatchObject({ version: 0, source: "none" });
  });

  it("reads many keys with one message to each owner", async () => {
    await using test = await start({ nodes: 3 });
    const keys = Array.from({ length: 300 }, (_, index) => `key-${index}`);
    const entries = keys.slice(0, 200).map((key) => [key, { ...laptop, name: key }] as const);
    const receipts = await test.products.setMany(entries);
    expect([...receipts.keys()].sort()).toEqual(keys.slice(0, 200).sort());
    const messagesBefore = test.fake.nodes.map(({ messages }) => messages.length);
    const found = await test.products.getMany([...keys, "key-0"]);
    expect(found).toEqual(new Map(entries));
    test.fake.nodes.forEach((node, index) => {
      expect(node.messages.length - (messagesBefore[index] ?? 0)).toBe(1);
    });
  });

  it("sends concurrent operations of one tick in one message", async () => {
    await using test = await start();
    const keys = Array.from({ length: 500 }, (_, index) => `key-${index}`);
    await Promise.all(keys.map((key) => test.products.get(key)));
    expect(test.fake.node(0).messages).toHaveLength(1);
  });

  it("sends every key only to the node that owns it", async () => {
    await using test = await start({ nodes: 3 });
    for (const node of test.fake.nodes) {
      await test.products.set(test.fake.keyOf(node), laptop);
      expect(node.operations).toHaveLength(1);
    }
  });

  it("writes only on the version or the absence that the caller names", async () => {
    await using test = await start();
    const conflict = expect.objectContaining({ code: "VERSION_CONFLICT" });
    const { version } = await test.products.set("42", laptop, { ifAbsent: true });
    await expect(test.products.set("42", laptop, { ifAbsent: true })).rejects.toThrowError(
      conflict,
    );
    const next = await test.products.set("42", laptop, { ifVersion: version });
    await expect(test.products.delete("42", { ifVersion: version })).rejects.toThrowError(conflict);
    await test.products.delete("42", { ifVersion: next.version });
    expect(await test.products.get("42")).toBeUndefined();
  });

  it("deletes, touches and counts", async () => {
    await using test = await start();
    expect(await test.products.touch("42", { ttl: 1_000 })).toBe(false);
    await test.products.set("42", laptop);
    expect(await test.products.touch("42", { ttl: 1_000 })).toBe(true);
    expect((await test.products.getWithMeta("42")).ttlLeftMs).toBe(1_000);
    await test.products.deleteMany(["42", "43"]);
    expect(await test.products.get("42")).toBeUndefined();
    const counters = test.client.cache<number>("counters");
    expect(await counters.increment("visits")).toBe(1);
    expect(await counters.increment("visits", -4)).toBe(-3);
    expect(await counters.get("visits")).toBe(-3);
  });

  it("sends what the options ask for, and nothing else", async () => {
    await using test = await start();
    await test.products.set("42", laptop, { ttl: "2s", ack: "journal+backup", ifVersion: 0 });
    await test.products.set("42", laptop);
    await test.products.get("42", { maxStaleMs: 500 });
    const [full, plain, read] = test.fake.node(0).operations;
    expect(full).toMatchObject({ ttlMs: 2_000, ack: "JOURNAL_AND_BACKUP", expectedVersion: 0 });
    expect(plain).toMatchObject({ ack: "ACK_DEFAULT" });
    expect(plain).not.toHaveProperty("ttlMs");
    expect(plain).not.toHaveProperty("expectedVersion");
    expect(read).toMatchObject({ maxStaleMs: 500 });
  });

  it("says so when a value was written with another codec", async () => {
    await using test = await start();
    await test.client.cache("products", { codec: string() }).set("42", "text");
    await expect(test.products.get("42")).rejects.toThrowError(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: "the value was written as string and is read as json",
      }),
    );
  });

  it("passes on that the cluster has no cache of that name", async () => {
    await using test = await start();
    await expect(test.client.cache("unknown").get("42")).rejects.toThrowError(
      expect.objectContaining({ code: "UNKNOWN_CACHE" }),
    );
  });

  it.each([
    ["an empty key", "", "key is empty; it needs 1 to 512 bytes"],
    ["a long key", "ä".repeat(257), "key has 514 bytes of UTF-8; at most 512 are allowed"],
    ["a lone surrogate", "\ud800", "key holds a lone surrogate, so it is not valid Unicode"],
  ])("refuses %s by itself", async (_what, key, message) => {
    await using test = await start();
    const refused = expect.objectContaining({ code: "INVALID_ARGUMENT", message });
    await expect(test.products.get(key)).rejects.toThrowError(refused);
    await expect(test.products.set(key, laptop)).rejects.toThrowError(refused);
    await expect(test.products.getMany(["a", key])).rejects.toThrowError(refused);
    await expect(test.products.warm([key])).rejects.toThrowError(refused);
  });

  it("refuses options that are out of range by itself", async () => {
    await using test = await start();
    const { products } = test;
    await expect(products.set("a", laptop, { ttl: -1 })).rejects.toThrowError(
      "ttl is -1 ms; it must not be negative",
    );
    await expect(products.get("a", { timeout: 0 })).rejects.toThrowError("timeout is 0");
    await expect(products.set("a", laptop, { ifVersion: 1.5 })).rejects.toThrowError(
      "ifVersion is 1.5; it must be a version that was read",
    );
    await expect(products.set("a", laptop, { ifVersion: 1, ifAbsent: true })).rejects.toThrowError(
      "ifAbsent and ifVersion contradict each other",
    );
    await expect(products.increment("a", 0.5)).rejects.toThrowError("delta is 0.5");
    const ack = "disk" as "journal";
    await expect(products.set("a", laptop, { ack })).rejects.toThrowError('ack is "disk"');
    expect(() => test.client.cache("")).toThrowError("a cache's name is a string");
    expect(test.fake.node(0).operations).toHaveLength(0);
  });

  it("refuses a value above 4 MiB by itself", async () => {
    await using test = await start();
    const texts = test.client.cache("products", { codec: string() });
    await expect(texts.set("a", "x".repeat(4 * 1024 * 1024 + 1))).rejects.toThrowError(
      expect.objectContaining({
        code: "VALUE_TOO_LARGE",
        message: "the value has 4194305 bytes; at most 4194304 are allowed",
      }),
    );
    await texts.set("a", "x".repeat(4 * 1024 * 1024));
  });

  it("counts many writes as unknown as soon as one of them is", async () => {
    await using test = await start();
    test.fake.node(0).intercept = ({ key }) => {
      if (key.toString() === "a") return { code: "VALUE_TOO_LARGE", message: "too large" };
      return { code: "OUTCOME_UNKNOWN", outcome: "UNKNOWN", message: "lost" };
    };
    await expect(test.products.deleteMany(["a", "b"])).rejects.toThrowError(
      expect.objectContaining({ name: "ManyWritesError", code: "OUTCOME_UNKNOWN" }),
    );
  });

  it("tells which writes of many happened and why the others failed", async () => {
    await using test = await start();
    test.fake.node(0).intercept = ({ key, kind }) =>
      kind === "SET" && key.toString() === "b"
        ? { code: "VALUE_TOO_LARGE", message: "too large" }
        : undefined;
    const error = await test.products
      .setMany(["a", "b", "c"].map((key) => [key, laptop]))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ManyWritesError);
    expect(error).toMatchObject({
      code: "VALUE_TOO_LARGE",
      message: "1 of 3 writes failed; one of them: too large",
    });
    // Checked just above.
    const { receipts, failures } = error as ManyWritesError;
    expect([...receipts.keys()]).toEqual(["a", "c"]);
    expect([...failures.keys()]).toEqual(["b"]);
  });
});

describe("Updating", () => {
  it("writes what the change returns, and deletes when it returns nothing", async () => {
    await using test = await start();
    const { products } = test;
    const created = await products.update("42", (old) => old ?? laptop);
    expect(created).toEqual({ value: laptop, version: expect.any(Number), degraded: false });
    const sold = await products.update("42", (old) => old && { ...old, stock: old.stock - 1 });
    expect(sold.value?.stock).toBe(2);
    await products.update("42", () => undefined);
    expect(await products.get("42")).toBeUndefined();
    await products.update("42", () => undefined);
    expect(test.fake.store.executed.get("DELETE")).toBe(1);
  });

  it("loses no change of concurrent callers", async () => {
    await using test = await start();
    await test.products.set("42", { ...laptop, stock: 0 });
    const other = await connect({ seeds: test.fake.seeds });
    const caches = [test.products, other.cache<Product>("products")];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        caches[index % 2]?.update(
          "42",
          (old) => ({ name: "laptop", stock: (old?.stock ?? 0) + 1 }),
          { retries: 200 },
        ),
      ),
    );
    expect((await test.products.get("42"))?.stock).toBe(20);
    await other.close();
  });

  it("gives up with the conflict when others are always faster", async () => {
    await using test = await start();
    let runs = 0;
    const lose = async () => {
      runs += 1;
      await test.products.set("42", laptop);
      return laptop;
    };
    await expect(test.products.update("42", lose, { retries: 3 })).rejects.toThrowError(
      expect.objectContaining({ code: "VERSION_CONFLICT" }),
    );
    expect(runs).toBe(4);
  });

  it("writes nothing when the change throws", async () => {
    await using test = await start();
    await expect(
      test.products.update("42", () => {
        throw new Error("no");
      }),
    ).rejects.toThrowError("no");
    expect(test.fake.store.executed.get("SET")).toBeUndefined();
  });
});

describe("Loading what is missing", () => {
  it("runs one load for all callers that miss a key, and stores its result", async () => {
    await using test = await start();
    let loads = 0;
    const load = async () => {
      loads += 1;
      return laptop;
    };
    const get = () => test.products.getOrLoad("42", load, { ttl: "1m" });
    const values = await Promise.all(Array.from({ length: 100 }, get));
    expect(values).toEqual(Array(100).fill(laptop));
    expect(loads).toBe(1);
    expect(await get()).toEqual(laptop);
    expect(loads).toBe(1);
    expect((await test.products.getWithMeta("42")).ttlLeftMs).toBe(60_000);
  });

  it("gives a failure to every caller and forgets it", async () => {
    await using test = await start();
    const fail = () => Promise.reject(new Error("database is down"));
    const results = await Promise.allSettled([
      test.products.getOrLoad("42", fail),
      test.products.getOrLoad("42", fail),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await test.products.getOrLoad("42", () => laptop)).toEqual(laptop);
  });

  it("stores nothing when there is nothing to load", async () => {
    await using test = await start();
    expect(await test.products.getOrLoad("42", () => undefined)).toBeUndefined();
    expect(test.fake.store.executed.get("SET")).toBeUndefined();
  });

  it("never replaces what another client set while it loaded", async () => {
    await using test = await start();
    const other = await connect({ seeds: test.fake.seeds });
    const newer = { ...laptop, stock: 99 };
    const loaded = await test.products.getOrLoad("42", async () => {
      await other.cache<Product>("products").set("42", newer);
      return laptop;
    });
    expect(loaded).toEqual(laptop);
    expect(await test.products.get("42")).toEqual(newer);
    await other.close();
  });

  it("does not bring back what this client deleted while it loaded", async () => {
    await using test = await start();
    await test.products.getOrLoad("42", async () => {
      await test.products.delete("42");
      return laptop;
    });
    expect(await test.products.get("42")).toBeUndefined();
  });

  it("does not join a load that began before this client's own write", async () => {
    await using test = await start();
    let finish = (_product: Product) => {};
    const slow = new Promise<Product>((resolve) => {
      finish = resolve;
    });
    const started = new Promise<void>((isStarted) => {
      void test.products.getOrLoad("42", () => {
        isStarted();
        return slow;
      });
    });
    await started;
    await test.products.delete("42");
    const newer = { ...laptop, stock: 99 };
    expect(await test.products.getOrLoad("42", () => newer)).toEqual(newer);
    finish(laptop);
    expect(await test.products.get("42")).toEqual(newer);
  });

  it("returns the value also when it cannot be stored, unless that is a mistake", async () => {
    await using test = await start();
    const { products, fake } = test;
    fake.node(0).intercept = ({ kind }) =>
      kind === "SET" ? { code: "VALUE_TOO_LARGE" } : undefined;
    expect(await products.getOrLoad("42", () => laptop)).toEqual(laptop);
    fake.node(0).intercept = ({ kind }) => (kind === "SET" ? { code: "READ_ONLY" } : undefined);
    await expect(products.getOrLoad("42", () => laptop)).rejects.toThrowError(
      expect.objectContaining({ code: "READ_ONLY" }),
    );
  });

  it("lets one caller leave while the load goes on for the others", async () => {
    await using test = await start();
    const controller = new AbortController();
    let finish = (_product: Product) => {};
    const slow = new Promise<Product>((resolve) => {
      finish = resolve;
    });
    const load = () => {
      controller.abort(new Error("gone"));
      return slow;
    };
    const leaving = test.products.getOrLoad("42", load, { signal: controller.signal });
    const staying = test.products.getOrLoad("42", load);
    await expect(leaving).rejects.toThrowError("gone");
    finish(laptop);
    expect(await staying).toEqual(laptop);
  });
});

describe("The whole of a cache", () => {
  it("is cleared at every node that owns a partition", async () => {
    await using test = await start({ nodes: 3 });
    await test.products.clear();
    for (const node of test.fake.nodes) {
      expect(node.operations.map(({ kind }) => kind)).toEqual(["CLEAR"]);
    }
  });

  it("is cleared again where a partition went meanwhile", async () => {
    await using test = await start({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    first.intercept = () => "silence";
    const clearing = test.products.clear();
    await expect.poll(() => first.operations.length).toBe(1);
    test.fake.moveAllTo(second);
    await expect.poll(() => test.client.topology().epoch).toBe(test.fake.topology.epoch);
    first.send({ replies: [{ id: first.operations[0]?.id ?? 0, code: "OK" }] });
    await clearing;
    expect(second.operations.map(({ kind }) => kind)).toEqual(["CLEAR", "CLEAR"]);
  });

  it("has the counters of all nodes, and names those that are silent", async () => {
    await using test = await start({ nodes: 3 });
    expect(await test.products.stats()).toMatchObject({
      cache: "products",
      hits: 30,
      misses: 3,
      oldestDirtyAgeMs: 6,
      nodes: 3,
      unreachable: [],
    });
    test.fake.node(2).stop();
    expect(await test.products.stats()).toMatchObject({
      hits: 20,
      nodes: 2,
      unreachable: ["node-2"],
    });
    const { nodes } = await test.client.stats();
    expect(nodes.map(({ nodeId }) => nodeId)).toEqual(["node-0", "node-1"]);
  });

  it("is warmed by keys, in several requests when they are many, with progress", async () => {
    await using test = await start();
    const keys = Array.from({ length: 12_000 }, (_, index) => `key-${index}`);
    const steps: number[] = [];
    const onProgress = ({ loaded, total }: { loaded: number; total: number }) => {
      expect(total).toBe(12_000);
      steps.push(loaded);
    };
    const result = await test.products.warm(keys, { onProgress });
    expect(result).toMatchObject({ total: 12_000, loaded: 12_000 });
    expect(steps).toEqual([2_500, 5_000, 7_500, 10_000, 11_000, 12_000]);
  });

  it("is warmed by a query, at another node when one fails", async () => {
    await using test = await start({ nodes: 3 });
    for (const node of test.fake.nodes.slice(1)) node.warmSteps = 0;
    const result = await test.products.warm({ query: "bestsellers", limit: 50 });
    expect(result).toMatchObject({ total: 50, loaded: 50 });
    test.fake.node(0).warmSteps = 0;
    await expect(test.products.warm({ query: "bestsellers" })).rejects.toThrowError(
      expect.objectContaining({ code: "UNAVAILABLE" }),
    );
  });
});
