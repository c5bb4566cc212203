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
    END
RETURNING failures;

-- forget_tries: the right password was given
DELETE FROM login_try WHERE login = $1;

-- forget_old_tries: those that nobody added to for so long that they lock nothing any more
DELETE FROM login_try WHERE at < $1;

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
