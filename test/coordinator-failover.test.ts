/** Coordinators that replace each other, and what becomes of them when etcd fails. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Coordinators, call } from "./support/coordinators.js";
import { startEtcd } from "./support/etcd.js";
import { eventually } from "./support/eventually.js";
import { TestPostgres } from "./support/postgres.js";
import { TcpProxy } from "./support/tcp-proxy.js";

let coordinators: Coordinators;

beforeAll(async () => {
  coordinators = await Coordinators.start();
});
afterEach(() => coordinators.clean());
afterAll(() => coordinators.stop());

describe("two coordinators", () => {
  it("have one leader, and the other names it", async () => {
    const cluster = coordinators.cluster();
    const first = await cluster.coordinator();
    await eventually("the first leads", () => first.isLeading);
    const second = await cluster.coordinator();
    await cluster.node("a");
    await cluster.isSharedBy(second, "a");
    expect((await coordinators.statusOf(second)).leading).toBe(false);
    const control = coordinators.controlOf(second);
    const refused = call((options, callback) =>
      control.reportFenced({ fenced: [] }, options, callback),
    );
    await expect(refused).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: `this coordinator does not lead; ${first.address} leads`,
    });
  });

  it("change places at once when the leader stops", async () => {
    const cluster = coordinators.cluster();
    // Much longer than the wait below: the leader gives its lease back.
    const first = await cluster.coordinator({
      etcd: { endpoints: [coordinators.etcd.endpoint], leaseTtl: "20s" },
    });
    await eventually("the first leads", () => first.isLeading);
    const second = await cluster.coordinator();
    await cluster.node("a");
    await cluster.isSharedBy(second, "a");
    await first.stop();
    await eventually("the second leads", () => second.isLeading, 15_000);
    await cluster.node("b");
    await cluster.isSharedBy(second, "a", "b");
  });

  it("change places when the leader is cut off, which then leads no longer", async () => {
    const proxy = await TcpProxy.start({ targetPort: coordinators.etcd.port });
    coordinators.defer(async () => await proxy[Symbol.asyncDispose]());
    const cluster = coordinators.cluster();
    const first = await cluster.coordinator({
      etcd: { endpoints: [`http://${proxy.address}`], leaseTtl: "2s" },
    });
    await eventually("the first leads", () => first.isLeading);
    const second = await cluster.coordinator();
    await cluster.node("a");
    await cluster.isSharedBy(second, "a");
    await proxy.setMode("blackhole");
    await eventually("the second leads", () => {
      // At no time do both.
      if (first.isLeading && second.isLeading) throw new Error("two leaders");
      return second.isLeading;
    });
    expect(first.isLeading).toBe(false);
    await cluster.node("b");
    await cluster.isSharedBy(second, "a", "b");
    await proxy.setMode("pass");
    await cluster.isSharedBy(first, "a", "b");
    expect(first.isLeading).toBe(false);
  });
});

describe("when etcd fails", () => {
  it("goes on by itself after an outage, with the same topology", async () => {
    const first = await startEtcd();
    coordinators.defer(() => first.stop());
    const { port, dataDir } = first;
    const cluster = coordinators.cluster(first.endpoint);
    const coordinator = await cluster.coordinator();
    await cluster.node("a");
    await cluster.isSharedBy(coordinator, "a");
    const before = (await coordinators.statusOf(coordinator)).view?.topology?.epoch;
    await first.kill();
    await eventually("it no longer leads", () => !coordinator.isLeading);
    const second = await startEtcd({ port, dataDir });
    coordinators.defer(() => second.kill());
    await eventually("it leads again", () => coordinator.isLeading);
    expect((await coordinators.statusOf(coordinator)).view?.topology?.epoch).toBe(before);
    await cluster.node("b");
    await cluster.isSharedBy(coordinator, "a", "b");
  });

  it("recreates the cluster above every epoch and term when etcd lost everything", async () => {
    await using postgres = await TestPostgres.start();
    const url = await postgres.createDatabase({ withTables: false });
    const first = await startEtcd();
    coordinators.defer(() => first.stop());
    const cluster = coordinators.cluster(first.endpoint);
    const coordinator = await cluster.coordinator({ database: { url } });
    const a = await cluster.node("a");
    const before = await cluster.isSharedBy(coordinator, "a");
    await first.stop();
    const second = await startEtcd({ port: first.port });
    coordinators.defer(() => second.stop());
    await a.crash();
    const again = await cluster.node("a");
    const after = await eventually(
      "the partitions are given out again",
      async () => {
        const answer = await coordinators.statusOf(coordinator);
        const { members = [], partitions = [] } = answer.view?.topology ?? {};
        const isBack = partitions.every(
          ({ owner }) => owner !== undefined && members[owner]?.incarnation === again.incarnation,
        );
        return partitions.length > 0 && isBack ? answer : undefined;
      },
      20_000,
    );
    expect(after.view?.config).toEqual(before.view?.config);
    // 4,096 epochs and 256 terms had been set aside.
    expect(after.view?.topology?.epoch).toBeGreaterThan(4_096);
    expect(after.view?.topology?.partitions[0]?.term).toBeGreaterThan(256);
  });
});
