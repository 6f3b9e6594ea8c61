/**
 * The floor of epochs and terms: every number up to it may have been used. It is raised ahead of
 * use, so that a registry restored to an earlier time, or wiped, cannot make them go back.
 */
import type { Database } from "./database.js";

export interface Floor {
  readonly epoch: number;
  readonly term: number;
}

/** @throws {DatabaseError} */
export async function readFloor(database: Database): Promise<Floor> {
  const { rows } = await database.query<Floor>({
    name: "holdfast-read-floor",
    text: "SELECT epoch, term FROM holdfast_floor",
    values: [],
  });
  return rows[0] ?? { epoch: 0, term: 0 };
}

/** Raises each number that is lower than asked for, and returns the floor. @throws {DatabaseError} */
export async function reserveFloor(database: Database, wanted: Floor): Promise<Floor> {
  const { rows } = await database.query<Floor>({
    name: "holdfast-reserve-floor",
    text: `
      INSERT INTO holdfast_floor AS f (epoch, term) VALUES ($1, $2)
      ON CONFLICT ((true)) DO UPDATE SET
        epoch = greatest(f.epoch, excluded.epoch), term = greatest(f.term, excluded.term)
      RETURNING epoch, term`,
    values: [wanted.epoch, wanted.term],
  });
  const floor = rows[0];
  if (floor === undefined) throw new Error("reserving the floor returned no row");
  return floor;
}
