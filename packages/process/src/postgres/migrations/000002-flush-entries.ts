/**
 * The flush of entries, and the check of the writer that every flush begins with.
 *
 * Both are functions because a flush must take several steps in one statement that commits by
 * itself: a client that stalls between statements of a transaction would hold its locks for ever.
 * Within a function each step sees what was committed before it began.
 *
 * A flush answers with one row `(0, null, fence)`, and one more for each row that it did not
 * write, because the database had the same or a higher version: that version. So the usual answer
 * is a single row.
 */
export const FLUSH_ENTRIES_SQL = `
-- 'live', 'fenced' or 'missing'. Holds the row's share lock until the transaction ends.
CREATE FUNCTION holdfast_check_writer(p_incarnation uuid) RETURNS text
LANGUAGE plpgsql AS $body$
DECLARE
  is_fenced boolean;
BEGIN
  SELECT i.fenced INTO is_fenced FROM holdfast_incarnations AS i
  WHERE i.incarnation = p_incarnation FOR SHARE;
  IF NOT FOUND THEN
    RETURN 'missing';
  END IF;
  RETURN CASE WHEN is_fenced THEN 'fenced' ELSE 'live' END;
END
$body$;

CREATE FUNCTION holdfast_flush_entries(
  p_incarnation uuid,
  p_caches text[],
  p_keys bytea[],
  p_versions bigint[],
  p_values bytea[],
  p_encodings integer[],
  p_expires_at_ms bigint[],
  p_deleted boolean[]
) RETURNS TABLE (ordinal integer, version bigint, fence text)
LANGUAGE plpgsql AS $body$
DECLARE
  state text := holdfast_check_writer(p_incarnation);
  written bigint;
BEGIN
  RETURN QUERY SELECT 0, NULL::bigint, state;
  IF state <> 'live' THEN
    RETURN;
  END IF;

  -- Sorted, so that two flushes lock their common rows in the same order.
  INSERT INTO holdfast_entries AS e
    (cache, key, value, encoding, version, expires_at, deleted, updated_at)
  SELECT r.cache, r.key, CASE WHEN r.deleted THEN NULL ELSE r.value END, r.encoding, r.version,
    to_timestamp(r.expires_at_ms / 1000.0), r.deleted, now()
  FROM unnest(p_caches, p_keys, p_values, p_encodings, p_versions, p_expires_at_ms, p_deleted)
    AS r (cache, key, value, encoding, version, expires_at_ms, deleted)
  ORDER BY r.cache, r.key
  ON CONFLICT ON CONSTRAINT holdfast_entries_pkey DO UPDATE SET
    value = excluded.value,
    encoding = excluded.encoding,
    version = excluded.version,
    expires_at = excluded.expires_at,
    deleted = excluded.deleted,
    updated_at = excluded.updated_at
  WHERE e.version < excluded.version;
  GET DIAGNOSTICS written = ROW_COUNT;
  IF written = cardinality(p_keys) THEN
    RETURN;
  END IF;

  -- Rows written by this transaction carry its number.
  RETURN QUERY
  SELECT r.ordinal::integer, e.version, state
  FROM unnest(p_caches, p_keys) WITH ORDINALITY AS r (cache, key, ordinal)
  JOIN holdfast_entries AS e ON e.cache = r.cache AND e.key = r.key
  WHERE e.xmin <> pg_current_xact_id()::xid;
END
$body$;
`;
