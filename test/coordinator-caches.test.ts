/** Definitions of caches, as coordinators on real etcd take them. */
import type {
  AdminClient,
  ApplyCachesResponse__Output,
  ListCachesResponse__Output,
} from "@holdfast/proto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Coordinators, call } from "./support/coordinators.js";
import { eventually } from "./support/eventually.js";

let coordinators: Coordinators;

beforeAll(async () => {
  coordinators = await Coordinators.start();
});
afterEach(() => coordinators.clean());
afterAll(() => coordinators.stop());

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
    const cluster = coordinators.cluster();
    const first = coordinators.adminOf(await cluster.coordinator());
    const second = coordinators.adminOf(await cluster.coordinator());
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
    const cluster = coordinators.cluster();
    const admins = [
      coordinators.adminOf(await cluster.coordinator()),
      coordinators.adminOf(await cluster.coordinator()),
    ];
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
    const cluster = coordinators.cluster();
    const admin = coordinators.adminOf(await cluster.coordinator());
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
    const cluster = coordinators.cluster();
    const admin = coordinators.adminOf(await cluster.coordinator());
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
    const cluster = coordinators.cluster();
    const coordinator = await cluster.coordinator({
      etcd: { endpoints: ["http://127.0.0.1:1"], leaseTtl: "2s" },
    });
    await expect(
      apply(coordinators.adminOf(coordinator), ["a", { pattern: "cache-aside" }]),
    ).rejects.toMatchObject({ code: "UNAVAILABLE", message: "the registry does not answer" });
  });
});
