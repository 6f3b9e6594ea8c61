/**
 * Writes that the database refuses, from the first refusal to the end of the letter, as an operator deals
 * with them: with the `holdfast` command, on real servers.
 */
import { credentials } from "@grpc/grpc-js";
import type { Cache as ClientCache } from "@holdfast/client";
import { removeTombstones } from "@holdfast/process";
import { Cache, type GetResponse__Output } from "@holdfast/proto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCluster, type TestCluster } from "./support/cluster.js";
import { eventually } from "./support/eventually.js";
import { holdfast } from "./support/holdfast.js";
import { openTestDatabase } from "./support/postgres.js";

const NEVER = { maxDelay: "60s" };

const CACHES = {
  stock: {
    pattern: "write-behind",
    source: { kind: "table", table: "stock", key: "id" },
    writeBehind: { maxDelay: "20ms" },
  },
  slow: { pattern: "write-behind", source: { kind: "entries" }, writeBehind: NEVER },
  pages: { pattern: "cache-aside" },
  profiles: { pattern: "write-through", source: { kind: "entries" } },
};

interface Product {
  readonly amount: number;
}

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({});
  await cluster.database.query("CREATE TABLE stock (id text PRIMARY KEY, amount integer NOT NULL)");
  await cluster.apply(CACHES);
  await cluster.local.settled();
}, 60_000);

afterAll(() => cluster[Symbol.asyncDispose]());

beforeEach(async () => {
  await cluster.database.query(
    "ALTER TABLE stock DROP CONSTRAINT IF EXISTS no_debts, DROP CONSTRAINT IF EXISTS no_gifts",
  );
  await cluster.database.query(
    "ALTER TABLE stock ADD CONSTRAINT no_debts CHECK (amount >= 0) NOT VALID",
  );
  await cluster.database.query("DELETE FROM holdfast_dead_letters");
});

/** Any node takes any call. */
async function run(...args: readonly string[]) {
  const seeds = cluster.local.seeds;
  const seed = seeds[args.length % seeds.length] ?? "";
  const { code, stdout, stderr } = await holdfast(...args, "--seed", seed);
  return { code, stdout, stderr };
}

async function json(...args: readonly string[]) {
  const { code, stdout, stderr } = await run(...args, "--json");
  // biome-ignore lint/suspicious/noExplicitAny: what the command printed, looked at by the tests.
  return { code, stderr, answer: JSON.parse(stdout === "" ? "null" : stdout) as any };
}

async function parked(count: number): Promise<void> {
  await eventually(`${count} rows are refused`, async () => {
    const { rowCount } = await cluster.database.query("SELECT 1 FROM holdfast_dead_letters");
    return rowCount === count;
  });
}

async function amountOf(id: string): Promise<number | undefined> {
  const { rows } = await cluster.database.query("SELECT amount FROM stock WHERE id = $1", [id]);
  return rows[0]?.amount;
}

/** A read as any tool makes it, at any node. */
async function readAt(address: string, cache: string, key: string): Promise<GetResponse__Output> {
  const client = new Cache(address, credentials.createInsecure());
  const request = { cache, key: Buffer.from(key) };
  const answered = new Promise<GetResponse__Output>((resolve, reject) => {
    client.Get(request, { deadline: Date.now() + 5_000 }, (error, response) => {
      if (response === undefined) reject(error);
      else resolve(response);
    });
  });
  return answered.finally(() => client.close());
}

/** The owner learns a moment after the database that the row is put aside. */
async function flagged(stock: ClientCache<Product>, id: string): Promise<void> {
  await eventually("its owner says so", async () => (await stock.getWithMeta(id)).unpersisted);
}

/** Writes that become letters; their versions. */
async function refuse(...ids: readonly string[]): Promise<number[]> {
  const client = await cluster.connect();
  const stock = client.cache<Product>("stock");
  const receipts = await Promise.all(ids.map((id) => stock.set(id, { amount: -5 })));
  await parked(ids.length);
  for (const id of ids) await flagged(stock, id);
  return receipts.map(({ version }) => version);
}

