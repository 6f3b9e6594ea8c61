import {
  type Incarnation,
  type Partition,
  silentLogger,
  type Topology,
  UNOWNED_PARTITION,
} from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { Ownership, PartitionMovingError } from "../ownership/ownership.js";
import { RightToServe } from "../ownership/right-to-serve.js";
import { noPromises, promisedNothing } from "../testing/no-backups.js";
import { Releases } from "./release.js";

const ME = "11111111-0000-0000-0000-000000000000";
const OTHER = "22222222-0000-0000-0000-000000000000";

function topology(epoch: number, moves: boolean[], term = 1): Topology {
  const member = (incarnation: Incarnation) => ({
    incarnation,
    nodeId: incarnation,
    addresses: { data: "", peer: "", http: "" },
    zone: "",
    weight: 1,
    state: "active" as const,
    ended: false,
  });
  const partitions = moves.map(
    (isMoving): Partition => ({
      ...UNOWNED_PARTITION,
      owner: ME,
      term,
      moveTo: isMoving ? OTHER : undefined,
      inSync: [OTHER],
    }),
  );
  return { epoch, writeToken: "", members: [member(ME), member(OTHER)], partitions };
}

function createReleases(moves = [true, true]) {
  const clock = new FakeClock();
  const lease = { safeUntilMs: Number.POSITIVE_INFINITY };
  const right = new RightToServe(
    lease,
    noPromises,
    { readAtMs: 0 },
    clock,
    Number.POSITIVE_INFINITY,
  );
  const ownership = new Ownership(ME, right, promisedNothing, clock, {
    ended() {},
    deposed() {},
    begunAnew() {},
  });
  ownership.apply(topology(5, moves));
  /** Partitions of which the target has not got everything. */
  const lacking = new Set<number>();
  // Of the watch only waiting for an epoch is used; this one has read all there is.
  const watch = { waitFor: async () => true };
  const releases = new Releases(
    ownership,
    watch,
    (partition, target) => target === OTHER && !lacking.has(partition),
    clock,
    silentLogger,
  );
  const demand = (epoch = 5, incarnation = ME, term = 1) => ({
    epoch,
    incarnation,
    partitions: moves.map((_, partition) => ({ partition, term })),
  });
  return { clock, ownership, lacking, releases, demand };
}

/** Runs a release while time passes. */
async function finish<T>(clock: FakeClock, released: Promise<T>): Promise<T> {
  let isDone = false;
  const done = released.finally(() => {
    isDone = true;
  });
  for (let i = 0; i < 400 && !isDone; i++) await clock.advanceAsync(5, 1);
  return done;
}

describe("Releases", () => {
  it("lets go of a partition that the topology shows to be moving", async () => {
    const { clock, releases, demand, ownership } = createReleases();
    ownership.admit(0).nextVersion();
    const outcomes = await finish(clock, releases.release(demand()));
    expect(outcomes).toEqual([
      { partition: 0, term: 1, status: "RELEASED", sequence: 1 },
      { partition: 1, term: 1, status: "RELEASED", sequence: 0 },
    ]);
    expect(() => ownership.admit(0)).toThrow(PartitionMovingError);
  });

  it.each([
    ["an epoch that is not the present one", createReleases().demand(4)],
    ["another incarnation", createReleases().demand(5, OTHER)],
    ["another term", createReleases().demand(5, ME, 2)],
  ])("refuses a demand that names %s", async (_what, wrong) => {
    const { clock, releases, ownership } = createReleases();
    const outcomes = await finish(clock, releases.release(wrong));
    expect(outcomes.map(({ status }) => status)).toEqual(["REFUSED", "REFUSED"]);
    expect(ownership.admit(0)).toBeDefined();
  });

  it("refuses to let go of what is not to move", async () => {
    const { clock, releases, demand, ownership } = createReleases([false, true]);
    const outcomes = await finish(clock, releases.release(demand()));
    expect(outcomes.map(({ status }) => status)).toEqual(["REFUSED", "RELEASED"]);
    expect(ownership.admit(0)).toBeDefined();
  });

  it("refuses to let go to whom the topology does not show in sync", async () => {
    const { clock, releases, demand, ownership } = createReleases();
    const { partitions, ...shown } = topology(6, [true, true]);
    const [first, ...others] = partitions.map((each) => ({ ...each, inSync: [] }));
    ownership.apply({
      ...shown,
      partitions: [{ ...first, inSync: [OTHER] } as Partition, ...others],
    });
    const outcomes = await finish(clock, releases.release(demand(6)));
    expect(outcomes.map(({ status }) => status)).toEqual(["RELEASED", "REFUSED"]);
  });

  it("answers BUSY at once, holding nothing up, when the target has not got everything", async () => {
    const { clock, releases, demand, lacking, ownership } = createReleases();
    lacking.add(0);
    const released = releases.release(demand());
    await clock.advanceAsync(1);
    expect(ownership.admit(0)).toBeDefined();
    const outcomes = await finish(clock, released);
    expect(outcomes.map(({ status }) => status)).toEqual(["BUSY", "RELEASED"]);
  });

  it("answers BUSY and goes on serving when the target does not get the last of it in time", async () => {
    const { clock, releases, demand, lacking, ownership } = createReleases([true]);
    const tenure = ownership.admit(0);
    tenure.writesInFlight = 1;
    const released = releases.release(demand());
    await clock.advanceAsync(100);
    expect(() => ownership.admit(0)).toThrow(PartitionMovingError);
    lacking.add(0);
    tenure.writesInFlight = 0;
    expect(await finish(clock, released)).toMatchObject([{ status: "BUSY" }]);
    expect(ownership.admit(0)).toBeDefined();
  });

  it("waits for writes that were admitted before it let go", async () => {
    const { clock, releases, demand, ownership } = createReleases([true]);
    const tenure = ownership.admit(0);
    tenure.writesInFlight = 1;
    const released = releases.release(demand());
    await clock.advanceAsync(100);
    expect(tenure.state.at).toBe("releasing");
    tenure.writesInFlight = 0;
    expect(await finish(clock, released)).toMatchObject([{ status: "RELEASED" }]);
  });

  it("says again what it said before", async () => {
    const { clock, releases, demand } = createReleases();
    await finish(clock, releases.release(demand()));
    const again = await finish(clock, releases.release(demand()));
    expect(again.map(({ status }) => status)).toEqual(["RELEASED", "RELEASED"]);
  });

  it("does not let go when the topology moves on meanwhile", async () => {
    const { clock, releases, demand, ownership } = createReleases();
    const tenure = ownership.admit(0);
    tenure.writesInFlight = 1;
    const released = releases.release(demand());
    await clock.advanceAsync(100);
    ownership.apply(topology(6, [true, true]));
    tenure.writesInFlight = 0;
    const outcomes = await finish(clock, released);
    expect(outcomes.map(({ status }) => status)).toEqual(["BUSY", "BUSY"]);
    expect(ownership.admit(0)).toBeDefined();
  });

  it("serves again after a later epoch that keeps it, whatever it had promised for an earlier one", async () => {
    const { clock, releases, demand, ownership } = createReleases();
    await finish(clock, releases.release(demand()));
    ownership.apply(topology(6, [false, false]));
    expect(ownership.admit(0)).toBeDefined();
  });
});
