import { describe, expect, it } from "vitest";
import { Tenure } from "../ownership/tenure.js";
import { MemorySource } from "../testing/memory-source.js";
import type { NodeServices } from "./context.js";
import { DeposedError, Persister } from "./persister.js";

function createPersister() {
  const source = new MemorySource();
  const tenures = new Map([
    [1, new Tenure(1, 5, [])],
    [2, new Tenure(2, 5, [])],
  ]);
  const node = {
    incarnation: "i1",
    fence: undefined as Promise<void> | undefined,
    deposed: [] as string[],
  };
  const services: NodeServices = {
    incarnation: () => node.incarnation,
    tenureOf: (partition) => tenures.get(partition),
    mayFinish: () => true,
    fenced: () => node.fence,
    raiseTerm: () => {},
    deposed: (incarnation) => node.deposed.push(incarnation),
    restoreIncarnation: async () => {},
  };
  return { persister: new Persister(source, services), source, tenures, node };
}

function row(key: string, partition: number) {
  const value = Buffer.from("v");
  return { key, partition, version: 1, value, encoding: 0, expiresAtMs: undefined };
}

describe("Persister", () => {
  it("sends nothing under a new name for a partition that was lost while it waited for a fence", async () => {
    const { persister, source, tenures, node } = createPersister();
    let open = () => {};
    node.fence = new Promise((resolve) => {
      open = resolve;
    });
    const sent = persister.send([row("a", 1)]);
    node.incarnation = "i2";
    tenures.clear();
    open();
    expect(await sent).toEqual([{ at: "lost" }]);
    expect(source.flushes).toEqual([]);
  });

  it("does not hold up the rows of other partitions for one that was lost", async () => {
    const { persister, source, tenures } = createPersister();
    tenures.delete(1);
    expect(await persister.send([row("a", 1), row("b", 2)])).toEqual([
      { at: "lost" },
      { at: "done" },
    ]);
    expect(source.rows.has("b")).toBe(true);
  });

  it("says of which incarnation it heard that it was fenced", async () => {
    const { persister, source, node } = createPersister();
    source.fenced.add("i1");
    source.beforeFlush = () => {
      node.incarnation = "i2";
    };
    await expect(persister.send([row("a", 1)])).rejects.toBeInstanceOf(DeposedError);
    expect(node.deposed).toEqual(["i1"]);
  });
});
