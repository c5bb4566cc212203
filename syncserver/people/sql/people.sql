-- People: who registered, who is approved, who may log in.

-- write_person: add somebody
INSERT INTO person (user_id, login, name, role, state, password, lat, lon, currency, registered_at, decided_at, decided_by,
                    made_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- read_person: somebody
SELECT user_id, login, name, role, state, password, lat, lon, currency, vendor, registered_at, decided_at, reason
  FROM person WHERE user_id = $1;

-- lock_person: somebody, whose state and sessions nobody else changes until this transaction has ended
SELECT user_id, login, name, role, state, password, lat, lon, currency, vendor, registered_at, decided_at, reason
  FROM person WHERE user_id = $1 FOR NO KEY UPDATE;

-- who_may_log_in: whoever has a login, and whoever asked for it last
(SELECT user_id, login, name, role, state, password, lat, lon, currency, vendor, registered_at, decided_at, reason
   FROM person WHERE login = $1 AND state IN ('approved', 'blocked'))
UNION ALL
(SELECT user_id, login, name, role, state, password, lat, lon, currency, vendor, registered_at, decided_at, reason
   FROM person WHERE login = $1 AND state = 'waiting' ORDER BY user_id DESC LIMIT 1);

-- decide_person: somebody's new state, and who decided so
UPDATE person SET state = $2, vendor = coalesce($3, vendor), decided_at = $4, decided_by = $5, reason = $6
 WHERE user_id = $1;

-- write_password: somebody's new password, as its hash
UPDATE person SET password = $2 WHERE user_id = $1;

-- waiting_people: who waits, those who registered first before the others
SELECT p.user_id, p.login, p.name, p.role, p.state, p.password, p.lat, p.lon, p.currency, p.vendor, p.registered_at,
       p.decided_at, p.reason,
       EXISTS (SELECT FROM person h WHERE h.login = p.login AND h.state IN ('approved', 'blocked')) AS taken
  FROM person p WHERE p.state = 'waiting' AND p.user_id > $1 ORDER BY p.user_id LIMIT $2;

-- list_admins: all admins, the oldest first, with the login of whoever made them over the network
SELECT p.user_id, p.login, p.name, p.role, p.state, p.password, p.lat, p.lon, p.currency, p.vendor, p.registered_at,
       p.decided_at, p.reason, m.login AS made_by
  FROM person p LEFT JOIN person m ON m.user_id = p.made_by
 WHERE p.role IN ('admin', 'superadmin') ORDER BY p.user_id;

-- vouch_for: an admin is somebody of their own, by the operator's word
UPDATE person SET made_by = NULL WHERE user_id = $1;

-- admin_by_login: the admin who has a login
SELECT user_id FROM person WHERE login = $1 AND state IN ('approved', 'blocked') AND role IN ('admin', 'superadmin');
