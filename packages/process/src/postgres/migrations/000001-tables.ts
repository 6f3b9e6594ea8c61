/**
 * Every table of Holdfast's own. Never edited once released: what comes later is a new migration.
 *
 * Updates of live rows should stay on their page ("HOT"), where they touch no index: hence the fill
 * factor, and hence tombstones are indexed by key although they are collected by age. PostgreSQL
 * allows no HOT update that changes an indexed column, be the index ever so partial. Of 10,000
 * updates (20 batches of 500 over 1,000 rows; PostgreSQL 15 and 18) 6,613 stayed on their page, and
 * none with an index on `updated_at`.
 */
export const TABLES_SQL = `
-- What the cluster is. One row: one cluster per schema.
CREATE TABLE holdfast_meta (
  cluster_id text NOT NULL,
  schema_version integer NOT NULL,
  partitions integer NOT NULL,
  hash_algorithm text NOT NULL,
  hash_seed bigint NOT NULL
);
CREATE UNIQUE INDEX holdfast_meta_one_row ON holdfast_meta ((true));

-- Epochs and terms up to these numbers may have been used. One row.
CREATE TABLE holdfast_floor (
  epoch bigint NOT NULL,
  term bigint NOT NULL
);
CREATE UNIQUE INDEX holdfast_floor_one_row ON holdfast_floor ((true));
INSERT INTO holdfast_floor (epoch, term) VALUES (0, 0);

-- Who may write. Writers hold their row's share lock for as long as a statement runs, so that a
-- fence waits for what is in flight and stops what comes after.
CREATE TABLE holdfast_incarnations (
  incarnation uuid PRIMARY KEY,
  node_id text,
  fenced boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  fenced_at timestamptz
);

-- The entries of caches without a table of their own. A deleted entry stays for a while as a
-- tombstone, which keeps an older write from bringing it back.
CREATE TABLE holdfast_entries (
  cache text COLLATE "C" NOT NULL,
  key bytea NOT NULL,
  value bytea,
  encoding integer NOT NULL,
  version bigint NOT NULL,
  expires_at timestamptz,
  deleted boolean NOT NULL DEFAULT false,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (cache, key)
) WITH (fillfactor = 85);
CREATE INDEX holdfast_entries_tombstones ON holdfast_entries (cache, key) WHERE deleted;

-- The versions of rows that live in other tables. The mapped row may go, this one stays.
CREATE TABLE holdfast_versions (
  source text COLLATE "C" NOT NULL,
  key bytea NOT NULL,
  version bigint NOT NULL,
  deleted boolean NOT NULL DEFAULT false,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source, key)
) WITH (fillfactor = 85);
CREATE INDEX holdfast_versions_tombstones ON holdfast_versions (source, key) WHERE deleted;

-- Acknowledged writes that the database refuses.
CREATE TABLE holdfast_dead_letters (
  cache text COLLATE "C" NOT NULL,
  key bytea NOT NULL,
  version bigint NOT NULL,
  value bytea,
  encoding integer NOT NULL,
  expires_at timestamptz,
  deleted boolean NOT NULL,
  sqlstate text NOT NULL,
  message text NOT NULL,
  incarnation uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (cache, key, version)
);
`;
