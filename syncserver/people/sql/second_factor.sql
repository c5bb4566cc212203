-- Admins' second factors (docs/api.md, "The second factor").

-- write_factor: a new secret, unless this session was shown one; one that counts stays
INSERT INTO second_factor (user_id, secret, begun_in) VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, begun_in = excluded.begun_in
 WHERE second_factor.confirmed_at IS NULL AND second_factor.begun_in <> excluded.begun_in;

-- read_factor: somebody's second factor
SELECT secret, confirmed_at, used_step, failures, locked_until FROM second_factor WHERE user_id = $1;

-- lock_factor: the same, while nobody else shows a password of it
SELECT secret, begun_in, confirmed_at, used_step, failures, locked_until FROM second_factor WHERE user_id = $1 FOR UPDATE;

-- tell_factor_tries: the wrong ones since somebody was last here, which are told with this
UPDATE second_factor f SET wrong = 0 FROM (SELECT * FROM second_factor WHERE user_id = $1 FOR UPDATE) o
 WHERE f.user_id = o.user_id AND o.wrong > 0 RETURNING o.wrong, o.wrong_at, o.origin;

-- factor_is_on: whether somebody has one that counts
SELECT EXISTS (SELECT FROM second_factor WHERE user_id = $1 AND confirmed_at IS NOT NULL);

-- factor_passed: a password of it was right
UPDATE second_factor SET confirmed_at = coalesce(confirmed_at, $2), used_step = greatest(used_step, $3), failures = 0,
       locked_until = NULL
 WHERE user_id = $1;

-- factor_failed: one was wrong
UPDATE second_factor SET failures = $2, locked_until = $3, wrong = least(wrong + 1, 1000000), wrong_at = $4,
       origin = $5
 WHERE user_id = $1;

-- forget_factor: somebody begins anew
DELETE FROM second_factor WHERE user_id = $1;

-- write_recovery: a recovery code, by its hash
INSERT INTO recovery_code (user_id, hash) VALUES ($1, $2);

-- use_recovery: one was shown
UPDATE recovery_code SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at IS NULL;

-- recovery_left: how many are good still
SELECT count(*) FROM recovery_code WHERE user_id = $1 AND used_at IS NULL;

-- forget_recovery: those of a generator that is gone
DELETE FROM recovery_code WHERE user_id = $1;
