import { describe, expect, it } from "vitest";
import { incarnationOf } from "../testing/cluster-model.js";
import { clusterOf } from "../testing/harness.js";

describe("CoordinatorLoop: requests", () => {
  const never = new AbortController().signal;

  it("grants an owner a higher term", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    const request = { partition: 5, incarnation: incarnationOf("a"), term: 1, minTerm: 9 };
    const granted = coordinator.loop.requests.askForTerm(request, never);
    await cluster.pass(50);
    await granted;
    expect(cluster.topology?.partitions[5]).toMatchObject({ term: 9, planned: true });
  });

  it("refuses a term to somebody who is not the owner", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    const request = { partition: 5, incarnation: incarnationOf("b"), term: 1, minTerm: 0 };
    const refused = expect(
      coordinator.loop.requests.askForTerm(request, never),
    ).rejects.toMatchObject({ code: "NOT_OWNER" });
    await cluster.pass(50);
    await refused;
  });

  it("takes note of who is fenced", async () => {
    const { cluster, coordinator } = await clusterOf("a", "b");
    await using _ = cluster;
    await cluster.kill("a");
    await cluster.pass(500);
    const noted = coordinator.loop.requests.reportFenced([incarnationOf("a")], never);
    await cluster.pass(500);
    await noted;
    expect(cluster.topology?.partitions.flatMap(({ unfenced }) => unfenced)).toEqual([]);
  });

  it("answers a request that comes to nothing before its caller gives up", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    cluster.registry.setAvailable(false);
    const giveUp = new AbortController();
    const request = { partition: 5, incarnation: incarnationOf("a"), term: 1, minTerm: 0 };
    const refused = expect(
      coordinator.loop.requests.askForTerm(request, giveUp.signal),
    ).rejects.toMatchObject({ code: "UNAVAILABLE" });
    giveUp.abort();
    await refused;
    expect(coordinator.loop.requests.termRequests).toEqual([]);
  });

  it("refuses everything that waits when the leadership ends", async () => {
    const { cluster, coordinator } = await clusterOf("a");
    await using _ = cluster;
    cluster.registry.setAvailable(false);
    const request = { partition: 5, incarnation: incarnationOf("a"), term: 1, minTerm: 0 };
    const refused = expect(
      coordinator.loop.requests.askForTerm(request, never),
    ).rejects.toMatchObject({ code: "UNAVAILABLE", message: "this coordinator no longer leads" });
    await cluster.pass(5_000);
    await refused;
  });
});