describe("dead letters", { timeout: 60_000 }, () => {
  it("are listed with what the database said, by cache and key, with their values if asked", async () => {
    const [version] = await refuse("a", "b\n", "c");
    const all = await json("dead-letters", "list");
    expect(all).toMatchObject({ code: 0, stderr: "" });
    expect(all.answer.letters.map(({ key }: { key: string }) => key)).toEqual(["a", "b\n", "c"]);
    expect(all.answer.letters[0]).toEqual({
      cache: "stock",
      key: "a",
      version,
      deleted: false,
      valueBytes: 13,
      sqlstate: "23514",
      message: expect.stringContaining("no_debts"),
      at: expect.stringMatching(/^20\d\d-/),
      incarnation: expect.any(String),
    });
    const one = await json("dead-letters", "list", "--cache", "stock", "--key", "c", "--values");
    expect(one.answer.letters).toMatchObject([{ key: "c", value: { amount: -5 } }]);
    const none = await run("dead-letters", "list", "--cache", "slow");
    expect(none).toEqual({ code: 0, stdout: "there are no dead letters\n", stderr: "" });
    const text = await run("dead-letters", "list");
    expect(text.stdout).toMatch(/^stock "a" version \d+ {2}20.*13 bytes {2}23514: .*no_debts/);
    // One line each, whatever the key.
    expect(text.stdout.trimEnd().split("\n")).toHaveLength(3);
  });

  it("are listed page by page", async () => {
    await cluster.database.query(
      `INSERT INTO holdfast_dead_letters
         (cache, key, version, value, encoding, deleted, sqlstate, message, incarnation)
       SELECT 'stock', convert_to('k' || n, 'UTF8'), n, repeat('x', 50000)::bytea, 2, false, '23514',
         'm', gen_random_uuid()
       FROM generate_series(1, 250) AS n`,
    );
    const names = await json("dead-letters", "list");
    expect(names.answer.letters).toHaveLength(250);
    const values = await json("dead-letters", "list", "--values");
    expect(new Set(values.answer.letters.map(({ key }: { key: string }) => key)).size).toBe(250);
    expect(values.answer.letters[249].value).toHaveLength(50_000);
  });

  it("that are retried and refused again stay, with the new reason; the exit code says so", async () => {
    const [version] = await refuse("refused-again");
    await cluster.database.query("ALTER TABLE stock DROP CONSTRAINT no_debts");
    await cluster.database.query(
      "ALTER TABLE stock ADD CONSTRAINT no_gifts CHECK (amount > 0) NOT VALID",
    );
    const { code, answer } = await json("dead-letters", "retry", "--key", "refused-again");
    expect(code).toBe(1);
    expect(answer).toEqual({
      refused: 1,
      letters: [
        {
          cache: "stock",
          key: "refused-again",
          version,
          outcome: "refused",
          sqlstate: "23514",
          message: expect.stringContaining("no_gifts"),
        },
      ],
    });
    const { answer: left } = await json("dead-letters", "list");
    expect(left.letters).toMatchObject([{ version, message: expect.stringContaining("no_gifts") }]);
    expect(await amountOf("refused-again")).toBeUndefined();
  });

  it("that succeed are written under their version, seen by readers, and gone", async () => {
    const client = await cluster.connect();
    const stock = client.cache<Product>("stock");
    const [version] = await refuse("cured");
    const shown = { value: { amount: -5 }, version };
    expect(await stock.getWithMeta("cured")).toMatchObject({ ...shown, unpersisted: true });
    await cluster.database.query("ALTER TABLE stock DROP CONSTRAINT no_debts");
    const retried = await run("dead-letters", "retry", "--cache", "stock");
    expect(retried).toEqual({
      code: 0,
      stdout: `stock "cured" version ${version}: written\n1 written\n`,
      stderr: "",
    });
    expect(await amountOf("cured")).toBe(-5);
    expect(await stock.getWithMeta("cured")).toMatchObject({ ...shown, unpersisted: false });
    expect((await json("dead-letters", "list")).answer.letters).toEqual([]);
    expect((await run("dead-letters", "retry")).stdout).toBe("there are no such letters\n");
  });

  it("overtake no later write of their key, and go on when their owner has gone", async () => {
    const client = await cluster.connect();
    const stock = client.cache<Product>("stock");
    const ids = Array.from({ length: 20 }, (_, n) => `n${n}`);
    await refuse("overtaken", ...ids);
    const later = await stock.set("overtaken", { amount: 7 }, { ack: "database" });
    await cluster.database.query("ALTER TABLE stock DROP CONSTRAINT no_debts");
    const victim = cluster.local.nodes[0];
    process.kill(victim?.pid ?? 0, "SIGKILL");
    const { code, answer } = await eventually("every letter has been asked about", async () => {
      const result = await json("dead-letters", "retry");
      return result.answer !== null && result.answer.failed === undefined && result;
    });
    expect(code).toBe(1);
    expect(answer.superseded).toBe(1);
    const [letter] = answer.letters.filter(({ key }: { key: string }) => key === "overtaken");
    expect(letter).toMatchObject({ outcome: "superseded", laterVersion: later.version });
    expect(await amountOf("overtaken")).toBe(7);
    for (const id of ids) expect(await amountOf(id)).toBe(-5);
    const { answer: left } = await json("dead-letters", "list");
    expect(left.letters).toMatchObject([{ key: "overtaken" }]);
    await eventually("it runs again", () => cluster.local.nodes.length === 3, 30_000);
    await cluster.local.settled();
  });

  it("are read as they were acknowledged, flagged, at any node, until they are dropped", async () => {
    const client = await cluster.connect();
    const stock = client.cache<Product>("stock");
    const before = { value: { amount: 3 }, unpersisted: false };
    await stock.set("shown", { amount: 3 }, { ack: "database" });
    const [version] = await refuse("shown");
    const shown = { value: { amount: -5 }, version, source: "memory", unpersisted: true };
    expect(await stock.getWithMeta("shown")).toMatchObject(shown);
    for (const seed of cluster.local.seeds) {
      const got = await readAt(seed, "stock", "shown");
      expect(got).toMatchObject({ found: true, version, unpersisted: true });
    }
    expect(await amountOf("shown")).toBe(3);
    const { answer } = await json("explain", "stock", "shown");
    expect(answer).toMatchObject({
      cached: { version, unpersisted: true },
      row: { state: "present" },
    });
    expect(answer.dirty).toBeUndefined();
    const { stdout } = await run("explain", "stock", "shown");
    expect(stdout).toMatch(/^cached +version \d+, 13 bytes, .*; the database refuses it$/m);
    // Others may be shown as well: tests before left them.
    const { dirtyEntries, unpersistedEntries } = await stock.stats();
    expect(dirtyEntries).toBe(0);
    expect(unpersistedEntries).toBeGreaterThan(0);
    const dropped = await json("dead-letters", "drop", "--cache", "stock", "--key", "shown");
    expect(dropped).toMatchObject({ code: 0, answer: { dropped: 1 } });
    expect(await stock.getWithMeta("shown")).toMatchObject(before);
    expect((await stock.stats()).unpersistedEntries).toBe(unpersistedEntries - 1);
  });

  it("are overwritten by the next write of their key, which they do not hold up", async () => {
    const client = await cluster.connect();
    const stock = client.cache<Product>("stock");
    const [version = 0] = await refuse("mended");
    const mended = await stock.set("mended", { amount: 5 }, { ifVersion: version });
    expect(mended.version).toBeGreaterThan(version);
    await mended.persisted();
    const read = await stock.getWithMeta("mended");
    expect(read).toMatchObject({ value: { amount: 5 }, unpersisted: false });
    expect(await amountOf("mended")).toBe(5);
  });

  it("may be deletions: their key is absent, flagged", async () => {
    const client = await cluster.connect();
    const stock = client.cache<Product>("stock");
    await stock.set("kept for ever", { amount: 1 }, { ack: "database" });
    await cluster.database.query(`
      CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'it stays' USING ERRCODE = 'check_violation'; END $$`);
    await cluster.database.query(
      "CREATE TRIGGER keep BEFORE DELETE ON stock FOR EACH ROW EXECUTE FUNCTION keep()",
    );
    await stock.delete("kept for ever");
    await parked(1);
    await flagged(stock, "kept for ever");
    await cluster.database.query("DROP FUNCTION keep CASCADE");
    const absent = { value: undefined, unpersisted: true };
    expect(await stock.getWithMeta("kept for ever")).toMatchObject(absent);
    expect(await amountOf("kept for ever")).toBe(1);
    expect((await json("dead-letters", "retry")).answer).toMatchObject({ written: 1 });
    const deleted = { value: undefined, unpersisted: false };
    expect(await stock.getWithMeta("kept for ever")).toMatchObject(deleted);
    expect(await amountOf("kept for ever")).toBeUndefined();
  });

  it("of a write whose writer was told are not shown", async () => {
    const client = await cluster.connect();
    const stock = client.cache<Product>("stock");
    await stock.set("told", { amount: 3 }, { ack: "database" });
    const told = stock.set("told", { amount: -5 }, { ack: "database" });
    await expect(told).rejects.toMatchObject({ code: "DEAD_LETTER" });
    const row = { value: { amount: 3 }, unpersisted: false };
    expect(await stock.getWithMeta("told")).toMatchObject(row);
  });

  it("are not shown by the next owner of their key, and hold up no drain", async () => {
    const client = await cluster.connect();
    const stock = client.cache<Product>("stock");
    await stock.set("moved", { amount: 3 }, { ack: "database" });
    await refuse("moved");
    const owner = client.locate("moved").owner?.nodeId ?? "";
    const drained = await json("drain", owner);
    expect(drained).toMatchObject({ code: 0, answer: { remaining: 0 } });
    const row = { value: { amount: 3 }, unpersisted: false };
    expect(await stock.getWithMeta("moved")).toMatchObject(row);
    await cluster.local.restartNode(owner);
    await cluster.local.settled();
  });

  it("are dropped one by one, and only those that are named", async () => {
    await refuse("kept", "dropped");
    const dropped = await json("dead-letters", "drop", "--cache", "stock", "--key", "dropped");
    expect(dropped).toMatchObject({ code: 0, answer: { dropped: 1 } });
    expect(dropped.answer.letters).toMatchObject([{ key: "dropped", outcome: "dropped" }]);
    expect((await json("dead-letters", "list")).answer.letters).toMatchObject([{ key: "kept" }]);
    const everything = await run("dead-letters", "drop", "--all");
    expect(everything.stdout).toMatch(/^stock "kept" version \d+: dropped\n1 dropped\n$/);
    await parked(0);
  });
});

