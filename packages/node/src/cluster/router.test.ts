import { CacheError, encodeKey, type Member, NotOwnerError, type Topology } from "@holdfast/core";
import { FakeClock } from "@holdfast/core/testing";
import { type Operation__Output, type Replies__Output, toErrorReply } from "@holdfast/proto";
import { describe, expect, it } from "vitest";
import { Router } from "./router.js";

const OTHERS = ["b", "c"];

function operation(key: string, kind: Operation__Output["kind"] = "GET"): Operation__Output {
  return {
    id: 0,
    kind,
    cache: "test",
    key: Buffer.from(encodeKey(key)),
    value: Buffer.alloc(0),
    encoding: 0,
    ack: "ACK_DEFAULT",
    forwarded: false,
  };
}

/**
 * A router on node "a" of three. A key's first letter names its owner; `owners` may say otherwise.
 */
function createRouter(owners: Map<string, string> = new Map()) {
  const clock = new FakeClock();
  const forwarded: string[] = [];
  const waits: number[] = [];
  const behaviour = { answer: undefined as Error | undefined, onWait: () => {} };
  const ownerOf = (key: string) => owners.get(key) ?? (key[0] as string);
  const reply = (node: string, { id, key, kind }: Operation__Output) => {
    const owner = ownerOf(key.toString());
    if (owner === node || kind === "CLEAR")
      return { id, code: "OK" as const, value: Buffer.from(`from ${node}`) };
    const hint = { nodeId: owner, incarnation: owner, address: `${owner}:data`, term: 1 };
    return toErrorReply(Number(id), new NotOwnerError({ epoch: 1, owner: hint }));
  };
  const peers = {
    forward: async (address: string, batch: { operations?: Operation__Output[] }) => {
      forwarded.push(`${address} x${batch.operations?.length}`);
      if (behaviour.answer) throw behaviour.answer;
      const node = address.split(":")[0] as string;
      return { replies: batch.operations?.map((one) => reply(node, one)) } as Replies__Output;
    },
  };
  const topology = {
    topology: {
      epoch: 1,
      writeToken: "",
      partitions: [],
      members: OTHERS.map(
        (id) =>
          ({ incarnation: id, addresses: { data: "", peer: `${id}:peer`, http: "" } }) as Member,
      ),
    } satisfies Topology,
    waitFor: async (epoch: number) => {
      waits.push(epoch);
      clock.advance(100);
      behaviour.onWait();
      return true;
    },
  };
  const local = { execute: (one: Operation__Output) => reply("a", one) };
  const router = new Router(local, peers, topology, clock);
  return { router, clock, forwarded, waits, behaviour };
}

const context = { epoch: 0, deadlineMs: 1_000 };

describe("Router", () => {
  it("clears every node again while one of them says that partitions have moved", async () => {
    const { router, forwarded, waits, behaviour } = createRouter();
    behaviour.answer = new CacheError("UNAVAILABLE", "partitions have moved");
    behaviour.onWait = () => {
      behaviour.answer = undefined;
    };
    await router.clear(operation("b", "CLEAR"), context);
    expect(waits).toEqual([2]);
    expect(forwarded).toHaveLength(4);
  });

  it("says when a cache could not be cleared in time", async () => {
    const { router, behaviour } = createRouter();
    behaviour.answer = new CacheError("UNAVAILABLE", "no connection");
    await expect(router.clear(operation("b", "CLEAR"), context)).rejects.toThrow("no connection");
  });

  it("carries out what is owned here and asks each other owner once", async () => {
    const { router, forwarded } = createRouter();
    const keys = ["a1", "b1", "c1", "b2", "a2"];
    const replies = await router.executeAll(
      keys.map((key) => operation(key)),
      context,
    );
    expect(replies.map(({ value }) => value?.toString())).toEqual([
      "from a",
      "from b",
      "from c",
      "from b",
      "from a",
    ]);
    expect(forwarded.toSorted()).toEqual(["b:peer x2", "c:peer x1"]);
  });

  it("asks the new owner when a topology has replaced one that cannot be reached", async () => {
    const owners = new Map([["k", "b"]]);
    const { router, behaviour, waits } = createRouter(owners);
    behaviour.answer = Object.assign(new Error("unreachable"), { code: "UNAVAILABLE" });
    behaviour.onWait = () => {
      behaviour.answer = undefined;
      owners.set("k", "c");
    };
    const [reply] = await router.executeAll([operation("k")], context);
    expect(reply?.value?.toString()).toBe("from c");
    expect(waits).toEqual([2]);
  });

  it("becomes the owner itself when the topology says so", async () => {
    const owners = new Map([["k", "b"]]);
    const { router, behaviour } = createRouter(owners);
    behaviour.answer = new Error("unreachable");
    behaviour.onWait = () => owners.set("k", "a");
    const [reply] = await router.executeAll([operation("k")], context);
    expect(reply?.value?.toString()).toBe("from a");
  });

  it("says UNAVAILABLE when no owner could be reached before the deadline", async () => {
    const { router, behaviour } = createRouter();
    behaviour.answer = new Error("unreachable");
    const [reply] = await router.executeAll([operation("b1", "SET")], context);
    expect(reply).toMatchObject({ code: "UNAVAILABLE", outcome: "NOT_APPLIED" });
  });

  it("sends a read again whose owner did not answer, and never a write", async () => {
    const { router, behaviour, forwarded } = createRouter();
    behaviour.answer = new CacheError("OUTCOME_UNKNOWN", "connection lost");
    behaviour.onWait = () => {
      behaviour.answer = undefined;
    };
    const [write, read] = await router.executeAll(
      [operation("b1", "SET"), operation("b2", "GET")],
      context,
    );
    expect(write).toMatchObject({ code: "OUTCOME_UNKNOWN", outcome: "UNKNOWN" });
    expect(read).toMatchObject({ code: "OK" });
    expect(forwarded).toEqual(["b:peer x2", "b:peer x1"]);
  });
});
