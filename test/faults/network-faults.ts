/** What befalls the connections of a cluster in the fault suite. Each fault heals by itself. */
import { passed } from "../support/eventually.js";
import type { FaultyCluster } from "../support/faulty-cluster.js";
import { ANYBODY, type Heal } from "../support/network.js";
import type { Faults } from "./nemesis.js";

type Pick = <Item>(items: readonly Item[]) => Item;

/** Longer than a lease of 2 s, and than the silence after which a backup is given up. */
const LONG_MS = 5_000;
const SHORT_MS = 1_000;

export function networkFaults({ cluster, network }: FaultyCluster, pick: Pick): Faults {
  const node = () => pick(cluster.local.nodes).nodeId;
  const pair = (): [string, string] => {
    const one = node();
    const others = cluster.local.nodes.filter(({ nodeId }) => nodeId !== one);
    return [one, pick(others).nodeId];
  };
  const during = async (ms: number, heal: Heal) => {
    try {
      await passed(ms);
    } finally {
      heal();
    }
  };
  return {
    "part two nodes": () => during(LONG_MS, network.part(...pair())),
    "part two nodes for a moment": () => during(SHORT_MS, network.part(...pair())),
    "lose what a node sends to another": () => during(LONG_MS, network.drop(...pair())),
    "part a node from etcd": () => during(LONG_MS, network.part(node(), "etcd")),
    "lose what etcd answers a node": () => during(LONG_MS, network.drop("etcd", node())),
    "lose what a node asks etcd": () => during(LONG_MS, network.drop(node(), "etcd")),
    "part a node from the database": () => during(LONG_MS, network.part(node(), "database")),
    "lose what the database answers a node": () =>
      during(LONG_MS, network.drop("database", node())),
    "part a node from every process": () => during(LONG_MS, network.part(node(), ANYBODY)),
    "part the coordinators from etcd": () => {
      const heals = cluster.local.coordinators.map(({ name }) => network.part(name, "etcd"));
      return during(LONG_MS, () => {
        for (const heal of heals) heal();
      });
    },
    "slow everything between a node and the others": () =>
      during(LONG_MS, network.slow(node(), ANYBODY, 150)),
    "cut the connections between two nodes in the middle of messages": async () => {
      const [one, other] = pair();
      for (let round = 1; round <= 5; round++) {
        network.cut(one, other, round * 777);
        await passed(200);
      }
    },
  };
}
