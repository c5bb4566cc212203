-- Logins and refresh tokens. Whoever changes a person's sessions locks the person first.

-- take_try: count one more guess at a login, before it is compared with anything
INSERT INTO login_try AS t (login, failures, at) VALUES ($1, 1, $2)
ON CONFLICT (login) DO UPDATE SET
    at = excluded.at,
    failures = CASE WHEN t.locked_until <= $2 THEN 1 ELSE least(t.failures + 1, $3::integer + 1) END,
    locked_until = CASE
        WHEN t.locked_until <= $2 THEN NULL
        WHEN t.locked_until IS NOT NULL THEN t.locked_until
        WHEN t.failures + 1 >= $3::integer THEN $2 + $4::bigint
    END,
    noted = t.noted AND t.locked_until > $2
RETURNING failures;

-- count_wrong: it did not fit, whoever has the login or has not
UPDATE login_try SET wrong = least(wrong + 1, 1000000), wrong_at = $2, origin = $3 WHERE login = $1;

-- forgive_tries: the right password was given; that others were wrong is told to whoever comes in
UPDATE login_try SET failures = 0, locked_until = NULL, noted = false WHERE login = $1;

-- forget_tries: nobody has to be told of wrong ones
DELETE FROM login_try WHERE login = $1;

-- tell_tries: the wrong ones of a login, which are told with this
DELETE FROM login_try WHERE login = $1 RETURNING wrong, wrong_at, origin;

-- note_locks: locks of admins' logins that the audit trail does not have yet
UPDATE login_try t SET noted = true FROM (
    SELECT l.login, p.user_id FROM login_try l JOIN person p ON p.login = l.login
     WHERE l.locked_until IS NOT NULL AND NOT l.noted AND p.state IN ('approved', 'blocked')
       AND p.role IN ('admin', 'superadmin') ORDER BY l.login LIMIT $1 FOR UPDATE OF l SKIP LOCKED) x
 WHERE t.login = x.login RETURNING x.user_id, t.wrong, t.locked_until, t.origin;

-- forget_old_tries: those that nobody added to for so long that they lock nothing any more, and that are told to no admin
DELETE FROM login_try t WHERE at < $1 AND NOT EXISTS (
    SELECT FROM person p WHERE p.login = t.login AND p.state IN ('approved', 'blocked') AND p.role IN ('admin', 'superadmin'));

-- write_token: a refresh token, by its hash
INSERT INTO refresh_token (hash, family, user_id, since, expires_at) VALUES ($1, $2, $3, $4, $5);

-- owner_of_token: whose a refresh token is
SELECT user_id FROM refresh_token WHERE hash = $1;

-- read_token: a refresh token, once its person is locked
SELECT family, since, expires_at, used_at, revoked_at FROM refresh_token WHERE hash = $1;

-- use_token: it was exchanged
UPDATE refresh_token SET used_at = $2 WHERE hash = $1;

-- session_has_ended: whether a session was ended before its time
SELECT EXISTS (SELECT FROM refresh_token WHERE user_id = $1 AND family = $2 AND revoked_at IS NOT NULL);

-- revoke_family: none of a family's is good any more
UPDATE refresh_token SET revoked_at = $3 WHERE user_id = $1 AND family = $2 AND revoked_at IS NULL;

-- revoke_others: none of a person's is good any more but those of one family
UPDATE refresh_token SET revoked_at = $3 WHERE user_id = $1 AND family IS DISTINCT FROM $2 AND revoked_at IS NULL;

-- forget_tokens: those that have expired
DELETE FROM refresh_token WHERE expires_at < $1;
