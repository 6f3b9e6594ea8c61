/**
 * When is a member dead that is no longer registered?
 *
 * Dead is whoever is to be replaced. Whoever replaces it makes sure that it serves nothing any more
 * (partition-changes.ts, and the promises of backups in the nodes).
 *
 * A registration ends with its lease. So a member that was seen registered and then vanished is dead. That holds only while the registry
 * itself is beyond doubt: a leader that finds a member absent when it is elected, or when the
 * registry comes back after having been unreachable, cannot know whether the registry lost the
 * registration before the lease ended. It waits for a full TTL from then on, which outlasts every
 * lease that the registry could have granted before.
 *
 * Another incarnation under the same node id needs no waiting: it could register only after its
 * predecessor was gone. Nor does an exit that somebody has witnessed.
 */
import type { Incarnation, Topology } from "@holdfast/core";

export interface Judgement {
  /** Members of the topology, not yet published as dead, that are. */
  readonly dead: ReadonlySet<Incarnation>;
  /** Members that are not registered and not known to be dead. */
  readonly absent: ReadonlySet<Incarnation>;
  /** Monotonic instant at which absent members become dead ones; undefined: there are none. */
  readonly lookAgainAtMs: number | undefined;
}

export class AbsenceJudge {
  readonly #sinceMs: number;
  readonly #memberTtlMs: number;
  /** Everyone who was registered at some time since `sinceMs`. */
  readonly #seen = new Set<Incarnation>();

  /** `sinceMs`: the later of the leader's election and the registry's return, monotonic. */
  constructor(sinceMs: number, memberTtlMs: number) {
    this.#sinceMs = sinceMs;
    this.#memberTtlMs = memberTtlMs;
  }

  /**
   * `registered` is from node id to incarnation; `exited` are those whose exit was witnessed.
   * To be called with every state of the registry, so that nobody vanishes unseen.
   */
  judge(
    topology: Topology,
    registered: ReadonlyMap<string, Incarnation>,
    exited: ReadonlySet<Incarnation>,
    nowMs: number,
  ): Judgement {
    for (const incarnation of registered.values()) this.#seen.add(incarnation);
    const patienceEndsAtMs = this.#sinceMs + this.#memberTtlMs;
    const dead = new Set<Incarnation>();
    const absent = new Set<Incarnation>();
    for (const { nodeId, incarnation, state } of topology.members) {
      const present = registered.get(nodeId);
      if (state === "dead" || present === incarnation) continue;
      const isProven =
        present !== undefined || this.#seen.has(incarnation) || exited.has(incarnation);
      if (isProven || nowMs >= patienceEndsAtMs) dead.add(incarnation);
      else absent.add(incarnation);
    }
    return { dead, absent, lookAgainAtMs: absent.size === 0 ? undefined : patienceEndsAtMs };
  }
}