describe("a write that comes back when the tombstone of its key is gone", {
  timeout: 60_000,
}, () => {
  it("becomes a letter, and no retry brings the key back", async () => {
    const settings = { writeBehind: NEVER, negativeTtl: 0 };
    const forgetful = { pattern: "write-behind", source: { kind: "entries" }, ...settings };
    await using own = await startCluster({ forgetful });
    await own.local.settled();
    const client = await own.connect();
    const cache = client.cache<string>("forgetful");
    const { version } = await cache.set("k", "an older write");
    const owner = client.locate("k").owner?.nodeId ?? "";
    await own.local.killNode(owner);
    // Its backup took over, deleted the key and forgot all about it; so did the database.
    await cache.delete("k", { ack: "database", timeout: "15s" });
    const database = openTestDatabase(own.local.databaseUrl);
    try {
      const slice = { after: undefined, limit: 10, retentionMs: 0 };
      expect(await removeTombstones(database, "entries", slice)).toMatchObject({ removed: 1 });
    } finally {
      await database.close();
    }
    await own.local.restartNode(owner);
    const letter = await eventually("its journal is replayed", async () => {
      const { rows } = await own.database.query(
        "SELECT version, sqlstate, message FROM holdfast_dead_letters",
      );
      return rows[0];
    });
    expect(letter).toMatchObject({ version: String(version), sqlstate: "" });
    expect(letter.message).toMatch(/replayed when its tombstone, if it had one, was gone/);
    const seed = own.local.seeds[0] ?? "";
    // The cluster may still be moving the partition: until then the owner cannot be asked ("failed").
    const retried = await eventually("the owner has tried the letter", async () => {
      const told = await holdfast("dead-letters", "retry", "--seed", seed);
      return told.stdout.includes(": failed") ? undefined : told;
    });
    expect(retried.code).toBe(1);
    expect(retried.stdout).toMatch(/refused, .*may have been deleted since/);
    expect(await cache.get("k")).toBeUndefined();
    const { rowCount } = await own.database.query("SELECT 1 FROM holdfast_entries");
    expect(rowCount).toBe(0);
  });
});

