-- The audit trail.

-- write_entry: note what is done, and that no seal covers it yet
WITH written AS (
    INSERT INTO audit (id, at, actor, action, object, origin, before, after, reason)
    VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8::text::jsonb, $9) RETURNING id)
INSERT INTO audit_to_seal (id) SELECT id FROM written;

-- list_entries: entries between two ids, the newest first; those of commands alone, or all
SELECT id, at, actor, action, object, origin, before, after, reason FROM audit
 WHERE id >= $1 AND id < $2 AND ($3::text IS NULL OR actor = $3) AND ($4::text IS NULL OR action = $4)
   AND ($5::text IS NULL OR object LIKE $5) AND (NOT $7 OR actor LIKE 'cli%')
 ORDER BY id DESC LIMIT $6;

-- read_entry: one entry
SELECT id, at, actor, action, object, origin, before, after, reason FROM audit WHERE id = $1;

-- known_actions: every action, found by a step of the index each
WITH RECURSIVE known AS (
    (SELECT action FROM audit ORDER BY action LIMIT 1)
    UNION ALL
    SELECT (SELECT a.action FROM audit a WHERE a.action > known.action ORDER BY a.action LIMIT 1)
      FROM known WHERE known.action IS NOT NULL)
SELECT action FROM known WHERE action IS NOT NULL;
