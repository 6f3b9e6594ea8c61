/** What a coordinator counts; plain numbers, which metrics.ts exports. */
export interface CoordinatorStats {
  /** Topologies published. */
  publishes: number;
  /** Publishes whose conditions did not hold. */
  refusedPublishes: number;
  /** Partitions that changed owner after a release. */
  plannedMoves: number;
  /** Partitions that got another owner because theirs had died. */
  failovers: number;
  /** Answers of owners that could not let go of a partition in time. */
  busyReleases: number;
  /** Partitions that were served before the journals of those who had them before were replayed. */
  unrecovered: number;
  /** Tombstones removed from the database. */
  tombstonesRemoved: number;
  /** Passes over the tombstones that failed half-way. */
  tombstonePassesFailed: number;
}

export function newStats(): CoordinatorStats {
  return {
    publishes: 0,
    refusedPublishes: 0,
    plannedMoves: 0,
    failovers: 0,
    busyReleases: 0,
    unrecovered: 0,
    tombstonesRemoved: 0,
    tombstonePassesFailed: 0,
  };
}
