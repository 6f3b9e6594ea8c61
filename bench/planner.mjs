/**
 * How long the planner takes for the largest cluster: 1,000 nodes and 16,384 partitions, first from
 * nothing, then after one node has left, then the same with two backups in three zones.
 * Run by hand, after a build: node bench/planner.mjs
 */
import { planAssignment } from "../packages/coordinator/dist/planning/planner.js";
import { RingBuilder } from "../packages/coordinator/dist/planning/ring.js";

const NODES = 1_000;
const PARTITIONS = 16_384;

const members = Array.from({ length: NODES }, (_, index) => ({
  incarnation: `incarnation-${index}`,
  nodeId: `node-${index}`,
  weight: 1,
  zone: `zone-${index % 3}`,
  state: "active",
}));
const nothing = Array.from({ length: PARTITIONS }, () => ({ owner: undefined, backups: [] }));

function timed(name, work) {
  const startMs = performance.now();
  const result = work();
  process.stdout.write(`${name}: ${Math.round(performance.now() - startMs)} ms\n`);
  return result;
}

const rings = new RingBuilder(128);
timed("tokens of 1,000 nodes, once", () => rings.build(members));
const plan = timed("plan from nothing", () =>
  planAssignment({ previous: nothing, members, backups: 0 }, rings),
);
timed("plan after a node left", () =>
  planAssignment({ previous: plan, members: members.slice(1), backups: 0 }, rings),
);
timed("plan after a node joined", () => {
  const joined = { ...members[0], incarnation: "incarnation-new", nodeId: "node-new" };
  return planAssignment({ previous: plan, members: [...members, joined], backups: 0 }, rings);
});
const withBackups = timed("plan from nothing, two backups in three zones", () =>
  planAssignment({ previous: nothing, members, backups: 2 }, rings),
);
timed("plan after a node left, two backups in three zones", () =>
  planAssignment({ previous: withBackups, members: members.slice(1), backups: 2 }, rings),
);
const lopsided = members.map((member, index) => ({ ...member, zone: index === 0 ? "b" : "a" }));
timed("plan from nothing, two backups, one node alone in its zone", () =>
  planAssignment({ previous: nothing, members: lopsided, backups: 2 }, rings),
);
