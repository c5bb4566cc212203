-- The server's identity and signing keys.

-- read_server: this server's id
SELECT server_id FROM server;

-- write_server: give this server its id, once
INSERT INTO server (server_id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- read_keys: signing keys that are still believed, the newest first
SELECT kid, public_key, wrapped_seed, created_at, signs_from, not_after, revoked_at FROM server_key WHERE not_after > $1
 ORDER BY signs_from DESC, kid;

-- revoked_keys: those that were revoked since a time
SELECT kid, public_key, created_at, signs_from, not_after, revoked_at FROM server_key WHERE revoked_at > $1
 ORDER BY revoked_at DESC, kid;

-- read_all_keys: those too that are over: what they signed stays true
SELECT kid, public_key, created_at, signs_from, not_after, revoked_at FROM server_key ORDER BY signs_from DESC, kid;

-- wrapped_keys: all keys with their seeds, of whatever age
SELECT kid, public_key, wrapped_seed FROM server_key;

-- write_key: add a signing key
INSERT INTO server_key (kid, public_key, wrapped_seed, created_at, signs_from, not_after) VALUES ($1, $2, $3, $4, $5, $6);

-- end_key: a key is believed until a time, sooner or later than before
UPDATE server_key SET not_after = $2 WHERE kid = $1;

-- revoke_key: nothing of a key is believed from now on
UPDATE server_key SET not_after = least(not_after, $2), revoked_at = $2 WHERE kid = $1 AND revoked_at IS NULL;

-- sign_now: a key that waits signs from now on
UPDATE server_key SET signs_from = $2 WHERE kid = $1;

-- longest_hours: the longest time that a till may go by one book, and then wait with its records, of any policy
SELECT coalesce(max((body ->> 'book_hours')::bigint), 0) AS book,
       coalesce(max((body ->> 'upload_hours')::bigint), 0) AS upload FROM policy;
