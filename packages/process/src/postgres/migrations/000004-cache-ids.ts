/**
 * The ids of caches. Journals know caches by id, and outlive a registry that loses its data: a name
 * that is defined again must get the id that it had, and no other may ever have it.
 */
export const CACHE_IDS_SQL = `
CREATE TABLE holdfast_cache_ids (
  name text COLLATE "C" PRIMARY KEY,
  id bigint NOT NULL UNIQUE
);
`;
