/** What acknowledgement levels ask of a write, and how two of them add up. */
import type { WriteBehindAck } from "@holdfast/process";

export interface AckNeeds {
  /** It is in the journals of those who have it. */
  readonly journal: boolean;
  /** Every backup in sync has it. */
  readonly backup: boolean;
  /** The database has it. */
  readonly database: boolean;
}

const NEEDS: Readonly<Record<WriteBehindAck, AckNeeds>> = {
  memory: { journal: false, backup: false, database: false },
  journal: { journal: true, backup: false, database: false },
  backup: { journal: false, backup: true, database: false },
  "journal+backup": { journal: true, backup: true, database: false },
  // What is in the database needs to be nowhere else.
  database: { journal: false, backup: false, database: true },
};

/** What satisfies a cache's level and the one that a caller asks for, if that is more. */
export function needsOf(cache: WriteBehindAck, call: WriteBehindAck | undefined): AckNeeds {
  const own = NEEDS[cache];
  if (call === undefined || call === cache || call === "memory") return own;
  const asked = NEEDS[call];
  const database = own.database || asked.database;
  return {
    journal: !database && (own.journal || asked.journal),
    backup: !database && (own.backup || asked.backup),
    database,
  };
}
