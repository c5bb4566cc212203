-- What takes two admins (docs/api.md, "Two persons").

-- ask_first: be the first to ask
INSERT INTO second_person (action, object, first_by, first_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- who_asked: who asked first, and whether they may still decide anything
SELECT s.first_by, s.first_at, p.state IS NOT DISTINCT FROM 'approved' AS approved
  FROM second_person s LEFT JOIN person p ON p.user_id = s.first_by WHERE s.action = $1 AND s.object = $2;

-- may_decide: whether somebody is an admin who may still decide anything
SELECT state = 'approved' AND role IN ('admin', 'superadmin') FROM person WHERE user_id = $1;

-- origin_of: who stands at the beginning of an admin's line: one whom the operator made or vouched for
WITH RECURSIVE line AS (
    SELECT user_id, made_by, 1 AS depth FROM person WHERE user_id = $1
    UNION ALL
    SELECT p.user_id, p.made_by, line.depth + 1 FROM line JOIN person p ON p.user_id = line.made_by)
SELECT user_id FROM line ORDER BY depth DESC LIMIT 1;

-- forget_first: it was done, or is too old
DELETE FROM second_person WHERE action = $1 AND object = $2;

-- list_waiting_seconds: what other admins asked for that takes a second one, the oldest first
SELECT s.action, s.object, s.first_by, s.first_at, p.login FROM second_person s LEFT JOIN person p ON p.user_id = s.first_by
 WHERE s.first_at >= $1 ORDER BY s.first_at, s.action, s.object LIMIT $2;
