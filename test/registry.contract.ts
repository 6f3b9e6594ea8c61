import { LeaseGoneError, type Registry } from "@holdfast/process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "./support/eventually.js";
import { textsOf, WatchRecord } from "./support/registry-probe.js";

const SHORT_TTL_MS = 2_000;
let clusters = 0;

/**
 * What every registry must do, whatever is behind it. `connect` gives a registry for a cluster of
 * its own; the contract closes it. Call it inside a `describe`.
 */
export function itKeepsTheRegistryContract(connect: (cluster: string) => Registry): void {
  let registry: Registry;
  let cluster: string;
  let opened: Registry[] = [];

  beforeEach(() => {
    cluster = `contract-${clusters++}`;
    registry = open(cluster);
  });
  afterEach(async () => {
    await Promise.all(opened.map((one) => one.close()));
    opened = [];
  });

  function open(name: string): Registry {
    const connected = connect(name);
    opened.push(connected);
    return connected;
  }

  function watch(prefix: string): WatchRecord {
    return new WatchRecord(registry, prefix);
  }

  async function put(key: string, value: string | Buffer, leaseId?: string): Promise<number> {
    const write = leaseId === undefined ? { key, put: value } : { key, put: value, leaseId };
    return (await registry.transact([], [write])).revision;
  }

  describe("transactions", () => {
    it("create a key only while it is absent", async () => {
      const create = (value: string) =>
        registry.transact([{ key: "a", target: "create", equals: 0 }], [{ key: "a", put: value }]);
      const first = await create("first");
      expect(first.succeeded).toBe(true);
      expect((await create("second")).succeeded).toBe(false);
      const entry = await registry.get("a");
      expect(entry?.value.toString()).toBe("first");
      expect(entry?.createRevision).toBe(first.revision);
      expect(entry?.modRevision).toBe(first.revision);
      expect(entry?.leaseId).toBeUndefined();
    });

    it("replace a key only while it has the expected revision", async () => {
      const created = await put("a", "1");
      const replaced = await registry.transact(
        [{ key: "a", target: "mod", equals: created }],
        [{ key: "a", put: "2" }],
      );
      expect(replaced.succeeded).toBe(true);
      const late = await registry.transact(
        [{ key: "a", target: "mod", equals: created }],
        [{ key: "a", put: "3" }],
      );
      expect(late.succeeded).toBe(false);
      const entry = await registry.get("a");
      expect(entry?.value.toString()).toBe("2");
      expect(entry?.createRevision).toBe(created);
      expect(entry?.modRevision).toBe(replaced.revision);
    });

    it("give a key that was deleted and created again a new create revision", async () => {
      const first = await put("a", "1");
      await registry.transact([], [{ key: "a", delete: true }]);
      expect(await registry.get("a")).toBeUndefined();
      const second = await put("a", "1");
      expect((await registry.get("a"))?.createRevision).toBe(second);
      expect(second).toBeGreaterThan(first);
    });

    it("hold a key to the lease that it was put under", async () => {
      const lease = await registry.grantLease(SHORT_TTL_MS);
      const other = await registry.grantLease(SHORT_TTL_MS);
      await put("member", "1", lease.leaseId);
      const guarded = (leaseId: string) =>
        registry.transact(
          [{ key: "member", target: "lease", equals: leaseId }],
          [{ key: "guarded", put: leaseId }],
        );
      expect((await guarded(other.leaseId)).succeeded).toBe(false);
      expect((await guarded(lease.leaseId)).succeeded).toBe(true);
      await registry.revokeLease(lease.leaseId);
      expect((await guarded(lease.leaseId)).succeeded).toBe(false);
    });

    it("make all writes in one revision, or none", async () => {
      const { revision } = await registry.transact(
        [],
        [
          { key: "a", put: "1" },
          { key: "b", put: "2" },
        ],
      );
      expect((await registry.get("a"))?.modRevision).toBe(revision);
      expect((await registry.get("b"))?.modRevision).toBe(revision);
      const refused = await registry.transact(
        [
          { key: "a", target: "mod", equals: revision },
          { key: "b", target: "mod", equals: revision + 1 },
        ],
        [
          { key: "a", delete: true },
          { key: "c", put: "3" },
        ],
      );
      expect(refused).toEqual({ succeeded: false, revision });
      expect(textsOf(await registry.list(""))).toEqual({ a: "1", b: "2" });
    });

    it("of which one of many contenders wins", async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          registry.transact(
            [{ key: "a", target: "create", equals: 0 }],
            [{ key: "a", put: String(index) }],
          ),
        ),
      );
      expect(outcomes.filter(({ succeeded }) => succeeded)).toHaveLength(1);
    });

    it("are refused for good when they can never be made", async () => {
      const twice = registry.transact(
        [],
        [
          { key: "a", put: "1" },
          { key: "a", put: "2" },
        ],
      );
      await expect(twice).rejects.toThrow(/refused the request.*duplicate key/);
      expect(await registry.get("a")).toBeUndefined();
    });

    it("accept a value of a megabyte and a half", async () => {
      const value = Buffer.alloc(1_500_000, 7);
      await put("large", value);
      expect((await registry.get("large"))?.value.equals(value)).toBe(true);
    });
  });

  describe("keys and values", () => {
    it("keep every byte of a value", async () => {
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      await put("bytes", bytes);
      await put("empty", "");
      expect(await registry.get("bytes")).toMatchObject({ value: bytes });
      expect((await registry.get("empty"))?.value).toHaveLength(0);
    });

    it.each([
      ["a name that objects have", "__proto__"],
      ["another", "constructor"],
      ["other scripts", "members/ünïcode-🙂"],
      ["spaces", "a b\tc"],
      ["500 characters", "x".repeat(500)],
    ])("take any text as a key: %s", async (_what, key) => {
      await put(key, "value");
      expect((await registry.get(key))?.key).toBe(key);
      expect([...(await registry.list("")).entries.keys()]).toEqual([key]);
    });

    it("are listed by prefix, as of one revision", async () => {
      for (const key of ["members", "members/", "members/a", "members/b", "members0"]) {
        await put(key, key);
      }
      const revision = await put("other", "1");
      const before = performance.now();
      const snapshot = await registry.list("members/");
      expect([...snapshot.entries.keys()]).toEqual(["members/", "members/a", "members/b"]);
      expect(snapshot.revision).toBe(revision);
      expect(snapshot.readAtMs).toBeGreaterThanOrEqual(before);
      expect(snapshot.readAtMs).toBeLessThanOrEqual(performance.now());
    });

    it("of one cluster are invisible to another", async () => {
      const neighbour = open(`${cluster}0`);
      await put("a", "mine");
      await neighbour.transact([], [{ key: "a", put: "theirs" }]);
      expect(textsOf(await registry.list(""))).toEqual({ a: "mine" });
      const record = watch("");
      await record.shows({ a: "mine" });
      await neighbour.transact([], [{ key: "b", put: "theirs" }]);
      await put("c", "mine");
      await record.shows({ a: "mine", c: "mine" });
    });
  });

  describe("leases", () => {
    it("take their keys with them when they end, unless they are renewed", async () => {
      const kept = await registry.grantLease(SHORT_TTL_MS);
      const lost = await registry.grantLease(SHORT_TTL_MS);
      expect(lost.ttlMs).toBeGreaterThanOrEqual(SHORT_TTL_MS);
      await put("kept", "1", kept.leaseId);
      await put("lost", "1", lost.leaseId);
      expect((await registry.get("lost"))?.leaseId).toBe(lost.leaseId);
      await eventually("the lease that nobody renews ends", async () => {
        expect(await registry.renewLease(kept.leaseId, 1_000)).toBe(kept.ttlMs);
        return (await registry.get("lost")) === undefined;
      });
      expect((await registry.get("kept"))?.value.toString()).toBe("1");
    });

    it("say that they are gone", async () => {
      const { leaseId } = await registry.grantLease(SHORT_TTL_MS);
      await put("a", "1", leaseId);
      await registry.revokeLease(leaseId);
      expect(await registry.get("a")).toBeUndefined();
      await expect(registry.renewLease(leaseId, 1_000)).rejects.toThrow(LeaseGoneError);
      await expect(put("a", "1", leaseId)).rejects.toThrow(LeaseGoneError);
      await expect(registry.revokeLease(leaseId)).resolves.toBeUndefined();
    });

    it("let go of a key that is put again without them", async () => {
      const { leaseId } = await registry.grantLease(SHORT_TTL_MS);
      await put("a", "1", leaseId);
      await put("a", "2");
      await registry.revokeLease(leaseId);
      expect((await registry.get("a"))?.value.toString()).toBe("2");
    });
  });

  describe("watches", () => {
    it("report the present state, then every kind of change", async () => {
      await put("members/a", "1");
      const record = watch("members/");
      await record.shows({ "members/a": "1" });
      await put("members/b", "1");
      await record.shows({ "members/a": "1", "members/b": "1" });
      await put("members/a", "2");
      await record.shows({ "members/a": "2", "members/b": "1" });
      await registry.transact([], [{ key: "members/b", delete: true }]);
      await record.shows({ "members/a": "2" });
      const { leaseId } = await registry.grantLease(SHORT_TTL_MS);
      await put("members/c", "1", leaseId);
      await record.shows({ "members/a": "2", "members/c": "1" });
      expect(record.last?.entries.get("members/c")?.leaseId).toBe(leaseId);
      await record.shows({ "members/a": "2" });
    });

    it("report an empty prefix", async () => {
      const record = watch("members/");
      await record.shows({});
    });

    it("show a transaction whole", async () => {
      const record = watch("");
      await record.shows({});
      for (let round = 1; round <= 20; round++) {
        const text = String(round);
        const writes = ["a", "b", "c"].map((key) => ({ key, put: text }));
        await registry.transact([], writes);
      }
      await record.shows({ a: "20", b: "20", c: "20" });
      const torn = record.snapshots.filter(
        ({ entries }) =>
          new Set([...entries.values()].map(({ value }) => value.toString())).size > 1,
      );
      expect(torn).toEqual([]);
    });

    it("lose no change between the list and the watch, and never go back", async () => {
      const records: WatchRecord[] = [];
      for (let round = 0; round < 100; round++) {
        if (round % 5 === 0) records.push(watch("count"));
        await put("count", String(round));
      }
      for (const record of records) {
        await record.shows({ count: "99" });
        const revisions = record.snapshots.map(({ revision }) => revision);
        expect(revisions).toEqual(revisions.toSorted((a, b) => a - b));
      }
    });

    it("confirm an unchanged state every few seconds", async () => {
      await put("a", "1");
      const record = watch("");
      await record.shows({ a: "1" });
      const first = record.last?.readAtMs ?? Number.NaN;
      await eventually("a later read", () => (record.last?.readAtMs ?? 0) > first);
      expect(record.last?.readAtMs).toBeGreaterThan(first + 1_000);
      expect(record.last && textsOf(record.last)).toEqual({ a: "1" });
    });

    it("say nothing once they are closed", async () => {
      const record = watch("");
      await record.shows({});
      await record.close();
      const reports = record.snapshots.length;
      await put("a", "1");
      const other = watch("");
      await other.shows({ a: "1" });
      expect(record.snapshots).toHaveLength(reports);
    });
  });
}
