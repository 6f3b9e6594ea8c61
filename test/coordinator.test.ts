/** A coordinator as its process runs it, on real etcd, with nodes that are reached over gRPC. */
import { credentials } from "@grpc/grpc-js";
import {
  type ReportExitResponse__Output,
  Topology,
  type TopologyView__Output,
} from "@holdfast/proto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Coordinators, call, countsOf } from "./support/coordinators.js";
import { eventually } from "./support/eventually.js";
import { PeerNode } from "./support/peer-node.js";

let coordinators: Coordinators;

beforeAll(async () => {
  coordinators = await Coordinators.start();
});
afterEach(() => coordinators.clean());
afterAll(() => coordinators.stop());

describe("a coordinator", () => {
  it("gives joining nodes their share, and takes from those that leave", async () => {
    const cluster = coordinators.cluster();
    const coordinator = await cluster.coordinator();
    const a = await cluster.node("a");
    const b = await cluster.node("b");
    await cluster.isSharedBy(coordinator, "a", "b");
    const c = await cluster.node("c");
    const shared = await cluster.isSharedBy(coordinator, "a", "b", "c");
    expect(a.released.size + b.released.size).toBe(21);
    expect(shared.view?.topology?.partitions.every(({ unfenced }) => unfenced.length === 0)).toBe(
      true,
    );

    await c.register({ state: "draining" });
    await cluster.isSharedBy(coordinator, "a", "b");
    expect(c.released.size).toBe(21);
    await c.stop();
    const { view } = await eventually("c is gone", async () => {
      const answer = await coordinators.statusOf(coordinator);
      return answer.view?.topology?.members.length === 2 ? answer : undefined;
    });
    // It had released everything, so nobody has to be fenced.
    expect(view?.topology?.partitions.every(({ unfenced }) => unfenced.length === 0)).toBe(true);
  });

  it("replaces a node whose lease has ended, and remembers to fence it", async () => {
    const cluster = coordinators.cluster();
    const coordinator = await cluster.coordinator();
    const a = await cluster.node("a");
    await cluster.node("b");
    await cluster.isSharedBy(coordinator, "a", "b");
    await a.crash();
    const { view } = await cluster.isSharedBy(coordinator, "b");
    const members = view?.topology?.members ?? [];
    expect(members.map(({ nodeId, state }) => `${nodeId} ${state}`).sort()).toEqual([
      "a DEAD",
      "b ACTIVE",
    ]);
    const unfenced = view?.topology?.partitions.filter((each) => each.unfenced.length > 0) ?? [];
    expect(unfenced).toHaveLength(32);
    expect(unfenced.every(({ planned, term }) => !planned && term === 2)).toBe(true);

    const control = coordinators.controlOf(coordinator);
    await call((options, callback) =>
      control.reportFenced({ fenced: [a.incarnation] }, options, callback),
    );
    await eventually("nobody is left to be fenced", async () => {
      const answer = await coordinators.statusOf(coordinator);
      return answer.view?.topology?.partitions.every((each) => each.unfenced.length === 0);
    });
  });

  it("takes a reported exit as proof, long before the lease ends", async () => {
    const cluster = coordinators.cluster();
    const coordinator = await cluster.coordinator();
    const a = await PeerNode.start({
      nodeId: "a",
      registry: cluster.registry,
      leaseTtlMs: 60_000,
    });
    await cluster.node("b");
    await cluster.isSharedBy(coordinator, "a", "b");
    await a.crash();
    const control = coordinators.controlOf(coordinator);
    const report = (incarnation: string) =>
      call<ReportExitResponse__Output>((options, callback) =>
        control.reportExit({ nodeId: "a", incarnation }, options, callback),
      );
    // Somebody else's exit proves nothing about the one that is registered.
    expect(await report(crypto.randomUUID())).toEqual({ removed: false });
    expect(countsOf(await coordinators.statusOf(coordinator))).toEqual({ a: 32, b: 32 });
    expect(await report(a.incarnation)).toEqual({ removed: true });
    await cluster.isSharedBy(coordinator, "b");
    expect(await report(a.incarnation)).toEqual({ removed: false });
  });

  it("gives an owner a higher term, and refuses nonsense", async () => {
    const cluster = coordinators.cluster();
    const coordinator = await cluster.coordinator();
    const a = await cluster.node("a");
    await cluster.isSharedBy(coordinator, "a");
    const control = coordinators.controlOf(coordinator);
    const ask = (change: object) =>
      call((options, callback) =>
        control.requestTerm(
          { incarnation: a.incarnation, partition: 9, term: 1, minTerm: 5, ...change },
          options,
          callback,
        ),
      );
    await ask({});
    const partition = await eventually("the term is published", async () => {
      const { view } = await coordinators.statusOf(coordinator);
      const shown = view?.topology?.partitions[9];
      return shown?.term === 1 ? undefined : shown;
    });
    expect(partition).toMatchObject({ term: 5, planned: true });
    await expect(ask({ minTerm: 2 ** 21 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(ask({ partition: 64 })).rejects.toMatchObject({ code: "NOT_OWNER" });
    await expect(ask({ incarnation: "x" })).rejects.toMatchObject({ code: "NOT_OWNER" });
  });

  it("shows every change to those that watch the topology", async () => {
    const cluster = coordinators.cluster();
    const coordinator = await cluster.coordinator();
    const client = new Topology(coordinator.address, credentials.createInsecure());
    coordinators.defer(async () => client.close());
    const views: TopologyView__Output[] = [];
    const watch = client.watch({});
    watch.on("data", (view: TopologyView__Output) => views.push(view));
    watch.on("error", () => {});
    await cluster.node("a");
    await eventually("a view names a", () =>
      views.some((view) => view.topology?.members.some(({ nodeId }) => nodeId === "a")),
    );
    await cluster.node("b");
    await eventually("a view shows b as owner", () => {
      const { members = [], partitions = [] } = views.at(-1)?.topology ?? {};
      return partitions.some(({ owner }) => owner !== undefined && members[owner]?.nodeId === "b");
    });
    const epochs = views.map(({ topology }) => topology?.epoch ?? 0);
    expect(epochs).toEqual([...epochs].sort((x, y) => x - y));
    const last = views.at(-1);
    expect(last?.coordinatorAddress).toBe(coordinator.address);
    expect(last?.config).toMatchObject({ partitions: 64, hashAlgorithm: "murmur3-x86-32" });
    watch.cancel();
  });

  it("answers probes and shows its figures", async () => {
    const cluster = coordinators.cluster();
    const coordinator = await cluster.coordinator();
    await cluster.node("a");
    await cluster.isSharedBy(coordinator, "a");
    const get = async (path: string) => await fetch(`http://${coordinator.httpAddress}${path}`);
    expect((await get("/healthz")).status).toBe(200);
    expect((await get("/readyz")).status).toBe(200);
    const metrics = await (await get("/metrics")).text();
    expect(metrics).toMatch(/^holdfast_coordinator_leading 1$/m);
    expect(metrics).toMatch(/^holdfast_coordinator_epoch [1-9]\d*$/m);
    expect(metrics).toMatch(/^holdfast_coordinator_members 1$/m);
    expect(metrics).toMatch(/^holdfast_coordinator_partitions_without_owner 0$/m);
  });

  it("is not ready while it cannot read the registry", async () => {
    const cluster = coordinators.cluster();
    const coordinator = await cluster.coordinator({
      etcd: { endpoints: ["http://127.0.0.1:1"], leaseTtl: "2s" },
    });
    const answer = await fetch(`http://${coordinator.httpAddress}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      ready: false,
      reason: "the registry has not been read yet",
    });
  });
});
