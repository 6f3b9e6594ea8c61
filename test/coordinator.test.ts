/** Coordinators as processes run them, on real etcd, with nodes that are reached over gRPC. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { Coordinator, loadCoordinatorOptions } from "@holdfast/coordinator";
import { createLogger, type Registry } from "@holdfast/process";
import {
  Admin,
  type AdminClient,
  type ApplyCachesResponse__Output,
  Control,
  type ControlClient,
  fromServiceError,
  type ListCachesResponse__Output,
  type ReportExitResponse__Output,
  type StatusResponse__Output,
  Topology,
  type TopologyView__Output,
} from "@holdfast/proto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Etcd, startEtcd } from "./support/etcd.js";
import { eventually } from "./support/eventually.js";
import { PeerNode } from "./support/peer-node.js";
import { TestPostgres } from "./support/postgres.js";
import { connectRegistry } from "./support/registry-probe.js";
import { TcpProxy } from "./support/tcp-proxy.js";

const silent = createLogger({ name: "test", level: "silent" });
const CALL_MS = 5_000;

let etcd: Etcd;
let clusters = 0;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  etcd = await startEtcd();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(() => etcd.stop());

/** A cluster of its own within the shared etcd. */
class Cluster {
  readonly name: string;
  readonly registry: Registry;

  constructor(endpoint: string = etcd.endpoint) {
    this.name = `coordinator-${++clusters}`;
    this.registry = connectRegistry([endpoint], this.name);
    cleanups.push(() => this.registry.close());
  }

  async coordinator(overrides: object = {}): Promise<Coordinator> {
    const options = loadCoordinatorOptions({
      overrides: {
        cluster: this.name,
        listen: { port: 0, httpPort: 0 },
        etcd: { endpoints: [etcd.endpoint], leaseTtl: "2s" },
        memberTtl: "2s",
        partitions: 64,
        ...overrides,
      },
    });
    const coordinator = new Coordinator(options, silent);
    cleanups.push(() => coordinator.stop());
    await coordinator.start();
    return coordinator;
  }

  async node(nodeId: string): Promise<PeerNode> {
    const node = await PeerNode.start({ nodeId, registry: this.registry });
    cleanups.push(() => node.stop());
    return node;
  }

  /** Waits until these nodes share all partitions evenly. */
  async isSharedBy(
    coordinator: Coordinator,
    ...nodeIds: string[]
  ): Promise<StatusResponse__Output> {
    let seen = "nothing";
    try {
      return await eventually("the partitions are shared", async () => {
        const answer = await statusOf(coordinator);
        const counts = countsOf(answer);
        seen = JSON.stringify(counts);
        const expected = 64 / nodeIds.length;
        const isEven =
          Object.keys(counts).sort().join() === [...nodeIds].sort().join() &&
          Object.values(counts).every((count) => Math.abs(count - expected) < 1);
        return isEven ? answer : undefined;
      });
    } catch (error) {
      throw new Error(`not shared by ${nodeIds.join()}: ${seen}`, { cause: error });
    }
  }
}

function countsOf({ view }: StatusResponse__Output): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { owner } of view?.topology?.partitions ?? []) {
    const member = owner === undefined ? undefined : view?.topology?.members[owner];
    const name = member?.nodeId ?? "nobody";
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function call<Response>(
  send: (
    deadline: { deadline: number },
    callback: (error: ServiceError | null, response?: Response) => void,
  ) => void,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    send({ deadline: Date.now() + CALL_MS }, (error, response) => {
      if (error !== null) reject(fromServiceError(error));
      else if (response === undefined) reject(new Error("no response"));
      else resolve(response);
    });
  });
}

function adminOf({ address }: Coordinator): AdminClient {
  const client = new Admin(address, credentials.createInsecure());
  cleanups.push(async () => client.close());
  return client;
}

function controlOf({ address }: Coordinator): ControlClient {
  const client = new Control(address, credentials.createInsecure());
  cleanups.push(async () => client.close());
  return client;
}

function statusOf(coordinator: Coordinator): Promise<StatusResponse__Output> {
  const admin = adminOf(coordinator);
  return call((options, callback) => admin.status({}, options, callback));
}

