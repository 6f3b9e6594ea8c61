/** When a schedule is over, and what must be true then. */
import type { Topology } from "@holdfast/core";
import type { SimulatedNode } from "./simulated-node.js";
import type { Row, SimulatedDatabase, SimulatedRegistry } from "./surroundings.js";

export interface Ending {
  readonly nodes: readonly SimulatedNode[];
  readonly registry: SimulatedRegistry;
  readonly database: SimulatedDatabase;
  readonly backups: number;
  /** Nodes that were killed and have yet to start again. */
  readonly restarts: number;
  /** Operations that a node has not answered. */
  readonly asked: ReadonlyMap<SimulatedNode, number>;
  /** The highest version of each key that somebody knows of. */
  readonly known: () => ReadonlyMap<string, number>;
}

/**
 * What is still to happen when all faults are healed; `undefined`: nothing but heartbeats, and reads of
 * what is known.
 */
export function unrestOf(ending: Ending): string | undefined {
  const { nodes, registry, database, restarts, asked } = ending;
  if (database.underWay > 0) return "a statement is under way";
  if (restarts > 0) return "a node has yet to start";
  for (const node of nodes) {
    const { nodeId, incarnation, dirtyEntries } = node;
    if ((asked.get(node) ?? 0) > 0) return `${nodeId} has not answered`;
    if (dirtyEntries > 0) return `${nodeId} has something that the database has not`;
    if (registry.members.get(nodeId)?.incarnation !== incarnation) {
      return `${nodeId} is not registered`;
    }
  }
  return registry.topology === undefined
    ? "there is no topology"
    : unsettledIn(registry.topology, ending);
}

function unsettledIn({ partitions }: Topology, { nodes, backups }: Ending): string | undefined {
  for (const [partition, { owner, moveTo, inSync }] of partitions.entries()) {
    const owning = nodes.find(({ incarnation }) => incarnation === owner);
    if (owning?.serves(partition) !== true) return `partition ${partition} is not served`;
    if (moveTo !== undefined) return `partition ${partition} is to move`;
    if (inSync.length < Math.min(backups, nodes.length - 1)) {
      return `partition ${partition} lacks a backup`;
    }
  }
  return undefined;
}

/** What cannot be explained in the end. */
export function violationsIn(ending: Ending): string[] {
  const { nodes, registry, database, known } = ending;
  const violations: string[] = [];
  for (const [key, version] of known()) {
    const row = database.rows.get(key);
    if ((row?.version ?? 0) >= version) continue;
    violations.push(`${key}: version ${version} was known, the database has ${row?.version}`);
  }
  const partitions = [...(registry.topology?.partitions ?? []).entries()];
  for (const [partition, { owner }] of partitions) {
    for (const node of nodes) {
      if (node.isRunning && node.serves(partition)) {
        violations.push(...staleIn(node.cleanEntries(partition), database));
      }
    }
    const owning = nodes.find(({ incarnation }) => incarnation === owner);
    if (owning?.serves(partition) === true) continue;
    violations.push(`partition ${partition} is not served in the end`);
  }
  const unrest = unrestOf(ending);
  if (unrest !== undefined) violations.push(`in the end ${unrest}`);
  return violations;
}

function staleIn(clean: ReadonlyMap<string, Row>, { rows }: SimulatedDatabase): string[] {
  return [...clean].flatMap(([key, { version }]) => {
    const row = rows.get(key);
    if (row?.version === version) return [];
    return [`${key}: cached as ${version}, the database has ${row?.version}`];
  });
}
