import { FakeClock, settle } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { Drain } from "./drain.js";
import type { NodeInputs, NodeParts } from "./node-parts.js";

const ME = "me";
const DRAIN_TIMEOUT_MS = 60_000;

interface Situation {
  /** States of the partitions that it owns. */
  readonly owned?: readonly ("serving" | "waiting")[];
  readonly movesHere?: boolean;
  readonly hasOthers?: boolean;
  readonly hasLeader?: boolean;
}

/** Only what a hand-over looks at. */
function createDrain(first: Situation) {
  const clock = new FakeClock();
  let situation = first;
  const parts = {
    ownership: {
      incarnation: ME,
      tenures: () => (situation.owned ?? []).map((at) => ({ state: { at } })).values(),
    },
    topology: {
      get topology() {
        const moveTo = situation.movesHere ? ME : undefined;
        const other = { state: "active", incarnation: "other" };
        return {
          members: situation.hasOthers ? [other] : [],
          partitions: [{ owner: "other", backups: [], inSync: [], moveTo }],
        };
      },
      get coordinatorAddress() {
        return situation.hasLeader === false ? "" : "leader:1";
      },
    },
    right: { isRegistered: true },
    membership: { amend: () => {} },
    presence: { refresh: () => {} },
  } as unknown as NodeParts;
  const inputs = {
    clock,
    options: { drainTimeoutMs: DRAIN_TIMEOUT_MS },
  } as unknown as NodeInputs;
  const drain = new Drain(inputs, parts);
  let endedAtMs: number | undefined;
  void drain.handOver().then(() => {
    endedAtMs = clock.monotonic();
  });
  return {
    become(next: Situation) {
      situation = next;
    },
    /** When it had handed over; `undefined`: not yet. */
    async at(ms: number) {
      while (clock.monotonic() < ms) {
        clock.advance(25);
        await settle();
      }
      return endedAtMs;
    },
  };
}

describe("handing over", () => {
  it("ends at once where there is nothing to hand over, and nobody to hand it to", async () => {
    expect(await createDrain({ hasOthers: true }).at(50)).toBeLessThan(50);
    expect(await createDrain({ owned: ["serving"] }).at(50)).toBeLessThan(50);
  });

  it("waits until others have everything, at most for the time there is", async () => {
    const drain = createDrain({ owned: ["serving"], hasOthers: true });
    expect(await drain.at(30_000)).toBeUndefined();
    drain.become({ hasOthers: true });
    expect(await drain.at(30_100)).toBeDefined();
    const hopeless = createDrain({ owned: ["serving"], hasOthers: true });
    expect(await hopeless.at(DRAIN_TIMEOUT_MS - 100)).toBeUndefined();
    expect(await hopeless.at(DRAIN_TIMEOUT_MS + 100)).toBeDefined();
  });

  it("waits no more than five seconds where there is no leader", async () => {
    const drain = createDrain({ owned: ["serving"], hasOthers: true, hasLeader: false });
    expect(await drain.at(4_900)).toBeUndefined();
    expect(await drain.at(5_100)).toBeDefined();
  });

  it("waits for what is being handed over to it", async () => {
    const drain = createDrain({ movesHere: true });
    expect(await drain.at(10_000)).toBeUndefined();
    drain.become({ owned: ["waiting"] });
    expect(await drain.at(12_000)).toBeUndefined();
    drain.become({ owned: ["serving"] });
    expect(await drain.at(12_100)).toBeDefined();
  });

  it("waits no more than five seconds for what a former owner may still serve", async () => {
    const drain = createDrain({ owned: ["waiting"] });
    expect(await drain.at(4_900)).toBeUndefined();
    expect(await drain.at(5_100)).toBeDefined();
  });
});
