import { describe, expect, it } from "vitest";
import { connect } from "../connect.js";
import { startConnected } from "../testing/fake-client.js";

interface Product {
  readonly name: string;
  readonly stock: number;
}

const laptop: Product = { name: "laptop", stock: 3 };

describe("Loading what is missing", () => {
  it("runs one load for all callers that miss a key, and stores its result", async () => {
    await using test = await startConnected<Product>();
    let loads = 0;
    const load = async () => {
      loads += 1;
      return laptop;
    };
    const get = () => test.cache.getOrLoad("42", load, { ttl: "1m" });
    const values = await Promise.all(Array.from({ length: 100 }, get));
    expect(values).toEqual(Array(100).fill(laptop));
    expect(loads).toBe(1);
    expect(await get()).toEqual(laptop);
    expect(loads).toBe(1);
    expect((await test.cache.getWithMeta("42")).ttlLeftMs).toBe(60_000);
  });

  it("gives a failure to every caller, and runs the loader again when the owner says so", async () => {
    await using test = await startConnected<Product>();
    const fail = () => Promise.reject(new Error("database is down"));
    const results = await Promise.allSettled([
      test.cache.getOrLoad("42", fail),
      test.cache.getOrLoad("42", fail),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await test.cache.getOrLoad("42", () => laptop)).toEqual(laptop);
  });

  it("stores nothing when there is nothing to load", async () => {
    await using test = await startConnected<Product>();
    expect(await test.cache.getOrLoad("42", () => undefined)).toBeUndefined();
    expect(test.fake.store.entries.size).toBe(0);
    expect(await test.cache.getOrLoad("42", () => laptop)).toEqual(laptop);
  });

  it("never replaces what another client set while it loaded", async () => {
    await using test = await startConnected<Product>();
    const other = await connect({ seeds: test.fake.seeds });
    const newer = { ...laptop, stock: 99 };
    const loaded = await test.cache.getOrLoad("42", async () => {
      await other.cache<Product>("products").set("42", newer);
      return laptop;
    });
    expect(loaded).toEqual(laptop);
    expect(await test.cache.get("42")).toEqual(newer);
    await other.close();
  });

  it("does not bring back what this client deleted while it loaded", async () => {
    await using test = await startConnected<Product>();
    await test.cache.getOrLoad("42", async () => {
      await test.cache.delete("42");
      return laptop;
    });
    expect(await test.cache.get("42")).toBeUndefined();
  });

  it("does not join a load that began before this client's own write", async () => {
    await using test = await startConnected<Product>();
    let finish = (_product: Product) => {};
    const slow = new Promise<Product>((resolve) => {
      finish = resolve;
    });
    const started = new Promise<void>((isStarted) => {
      void test.cache.getOrLoad("42", () => {
        isStarted();
        return slow;
      });
    });
    await started;
    await test.cache.delete("42");
    const newer = { ...laptop, stock: 99 };
    expect(await test.cache.getOrLoad("42", () => newer)).toEqual(newer);
    finish(laptop);
    expect(await test.cache.get("42")).toEqual(newer);
  });

  it.each(["is acknowledged", "is given up"])(
    "does not join a load that began while this client's own write was on its way, once that %s",
    async (end) => {
      await using test = await startConnected<Product>();
      const node = test.fake.node(0);
      const leaving = new AbortController();
      node.intercept = ({ kind }) => (kind === "SET" ? "silence" : undefined);
      const written = test.cache.set("42", laptop, { signal: leaving.signal });
      const settled = Promise.allSettled([written]);
      await expect.poll(() => node.operations.at(-1)?.kind).toBe("SET");
      const [{ id, key } = { id: 0 }] = node.operations.slice(-1);
      expect(key?.toString()).toBe("42");
      let finish = () => {};
      const load = () =>
        new Promise<Product>((resolve) => {
          finish = () => resolve(laptop);
        });
      const first = test.cache.getOrLoad("42", load);
      if (end === "is given up") leaving.abort(new Error("gone"));
      else node.send([{ id, outcome: "APPLIED", version: 7 }]);
      await settled;
      const second = test.cache.getOrLoad("42", load);
      expect(test.client.clientStats().loads).toMatchObject({ started: 2, joined: 0 });
      const running = () => {
        finish();
        return test.client.clientStats().loads.running;
      };
      await expect.poll(running).toBe(0);
      expect([await first, await second]).toEqual([laptop, laptop]);
    },
  );

  it("returns the value also when it cannot be stored, unless that is a mistake", async () => {
    await using test = await startConnected<Product>();
    const { cache: products, fake } = test;
    fake.node(0).intercept = ({ kind, fill }) =>
      kind === "FILL" && fill === undefined ? { code: "VALUE_TOO_LARGE" } : undefined;
    expect(await products.getOrLoad("42", () => laptop)).toEqual(laptop);
    fake.node(0).intercept = ({ kind, fill }) =>
      kind === "FILL" && fill === undefined ? { code: "READ_ONLY" } : undefined;
    await expect(products.getOrLoad("42", () => laptop)).rejects.toThrowError(
      expect.objectContaining({ code: "READ_ONLY" }),
    );
  });

  it("lets one caller leave while the load goes on for the others", async () => {
    await using test = await startConnected<Product>();
    const controller = new AbortController();
    let finish = (_product: Product) => {};
    const slow = new Promise<Product>((resolve) => {
      finish = resolve;
    });
    const load = () => {
      controller.abort(new Error("gone"));
      return slow;
    };
    const leaving = test.cache.getOrLoad("42", load, { signal: controller.signal });
    const staying = test.cache.getOrLoad("42", load);
    await expect(leaving).rejects.toThrowError("gone");
    finish(laptop);
    expect(await staying).toEqual(laptop);
  });

  it("runs no loader where nobody waits for it any more", async () => {
    await using test = await startConnected<Product>();
    const controller = new AbortController();
    let runs = 0;
    test.node.intercept = ({ kind }) => {
      if (kind === "LOAD") controller.abort(new Error("gone"));
      return undefined;
    };
    const leaving = test.cache.getOrLoad(
      "42",
      () => {
        runs += 1;
        return laptop;
      },
      { signal: controller.signal },
    );
    await expect(leaving).rejects.toThrowError("gone");
    await expect.poll(() => test.fake.store.executed.get("FILL")).toBe(1);
    expect(await test.cache.getOrLoad("42", () => laptop)).toEqual(laptop);
    expect(runs).toBe(0);
  });

  it("asks again for a caller who came while others waited, so that he gets nothing older", async () => {
    await using test = await startConnected<Product>();
    await using other = await connect({ seeds: test.fake.seeds });
    const theirs = other.cache<Product>("products");
    const slow = createSlow<Product>();
    const loading = theirs.getOrLoad("42", () => slow.run());
    await slow.started;
    const waiting = test.cache.getOrLoad("42", () => laptop);
    await expect.poll(() => test.fake.store.fills.waiting).toBe(1);
    const late = test.cache.getOrLoad("42", () => laptop);
    const gets = test.fake.store.executed.get("GET") ?? 0;
    slow.finish(laptop);
    expect(await Promise.all([loading, waiting, late])).toEqual([laptop, laptop, laptop]);
    expect(test.fake.store.executed.get("GET")).toBe(gets + 1);
  });

  it("asks again for a caller who came during a load of which nobody knows whether it is outdated", async () => {
    await using test = await startConnected<Product>();
    const slow = createSlow<Product>();
    const loading = test.cache.getOrLoad("42", () => slow.run());
    await slow.started;
    test.node.intercept = ({ kind, fill }) =>
      kind === "FILL" && fill === undefined ? { code: "VALUE_TOO_LARGE" } : undefined;
    const newer = { ...laptop, stock: 99 };
    const late = test.cache.getOrLoad("42", () => newer);
    slow.finish(laptop);
    expect(await Promise.all([loading, late])).toEqual([laptop, newer]);
  });

  it("does not wait for an owner where it is told not to", async () => {
    await using test = await startConnected<Product>();
    test.node.stop();
    const options = { timeout: "20s", waitForReady: false } as const;
    const unavailable = { code: "UNAVAILABLE" };
    await expect(test.cache.getOrLoad("42", () => laptop, options)).rejects.toMatchObject(
      unavailable,
    );
    const many = test.cache.getOrLoadMany(["42"], () => [], options);
    await expect(many).rejects.toMatchObject(unavailable);
  });

  it("lets a caller who came during a load wait no longer than his timeout", async () => {
    await using test = await startConnected<Product>();
    const slow = createSlow<Product>();
    const loading = test.cache.getOrLoad("42", () => slow.run(), { timeout: 500 });
    await slow.started;
    const late = test.cache.getOrLoad("42", () => laptop, { timeout: 500 });
    await expect(late).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    slow.finish(laptop);
    expect(await loading).toEqual(laptop);
  });
});

describe("Loading what is missing, together with other clients", () => {
  async function startTwo() {
    const test = await startConnected<Product>();
    const client = await connect({ seeds: test.fake.seeds });
    const dispose = async () => {
      await client.close({ drainTimeout: 0 });
      await test[Symbol.asyncDispose]();
    };
    const caches = [test.cache, client.cache<Product>("products")] as const;
    return { caches, fills: test.fake.store.fills, [Symbol.asyncDispose]: dispose };
  }

  it("waits for what another client loads", async () => {
    await using test = await startTwo();
    const [ours, theirs] = test.caches;
    const slow = createSlow<Product>();
    const loading = theirs.getOrLoad("42", () => slow.run());
    await slow.started;
    const waiting = ours.getOrLoad("42", () => Promise.reject(new Error("a second load")));
    await expect.poll(() => test.fills.waiting).toBe(1);
    slow.finish(laptop);
    expect(await Promise.all([loading, waiting])).toEqual([laptop, laptop]);
  });

  it("tells the others what the loader said", async () => {
    await using test = await startTwo();
    const [ours, theirs] = test.caches;
    const slow = createSlow<Product>();
    const loading = theirs.getOrLoad("42", () => slow.run());
    await slow.started;
    const waiting = ours.getOrLoad("42", () => laptop);
    await expect.poll(() => test.fills.waiting).toBe(1);
    slow.fail(new Error("no such table"));
    await expect(loading).rejects.toThrowError(/^no such table$/);
    await expect(waiting).rejects.toMatchObject({
      code: "LOAD_FAILED",
      message: expect.stringContaining("no such table"),
    });
  });

  it("renews its lease while the loader runs, and no longer", async () => {
    await using test = await startTwo();
    test.fills.leaseMs = 30;
    const slow = createSlow<Product>();
    const loading = test.caches[0].getOrLoad("42", () => slow.run());
    await expect.poll(() => test.fills.renewals).toBeGreaterThan(2);
    slow.finish(laptop);
    await loading;
    const { renewals } = test.fills;
    test.fills.leaseMs = 30;
    await test.caches[0].getOrLoad("43", () => laptop);
    expect(test.fills.renewals).toBe(renewals);
  });

  it("gives up waiting when its time is over, and runs no loader", async () => {
    await using test = await startTwo();
    const [ours, theirs] = test.caches;
    const slow = createSlow<Product>();
    const loading = theirs.getOrLoad("42", () => slow.run());
    await slow.started;
    let runs = 0;
    const load = () => {
      runs += 1;
      return laptop;
    };
    const waiting = ours.getOrLoad("42", load, { timeout: 50 });
    await expect(waiting).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(runs).toBe(0);
    slow.finish(laptop);
    await loading;
  });

  it("remembers for the others that there is nothing", async () => {
    await using test = await startTwo();
    const [ours, theirs] = test.caches;
    await theirs.getOrLoad("42", () => undefined, { negativeTtl: "1m" });
    expect(await ours.getOrLoad("42", () => laptop)).toBeUndefined();
    await theirs.delete("42");
    expect(await ours.getOrLoad("42", () => laptop)).toEqual(laptop);
  });

  it("returns what is stale at once, and loads it anew meanwhile", async () => {
    await using test = await startConnected<Product>();
    await test.cache.set("42", laptop);
    const token = await test.fake.store.fills.ask("products 42", false);
    const value = Buffer.from(JSON.stringify(laptop));
    test.node.intercept = ({ kind }) =>
      kind === "LOAD" ? { ...token, value, encoding: 1, stale: true, version: 1 } : undefined;
    const newer = { ...laptop, stock: 9 };
    const slow = createSlow<Product>();
    expect(await test.cache.getOrLoad("42", () => slow.run())).toEqual(laptop);
    slow.finish(newer);
    await expect.poll(() => test.cache.get("42")).toEqual(newer);
    await expect(
      test.cache.getOrLoad("42", () => Promise.reject(new Error("not now"))),
    ).resolves.toEqual(laptop);
  });

  it("returns what the owner keeps in grace when the loader throws, to all who wait for it here", async () => {
    await using test = await startConnected<Product>();
    const value = Buffer.from(JSON.stringify(laptop));
    const former = { value, encoding: 1, version: 7, ageMs: 9, stale: true, ttlLeftMs: 0 };
    test.node.intercept = ({ kind, fill }) => {
      if (kind === "LOAD") return { fillToken: 5, leaseMs: 1_000, hasGrace: true };
      return kind === "FILL" && fill === "FAILED" ? { ...former, source: "MEMORY" } : undefined;
    };
    const fail = () => Promise.reject(new Error("database is down"));
    const get = () => test.cache.getOrLoadWithMeta("42", fail, { maxStale: "1h" });
    const meta = { version: 7, ageMs: 9, stale: true, ttlLeftMs: 0, source: "memory" };
    expect(await Promise.all([get(), get()])).toMatchObject([
      { value: laptop, ...meta },
      { value: laptop, ...meta },
    ]);
    expect(test.node.operations.find(({ kind }) => kind === "FILL")?.maxStaleMs).toBe(3_600_000);
    expect(await test.cache.getOrLoadMany(["42"], fail)).toEqual(new Map([["42", laptop]]));
    expect(test.client.clientStats().loads).toMatchObject({ tokens: 2, failures: 2, inGrace: 3 });
  });

  it("throws what the loader throws when there is nothing in grace after all", async () => {
    await using test = await startConnected<Product>();
    test.node.intercept = ({ kind }) =>
      kind === "LOAD" ? { fillToken: 5, leaseMs: 1_000, hasGrace: true } : undefined;
    const fail = () => Promise.reject(new Error("database is down"));
    await expect(test.cache.getOrLoad("42", fail)).rejects.toThrowError(/^database is down$/);
  });

  it("says who has made a value, and how old it is", async () => {
    await using test = await startTwo();
    const [ours, theirs] = test.caches;
    const slow = createSlow<Product>();
    const loading = theirs.getOrLoadWithMeta("42", () => slow.run(), { ttl: "1m" });
    await slow.started;
    const waiting = ours.getOrLoadWithMeta("42", () => undefined);
    await expect.poll(() => test.fills.waiting).toBe(1);
    slow.finish(laptop);
    const [mine, another] = await Promise.all([loading, waiting]);
    const { version } = await theirs.getWithMeta("42");
    const made = { value: laptop, source: "loader", ageMs: 0, stale: false };
    expect(mine).toMatchObject({ ...made, version, ttlLeftMs: 60_000 });
    expect(another).toMatchObject(made);
    expect(await ours.getOrLoadWithMeta("42", () => undefined)).toMatchObject({
      value: laptop,
      source: "memory",
      ageMs: 7,
      version,
    });
    expect(await ours.getOrLoadWithMeta("43", () => undefined)).toMatchObject({
      value: undefined,
      version: 0,
      source: "none",
    });
  });

  it("says from when on an entry is stale", async () => {
    await using test = await startConnected<Product>();
    await test.cache.set("42", laptop, { softTtl: "1s" });
    await test.cache.getOrLoad("43", () => laptop, { softTtl: 0 });
    await test.cache.setMany([["44", laptop]], { softTtl: 5 });
    const stated = test.node.operations.filter(({ kind }) => kind !== "LOAD");
    expect(stated.map(({ kind, softTtlMs }) => [kind, softTtlMs])).toEqual([
      ["SET", 1_000],
      ["FILL", 0],
      ["SET", 5],
    ]);
    const set = test.cache.set("42", laptop, { softTtl: -1 });
    await expect(set).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("says how stale a value may be", async () => {
    await using test = await startConnected<Product>();
    await test.cache.get("42", { maxStale: 0 });
    await test.cache.getOrLoad("42", () => laptop, { maxStale: "1s" });
    expect(test.node.operations.map(({ maxStaleMs }) => maxStaleMs)).toEqual([0, 1_000, undefined]);
  });

  it("loads many keys at once: those that nobody else is loading", async () => {
    await using test = await startTwo();
    const [ours, theirs] = test.caches;
    await ours.set("there", laptop);
    const slow = createSlow<Product>();
    const loading = theirs.getOrLoad("theirs", () => slow.run());
    await slow.started;
    const asked: (readonly string[])[] = [];
    const many = ours.getOrLoadMany(["there", "theirs", "a", "b", "none"], (keys) => {
      asked.push(keys);
      slow.finish({ ...laptop, stock: 9 });
      return keys.filter((key) => key !== "none").map((key) => [key, { ...laptop, name: key }]);
    });
    expect([...(await many)].toSorted()).toEqual([
      ["a", { ...laptop, name: "a" }],
      ["b", { ...laptop, name: "b" }],
      ["theirs", { ...laptop, stock: 9 }],
      ["there", laptop],
    ]);
    expect(asked).toEqual([["a", "b", "none"]]);
    await loading;
    expect(await theirs.get("b")).toEqual({ ...laptop, name: "b" });
  });

  it("loads what it may, while the owner of other keys is slow", async () => {
    await using test = await startConnected<Product>({ nodes: 2 });
    const { fake, cache: products } = test;
    const [well, slow] = [fake.keyOf(fake.node(0)), fake.keyOf(fake.node(1))];
    fake.node(1).intercept = ({ kind }) => (kind === "LOAD" ? "silence" : undefined);
    const asked: (readonly string[])[] = [];
    const many = products.getOrLoadMany([well, slow], (keys) => {
      asked.push(keys);
      return keys.map((key) => [key, laptop]);
    });
    await expect.poll(() => products.get(well)).toEqual(laptop);
    const { id } = fake.node(1).operations.find(({ kind }) => kind === "LOAD") ?? {};
    const granted = await fake.store.fills.ask(`products ${slow}`, false);
    fake.node(1).send([{ id: id ?? 0, ...granted }]);
    expect((await many).size).toBe(2);
    expect(asked).toEqual([[well], [slow]]);
  });

  it("loads all at once what no owner can be asked for", async () => {
    await using test = await startConnected<Product>({ nodes: 2 });
    const [first, second] = [test.fake.node(0), test.fake.node(1)];
    const { partitions } = test.fake.topology;
    const ownerOf = (key: string) => partitions[test.fake.partitionOf(Buffer.from(key))]?.owner;
    const keys = Array.from({ length: 200 }, (_, index) => `k${index}`);
    const theirs = keys.filter((key) => ownerOf(key) === first.incarnation);
    first.stop();
    const asked: (readonly string[])[] = [];
    const many = await test.cache.getOrLoadMany(theirs, (missing) => {
      asked.push(missing);
      return missing.map((key) => [key, laptop]);
    });
    expect(many.size).toBe(theirs.length);
    expect(asked.map(({ length }) => length)).toEqual([theirs.length]);
    expect(second.unaryCalls).toBeGreaterThan(0);
  });

  it("does not wait for another who waits for it", async () => {
    await using test = await startTwo();
    const [ours, theirs] = test.caches;
    const load = (keys: readonly string[]) => keys.map((key): [string, Product] => [key, laptop]);
    const [first, second] = await Promise.all([
      ours.getOrLoadMany(["a", "b", "c"], load),
      theirs.getOrLoadMany(["c", "b", "a"], load),
    ]);
    expect(first.size).toBe(3);
    expect(second.size).toBe(3);
  });
});

/** A loader that ends when the test says so. */
function createSlow<T>() {
  let finish = (_value: T) => {};
  let fail = (_reason: unknown) => {};
  let start = () => {};
  const ended = new Promise<T>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  const run = () => {
    start();
    return ended;
  };
  return { run, started, finish, fail };
}
