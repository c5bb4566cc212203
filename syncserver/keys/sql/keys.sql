-- The server's identity and signing keys.

-- read_server: this server's id
SELECT server_id FROM server;

-- write_server: give this server its id, once
INSERT INTO server (server_id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- read_keys: signing keys that are still believed, the newest first
SELECT kid, public_key, wrapped_seed, not_after FROM server_key WHERE not_after > $1 ORDER BY created_at DESC, kid;

-- write_key: add a signing key
INSERT INTO server_key (kid, public_key, wrapped_seed, created_at, not_after) VALUES ($1, $2, $3, $4, $5);