describe("a coordinator", () => {
  it("gives joining nodes their share, and takes from those that leave", async () => {
    const cluster = new Cluster();
    const coordinator = await cluster.coordinator();
    const a = await cluster.node("a");
    const b = await cluster.node("b");
    await cluster.isSharedBy(coordinator, "a", "b");
    const c = await cluster.node("c");
    const shared = await cluster.isSharedBy(coordinator, "a", "b", "c");
    const releases = [...a.released, ...b.released];
    expect(releases).toHaveLength(21);
    expect(shared.view?.topology?.partitions.every(({ unfenced }) => unfenced.length === 0)).toBe(
      true,
    );

    await c.register({ state: "draining" });
    await cluster.isSharedBy(coordinator, "a", "b");
    expect(c.released).toHaveLength(21);
    await c.stop();
    const { view } = await eventually("c is gone", async () => {
      const answer = await statusOf(coordinator);
      return answer.view?.topology?.members.length === 2 ? answer : undefined;
    });
    // It had released everything, so nobody has to be fenced.
    expect(view?.topology?.partitions.every(({ unfenced }) => unfenced.length === 0)).toBe(true);
  });

  it("replaces a node whose lease has ended, and remembers to fence it", async () => {
    const cluster = new Cluster();
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

    const control = controlOf(coordinator);
    await call((options, callback) =>
      control.reportFenced({ fenced: [a.incarnation] }, options, callback),
    );
    await eventually("a is forgotten", async () => {
      const answer = await statusOf(coordinator);
      return answer.view?.topology?.members.length === 1;
    });
  });

  it("takes a reported exit as proof, long before the lease ends", async () => {
    const cluster = new Cluster();
    const coordinator = await cluster.coordinator();
    const a = await PeerNode.start({
      nodeId: "a",
      registry: cluster.registry,
      leaseTtlMs: 60_000,
    });
    await cluster.node("b");
    await cluster.isSharedBy(coordinator, "a", "b");
    await a.crash();
    const control = controlOf(coordinator);
    const report = (incarnation: string) =>
      call<ReportExitResponse__Output>((options, callback) =>
        control.reportExit({ nodeId: "a", incarnation }, options, callback),
      );
    // Somebody else's exit proves nothing about the one that is registered.
    expect(await report(crypto.randomUUID())).toEqual({ removed: false });
    expect(countsOf(await statusOf(coordinator))).toEqual({ a: 32, b: 32 });
    expect(await report(a.incarnation)).toEqual({ removed: true });
    await cluster.isSharedBy(coordinator, "b");
    expect(await report(a.incarnation)).toEqual({ removed: false });
  });

  it("gives an owner a higher term, and refuses nonsense", async () => {
    const cluster = new Cluster();
    const coordinator = await cluster.coordinator();
    const a = await cluster.node("a");
    await cluster.isSharedBy(coordinator, "a");
    const control = controlOf(coordinator);
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
      const { view } = await statusOf(coordinator);
      const shown = view?.topology?.partitions[9];
      return shown?.term === 1 ? undefined : shown;
    });
    expect(partition).toMatchObject({ term: 5, planned: true });
    await expect(ask({ minTerm: 2 ** 21 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(ask({ partition: 64 })).rejects.toMatchObject({ code: "NOT_OWNER" });
    await expect(ask({ incarnation: "x" })).rejects.toMatchObject({ code: "NOT_OWNER" });
  });

  it("shows every change to those that watch the topology", async () => {
    const cluster = new Cluster();
    const coordinator = await cluster.coordinator();
    const client = new Topology(coordinator.address, credentials.createInsecure());
    cleanups.push(async () => client.close());
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
    const cluster = new Cluster();
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
    const cluster = new Cluster();
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

describe("two coordinators", () => {
  it("have one leader, and the other names it", async () => {
    const cluster = new Cluster();
    const first = await cluster.coordinator();
    await eventually("the first leads", () => first.isLeading);
    const second = await cluster.coordinator();
    await cluster.node("a");
    await cluster.isSharedBy(second, "a");
    expect((await statusOf(second)).leading).toBe(false);
    const control = controlOf(second);
    const refused = call((options, callback) =>
      control.reportFenced({ fenced: [] }, options, callback),
    );
    await expect(refused).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: `this coordinator does not lead; ${first.address} leads`,
    });
  });

  it("change places at once when the leader stops", async () => {
    const cluster = new Cluster();
    const first = await cluster.coordinator();
    await eventually("the first leads", () => first.isLeading);
    const second = await cluster.coordinator();
    await cluster.node("a");
    await cluster.isSharedBy(second, "a");
    await first.stop();
    await eventually("the second leads", () => second.isLeading, 1_500);
    await cluster.node("b");
    await cluster.isSharedBy(second, "a", "b");
  });

  it("change places when the leader is cut off, which then leads no longer", async () => {
    const proxy = await TcpProxy.start({ targetPort: etcd.port });
    cleanups.push(async () => await proxy[Symbol.asyncDispose]());
    const cluster = new Cluster();
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

describe("caches", () => {
  const apply = (admin: AdminClient, ...caches: [name: string, config: unknown][]) =>
    call<ApplyCachesResponse__Output>((options, callback) =>
      admin.applyCaches(
        { caches: caches.map(([name, config]) => ({ name, configJson: JSON.stringify(config) })) },
        options,
        callback,
      ),
    );

  it("are created, kept, changed, and listed by any coordinator", async () => {
    const cluster = new Cluster();
    const first = adminOf(await cluster.coordinator());
    const second = adminOf(await cluster.coordinator());
    const changes = async (answer: Promise<ApplyCachesResponse__Output>) =>
      (await answer).applied.map(({ cache, change }) => [
        cache?.name,
        cache?.id,
        cache?.revision,
        change,
      ]);
    const aside = { pattern: "cache-aside" };
    expect(await changes(apply(first, ["a", aside], ["b", aside]))).toEqual([
      ["a", 1, 1, "CREATED"],
      ["b", 2, 1, "CREATED"],
    ]);
    expect(await changes(apply(second, ["a", { ...aside, ttl: "5m" }], ["b", aside]))).toEqual([
      ["a", 1, 2, "UPDATED"],
      ["b", 2, 1, "UNCHANGED"],
    ]);
    const { caches } = await call<ListCachesResponse__Output>((options, callback) =>
      first.listCaches({}, options, callback),
    );
    expect(caches.map(({ name, configJson }) => [name, JSON.parse(configJson)])).toEqual([
      ["a", { pattern: "cache-aside", ttl: "5m" }],
      ["b", { pattern: "cache-aside" }],
    ]);
  });

  it("get ids of their own when two coordinators create some in the same moment", async () => {
    const cluster = new Cluster();
    const admins = [adminOf(await cluster.coordinator()), adminOf(await cluster.coordinator())];
    const applied = await Promise.all(
      Array.from({ length: 6 }, (_, index) => {
        const admin = admins[index % 2];
        if (admin === undefined) throw new Error("no coordinator");
        return eventually("applied", () => apply(admin, [`c${index}`, { pattern: "cache-aside" }]));
      }),
    );
    const ids = applied.flatMap((answer) => answer.applied.map(({ cache }) => cache?.id ?? 0));
    expect(ids.sort()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("are refused with every problem at once, and none of them is created then", async () => {
    const cluster = new Cluster();
    const admin = adminOf(await cluster.coordinator());
    const refused = apply(
      admin,
      ["good", { pattern: "cache-aside" }],
      ["bad", { pattern: "read-thru", ttl: -1 }],
    );
    const error = await refused.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(String(error)).toContain("caches.bad.pattern");
    expect(String(error)).toContain("caches.bad.ttl");
    const { entries } = await cluster.registry.list("caches/");
    expect([...entries.keys()]).toEqual([]);
  });

  it("cannot change their pattern", async () => {
    const cluster = new Cluster();
    const admin = adminOf(await cluster.coordinator());
    await apply(admin, ["a", { pattern: "cache-aside" }]);
    await expect(
      apply(admin, ["a", { pattern: "read-through", source: { kind: "entries" } }]),
    ).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(
        "caches.a.pattern: cannot be changed; define a cache of another name",
      ),
    });
  });

  it("are not taken without a registry, and the caller learns it in time", async () => {
    const cluster = new Cluster();
    const coordinator = await cluster.coordinator({
      etcd: { endpoints: ["http://127.0.0.1:1"], leaseTtl: "2s" },
    });
    await expect(
      apply(adminOf(coordinator), ["a", { pattern: "cache-aside" }]),
    ).rejects.toMatchObject({ code: "UNAVAILABLE", message: "the registry does not answer" });
  });
});

describe("when etcd fails", () => {
  it("goes on by itself after an outage, with the same topology", async () => {
    const first = await startEtcd();
    cleanups.push(() => first.stop());
    const { port, dataDir } = first;
    const cluster = new Cluster(first.endpoint);
    const settings = { etcd: { endpoints: [first.endpoint], leaseTtl: "2s" } };
    const coordinator = await cluster.coordinator(settings);
    await cluster.node("a");
    await cluster.isSharedBy(coordinator, "a");
    const before = (await statusOf(coordinator)).view?.topology?.epoch;
    await first.kill();
    await eventually("it no longer leads", () => !coordinator.isLeading);
    const second = await startEtcd({ port, dataDir });
    cleanups.push(() => second.kill());
    await eventually("it leads again", () => coordinator.isLeading);
    expect((await statusOf(coordinator)).view?.topology?.epoch).toBe(before);
    await cluster.node("b");
    await cluster.isSharedBy(coordinator, "a", "b");
  });

  it("recreates the cluster above every epoch and term when etcd lost everything", async () => {
    await using postgres = await TestPostgres.start();
    const url = await postgres.createDatabase({ withTables: false });
    const first = await startEtcd();
    cleanups.push(() => first.stop());
    const settings = {
      etcd: { endpoints: [first.endpoint], leaseTtl: "2s" },
      database: { url },
    };
    const cluster = new Cluster(first.endpoint);
    const coordinator = await cluster.coordinator(settings);
    const a = await cluster.node("a");
    const before = await cluster.isSharedBy(coordinator, "a");
    await first.stop();
    const second = await startEtcd({ port: first.port });
    cleanups.push(() => second.stop());
    await a.crash();
    const again = await cluster.node("a");
    const after = await eventually(
      "the partitions are given out again",
      async () => {
        const answer = await statusOf(coordinator);
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

describe("the process", () => {
  const entry = createRequire(import.meta.url).resolve("@holdfast/coordinator/main");

  function start(env: Record<string, string>) {
    const child = fork(entry, [], { env, silent: true, detached: true });
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.stdout?.resume();
    cleanups.push(async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    });
    return { child, errors: () => errors };
  }

  it("says when it is ready, and ends with 0 when it is told to drain", async () => {
    const { child } = start({
      HOLDFAST_CLUSTER: `process-${process.pid}`,
      HOLDFAST_ETCD__ENDPOINTS: etcd.endpoint,
      HOLDFAST_LISTEN__PORT: "0",
      HOLDFAST_LISTEN__HTTP_PORT: "0",
    });
    const [message] = await once(child, "message");
    expect(message).toMatchObject({ address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
    child.send({ type: "drain" });
    const [code] = await once(child, "exit");
    expect(code).toBe(0);
  });

  it("reports every problem of its configuration and ends with 1", async () => {
    const { child, errors } = start({
      HOLDFAST_PARTITIONS: "1000",
      HOLDFAST_MEMBER_TTL: "soon",
      HOLDFAST_MOVE_BACH: "3",
    });
    const [code] = await once(child, "exit");
    expect(code).toBe(1);
    for (const problem of ["partitions", "memberTtl", "HOLDFAST_MOVE_BACH"]) {
      expect(errors()).toContain(problem);
    }
  });

  it("says which port is in use", async () => {
    const cluster = new Cluster();
    const { address } = await cluster.coordinator();
    const { child, errors } = start({
      HOLDFAST_ETCD__ENDPOINTS: etcd.endpoint,
      HOLDFAST_LISTEN__PORT: address.split(":")[1] ?? "",
      HOLDFAST_LISTEN__HTTP_PORT: "0",
    });
    const [code] = await once(child, "exit");
    expect(code).toBe(1);
    expect(errors()).toContain(address);
  });
});
