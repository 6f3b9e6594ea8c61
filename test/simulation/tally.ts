/** How often what happened in a schedule, so that nobody takes a quiet one for a good one. */

export const HAPPENINGS = [
  /** A write that was acknowledged. */
  "acknowledged",
  "read",
  /** The node asked does not own the key, or may not serve it now. */
  "refused",
  /** A write of which nobody knows what came of it. */
  "unknown",
  /** A planned change of owner. */
  "move",
  /** Another owner because the one before was declared dead. */
  "failover",
  /** Nobody in sync was left. */
  "loss",
  "kill",
  "drain",
  /** A call to the coordinator, or one of its own, of which no answer came. */
  "lost answer",
  "broken stream",
  /** A node that found out that it had been replaced, and went on as somebody else. */
  "new incarnation",
  /** An incarnation that was fenced off the database. */
  "fence",
] as const;

export type Happening = (typeof HAPPENINGS)[number];

export class Tally {
  readonly counts: Record<string, number> = Object.fromEntries(HAPPENINGS.map((each) => [each, 0]));

  note(happening: Happening): void {
    this.counts[happening] = (this.counts[happening] ?? 0) + 1;
  }
}