describe("holdfast explain", { timeout: 60_000 }, () => {
  it("tells of a key that nobody has", async () => {
    const { code, answer } = await json("explain", "profiles", "nobody");
    expect(code).toBe(0);
    const client = await cluster.connect();
    const { partition, owner } = client.locate("nobody");
    expect(answer).toMatchObject({
      cache: "profiles",
      key: "nobody",
      partition,
      partitions: 64,
      owner: { nodeId: owner?.nodeId },
      toldBy: { incarnation: owner?.incarnation },
      pattern: "write-through",
      row: { state: "absent", version: 0 },
      deadLetters: [],
    });
    expect(answer.cached).toBeUndefined();
    expect(answer.dirty).toBeUndefined();
    expect(answer.backups).toHaveLength(1);
  });

  it("tells of a cached entry and its row, and counts as no read", async () => {
    const client = await cluster.connect();
    const profiles = client.cache<string>("profiles");
    const { version } = await profiles.set("ada", "Ada", { ttl: "1h" });
    const before = await profiles.stats();
    const { answer } = await json("explain", "profiles", "ada");
    expect(answer.cached).toMatchObject({ version, valueBytes: 5, absence: false });
    expect(answer.cached.ttlLeftMs).toBeGreaterThan(3_000_000);
    expect(answer.row).toMatchObject({ state: "present", version });
    expect(answer.row.expiresAtMs).toBeGreaterThan(Date.now());
    await profiles.delete("ada");
    const { answer: deleted } = await json("explain", "profiles", "ada");
    expect(deleted.cached).toMatchObject({ absence: true });
    expect(deleted.row).toMatchObject({ state: "tombstone" });
    const after = await profiles.stats();
    expect([after.hits, after.misses, after.loads]).toEqual([
      before.hits,
      before.misses,
      before.loads,
    ]);
  });

  it("tells where the copies of a dirty entry are", async () => {
    const client = await cluster.connect();
    const { version } = await client.cache<string>("slow").set("basket", "full");
    const { answer } = await json("explain", "slow", "basket");
    expect(answer).toMatchObject({
      dirty: { version, deletion: false, uncommitted: false, journal: true },
      cached: { version },
      row: { state: "absent" },
    });
    const [backup] = answer.backups;
    expect(backup).toMatchObject({ inSync: true });
    expect(answer.dirty.backups).toEqual([
      { incarnation: backup.incarnation, inSync: true, hasEverything: true },
    ]);
    const { stdout } = await run("explain", "slow", "basket");
    expect(stdout).toMatch(
      new RegExp(`^dirty +version ${version}, .* old; in the journal, on ${backup.nodeId}$`, "m"),
    );
  });

  it("tells of a key's dead letters, and that a cache without a source has no row", async () => {
    const [version] = await refuse("refused");
    const { answer } = await json("explain", "stock", "refused");
    expect(answer.deadLetters).toMatchObject([{ version, sqlstate: "23514" }]);
    const { stdout } = await run("explain", "stock", "refused");
    expect(stdout).toMatch(/^letter +stock "refused" version \d+ .*no_debts/m);
    const aside = await run("explain", "pages", "/");
    expect(aside.stdout).toMatch(/^row +the cache has no source$/m);
  });

  it("fails with a clear line for a cache that is not there", async () => {
    const { code, stderr } = await run("explain", "nothing", "k");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^holdfast: UNKNOWN_CACHE: /);
  });
});
