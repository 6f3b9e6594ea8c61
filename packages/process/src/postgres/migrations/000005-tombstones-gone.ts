/**
 * What is needed to remove tombstones: how far that has gone, because from then on a missing row no
 * longer means that its key was never deleted; and whether a key has dead letters, whatever the cache.
 */
export const TOMBSTONES_GONE_SQL = `
-- Tombstones that are not younger than this may be gone. Null: none is.
ALTER TABLE holdfast_floor ADD COLUMN tombstones_gone_until timestamptz;

CREATE INDEX holdfast_dead_letters_by_key ON holdfast_dead_letters (key);
`;
