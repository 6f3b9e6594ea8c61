import { type ClusterConfig, IncompatibleClusterError, silentLogger } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { DatabaseError, RegistryUnavailableError } from "@holdfast/process";
import { MemoryRegistry } from "@holdfast/process/testing";
import { describe, expect, it } from "vitest";
import { TEST_CONFIG } from "../testing/harness.js";
import { ensureClusterConfig } from "./cluster-config.js";
import type { MetaStore } from "./stores.js";

class MemoryMeta implements MetaStore {
  known: ClusterConfig | undefined;
  isDown = false;

  async read(): Promise<ClusterConfig | undefined> {
    if (this.isDown) throw new DatabaseError("unavailable", "the database is down");
    return this.known;
  }

  async write(config: ClusterConfig): Promise<ClusterConfig> {
    if (this.isDown) throw new DatabaseError("unavailable", "the database is down");
    this.known ??= config;
    return this.known;
  }
}

/** A registry in which somebody leads. */
async function setUp() {
  const registry = new MemoryRegistry(new FakeClock());
  await registry.put("coordinator", "{}");
  const leaderRevision = (await registry.get("coordinator"))?.createRevision ?? 0;
  const meta = new MemoryMeta();
  const ensure = (config: ClusterConfig = TEST_CONFIG) =>
    ensureClusterConfig({
      registry,
      leaderRevision,
      meta,
      logger: silentLogger,
      create: () => config,
    });
  const stored = async () => {
    const entry = await registry.get("config");
    return entry && JSON.parse(entry.value.toString());
  };
  return { registry, meta, ensure, stored };
}

describe("ensureClusterConfig", () => {
  it("creates a new cluster once, in the registry and in the database", async () => {
    const { meta, ensure, stored } = await setUp();
    expect(await ensure()).toEqual(TEST_CONFIG);
    expect(await ensure({ ...TEST_CONFIG, clusterId: "other" })).toEqual(TEST_CONFIG);
    expect(await stored()).toEqual(TEST_CONFIG);
    expect(meta.known).toEqual(TEST_CONFIG);
  });

  it("recreates what the database remembers when the registry lost it", async () => {
    const { meta, ensure, stored } = await setUp();
    meta.known = { ...TEST_CONFIG, hashSeed: 77 };
    expect(await ensure()).toEqual(meta.known);
    expect(await stored()).toEqual(meta.known);
  });

  it("does not guess while the database cannot say whether there was a cluster", async () => {
    const { meta, ensure, stored } = await setUp();
    meta.isDown = true;
    await expect(ensure()).rejects.toThrow("the database is down");
    expect(await stored()).toBeUndefined();
  });

  it("needs no database for a cluster that the registry has", async () => {
    const { meta, ensure } = await setUp();
    await ensure();
    meta.isDown = true;
    expect(await ensure()).toEqual(TEST_CONFIG);
  });

  it("takes what another coordinator created in the same moment", async () => {
    const { registry, ensure } = await setUp();
    const other = { ...TEST_CONFIG, hashSeed: 5 };
    registry.beforeTransaction = () => registry.put("config", JSON.stringify(other));
    expect(await ensure()).toEqual(other);
  });

  it("finds its own configuration when the answer was lost", async () => {
    const { registry, ensure } = await setUp();
    registry.loseNextAnswer();
    expect(await ensure()).toEqual(TEST_CONFIG);
  });

  it("creates nothing when it no longer leads", async () => {
    const { registry, ensure, stored } = await setUp();
    await registry.delete("coordinator");
    await expect(ensure()).rejects.toThrow(RegistryUnavailableError);
    expect(await stored()).toBeUndefined();
  });

  it("refuses a database that belongs to another cluster", async () => {
    const { meta, ensure } = await setUp();
    await ensure();
    meta.known = { ...TEST_CONFIG, clusterId: "theirs" };
    const refusal = ensure();
    await expect(refusal).rejects.toThrow(IncompatibleClusterError);
    await expect(refusal).rejects.toThrow(
      "the database schema belongs to another cluster: clusterId is theirs there and test here",
    );
  });

  it.each([
    [{ formatVersion: 9 }, "has format 9, and this version understands 1"],
    [{ hashAlgorithm: "md5" }, "places keys by md5, and this version knows murmur3-x86-32"],
    [{ partitions: 1_000 }, "has 1000 partitions"],
  ])("refuses a cluster with %j", async (change, problem) => {
    const { registry, ensure } = await setUp();
    await registry.put("config", JSON.stringify({ ...TEST_CONFIG, ...change }));
    const refusal = ensure();
    await expect(refusal).rejects.toThrow(IncompatibleClusterError);
    await expect(refusal).rejects.toThrow(`the cluster ${problem}`);
  });
});
