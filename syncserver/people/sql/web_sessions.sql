-- Admins' sessions in a browser.

-- write_web_session: one begins
INSERT INTO web_session (hash, session, user_id, proven, since, last_at, expires_at, address, agent, proof, notice)
VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10);

-- read_web_session: one that is open, of an admin who may still decide anything
SELECT s.session, s.proven, s.since, s.last_at, s.notice, p.user_id, p.login, p.name, p.role
  FROM web_session s JOIN person p USING (user_id)
 WHERE s.hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND s.last_at > $3
   AND p.state = 'approved' AND p.role IN ('admin', 'superadmin');

-- touch_web_session: somebody is there; what the page had to say is said
UPDATE web_session SET last_at = greatest(last_at, $2), notice = NULL WHERE hash = $1;

-- write_notice: what the next page is to say
UPDATE web_session SET notice = $2 WHERE session = $1;

-- list_web_sessions: somebody's that are open, the newest first
SELECT session, since, last_at, address, agent, proof FROM web_session
 WHERE user_id = $1 AND proven AND ended_at IS NULL AND expires_at > $2 AND last_at > $3 ORDER BY since DESC LIMIT 200;

-- end_web_session: one of somebody's own
UPDATE web_session SET ended_at = $3 WHERE user_id = $1 AND session = $2 AND ended_at IS NULL;

-- end_web_sessions: all of somebody's but one
UPDATE web_session SET ended_at = $3 WHERE user_id = $1 AND session IS DISTINCT FROM $2 AND ended_at IS NULL;

-- forget_web_sessions: those that are over
DELETE FROM web_session WHERE expires_at < $1;
