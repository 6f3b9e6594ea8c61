/**
 * The flush of rows that live in a table of the application. Statements, in this order:
 *   1. the writer's check, as in every flush;
 *   2. the versions: who has a higher version than the database wins;
 *   3. the winners' deletes and upserts in the table.
 *
 * They are separate on purpose. Each takes its snapshot when it begins, after it has waited for
 * the row locks of step 2; in a single statement, a late insert that was waiting would be blind to
 * the newer delete that it waited for, and survive it.
 *
 * Names of tables and columns pass `%I`; values are always parameters. The columns of a row are
 * those configured, or those of its document that the table has; keys come from the key alone.
 * Generated columns are never written.
 */
export const FLUSH_TABLE_SQL = `
-- One upsert of documents that all set the same columns.
CREATE FUNCTION holdfast_upsert_documents(
  p_table regclass,
  p_key_columns text[],
  p_columns text[],
  p_documents jsonb
) RETURNS void
LANGUAGE plpgsql AS $body$
DECLARE
  names text;
  types text;
  keys text;
  changes text;
BEGIN
  SELECT string_agg(format('%I', a.attname), ', '),
    string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', '),
    string_agg(format('%1$I = excluded.%1$I', a.attname), ', ')
      FILTER (WHERE a.attname <> ALL (p_key_columns))
  INTO names, types, changes
  FROM pg_attribute AS a
  WHERE a.attrelid = p_table AND a.attname = ANY (p_columns || p_key_columns);
  SELECT string_agg(format('%I', k), ', ') INTO keys FROM unnest(p_key_columns) AS k;

  -- The key may be an identity column that the database usually fills.
  EXECUTE format(
    'INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE '
    'SELECT %s FROM jsonb_to_recordset($1) AS r (%s) ON CONFLICT (%s) DO %s',
    p_table, names, names, types, keys,
    CASE WHEN changes IS NULL THEN 'NOTHING' ELSE 'UPDATE SET ' || changes END
  ) USING p_documents;
END
$body$;

-- p_key_parts holds each key as {column: text}; p_documents is null where a row is deleted.
-- p_columns null: whatever columns a document has.
CREATE FUNCTION holdfast_flush_table(
  p_incarnation uuid,
  p_source text,
  p_schema text,
  p_table text,
  p_key_columns text[],
  p_columns text[],
  p_keys bytea[],
  p_key_parts jsonb[],
  p_versions bigint[],
  p_documents jsonb[]
) RETURNS TABLE (ordinal integer, version bigint, fence text)
LANGUAGE plpgsql AS $body$
DECLARE
  state text := holdfast_check_writer(p_incarnation);
  target regclass := format('%I.%I', p_schema, p_table)::regclass;
  winners bytea[];
  deleted_keys jsonb;
  key_types text;
  key_matches text;
  writable text[];
  batch record;
BEGIN
  RETURN QUERY SELECT 0, NULL::bigint, state;
  IF state <> 'live' THEN
    RETURN;
  END IF;

  WITH won AS (
    INSERT INTO holdfast_versions AS v (source, key, version, deleted, updated_at)
    SELECT p_source, r.key, r.version, r.document IS NULL, now()
    FROM unnest(p_keys, p_versions, p_documents) AS r (key, version, document)
    ORDER BY r.key
    ON CONFLICT ON CONSTRAINT holdfast_versions_pkey DO UPDATE SET
      version = excluded.version, deleted = excluded.deleted, updated_at = excluded.updated_at
    WHERE v.version < excluded.version
    RETURNING v.key
  )
  SELECT coalesce(array_agg(won.key), '{}') INTO winners FROM won;

  SELECT jsonb_agg(r.parts ORDER BY r.key) INTO deleted_keys
  FROM unnest(p_keys, p_key_parts, p_documents) AS r (key, parts, document)
  WHERE r.document IS NULL AND r.key = ANY (winners);
  IF deleted_keys IS NOT NULL THEN
    SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', '),
      string_agg(format('t.%1$I = r.%1$I', a.attname), ' AND ')
    INTO key_types, key_matches
    FROM pg_attribute AS a WHERE a.attrelid = target AND a.attname = ANY (p_key_columns);
    EXECUTE format('DELETE FROM %s AS t USING jsonb_to_recordset($1) AS r (%s) WHERE %s',
      target, key_types, key_matches) USING deleted_keys;
  END IF;

  SELECT array_agg(a.attname) INTO writable
  FROM pg_attribute AS a
  WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attgenerated = '' AND (a.attidentity <> 'a' OR a.attname = ANY (p_key_columns))
    AND (p_columns IS NULL OR a.attname = ANY (p_columns));
  FOR batch IN
    SELECT w.columns, jsonb_agg(w.document ORDER BY w.key) AS documents
    FROM (
      SELECT r.key, r.document || r.parts AS document,
        CASE WHEN p_columns IS NOT NULL THEN writable ELSE ARRAY(
          SELECT c FROM jsonb_object_keys(r.document) AS c
          WHERE c = ANY (writable) AND c <> ALL (p_key_columns) ORDER BY c
        ) END AS columns
      FROM unnest(p_keys, p_key_parts, p_documents) AS r (key, parts, document)
      WHERE r.document IS NOT NULL AND r.key = ANY (winners)
    ) AS w
    GROUP BY w.columns
  LOOP
    PERFORM holdfast_upsert_documents(target, p_key_columns, batch.columns, batch.documents);
  END LOOP;

  IF cardinality(winners) = cardinality(p_keys) THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT r.ordinal::integer, v.version, state
  FROM unnest(p_keys) WITH ORDINALITY AS r (key, ordinal)
  JOIN holdfast_versions AS v ON v.source = p_source AND v.key = r.key
  WHERE r.key <> ALL (winners);
END
$body$;
`;
