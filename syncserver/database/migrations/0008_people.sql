-- People who use the server over the network. Several may ask for one login and wait with it, each with a password of
-- their own, so that registering tells nobody whether a login is taken; one of them at most is approved with it.
CREATE TABLE person (
    user_id uuid PRIMARY KEY,      -- of a customer, also the customer's; its order is that of registering
    login text COLLATE "C" NOT NULL CHECK (login ~ '^[a-z0-9][a-z0-9._@+-]{2,63}$'), -- lower case: no two differ by that
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('customer', 'vendor', 'admin', 'superadmin')),
    state text NOT NULL CHECK (state IN ('waiting', 'approved', 'blocked', 'rejected')),
    password text NOT NULL CHECK (password LIKE '$argon2id$%'),
    lat integer CHECK (abs(lat) <= 900000000),     -- a customer's home, a vendor's declared place
    lon integer CHECK (abs(lon) <= 1800000000),
    currency text CHECK (currency ~ '^[A-Z]{3}$'),
    vendor uuid,                                   -- the shop that a vendor's person acts for, once approved
    registered_at bigint NOT NULL,
    decided_at bigint,
    decided_by text,
    reason text,                                   -- why rejected or blocked
    CHECK (role IN ('admin', 'superadmin') OR (lat IS NOT NULL AND lon IS NOT NULL AND currency IS NOT NULL)),
    CHECK (role <> 'vendor' OR state IN ('waiting', 'rejected') OR vendor IS NOT NULL)
);
CREATE UNIQUE INDEX person_has_login ON person (login) WHERE state IN ('approved', 'blocked');
CREATE INDEX person_asked_login ON person (login, user_id) WHERE state = 'waiting';
CREATE INDEX person_waiting ON person (user_id) WHERE state = 'waiting';
GRANT SELECT, INSERT ON person TO tallystick_server;
GRANT UPDATE (state, password, vendor, decided_at, decided_by, reason) ON person TO tallystick_server;

-- Guesses at a login's password since the last right one, whether anybody has the login or not. Forgotten after an hour.
CREATE TABLE login_try (
    login text COLLATE "C" PRIMARY KEY CHECK (length(login) <= 64),
    failures smallint NOT NULL,
    locked_until bigint,
    at bigint NOT NULL
);
CREATE INDEX login_try_by_time ON login_try (at);
GRANT SELECT, INSERT, UPDATE, DELETE ON login_try TO tallystick_server;

-- Refresh tokens by their hashes. Each is good once; those that came of one login are a family.
CREATE TABLE refresh_token (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    family uuid NOT NULL,
    user_id uuid NOT NULL,
    since bigint NOT NULL,         -- when the family's person logged in
    expires_at bigint NOT NULL,
    used_at bigint,
    revoked_at bigint
);
CREATE INDEX refresh_token_by_person ON refresh_token (user_id, family);
CREATE INDEX refresh_token_by_time ON refresh_token (expires_at);
GRANT SELECT, INSERT, DELETE ON refresh_token TO tallystick_server;
GRANT UPDATE (used_at, revoked_at) ON refresh_token TO tallystick_server;

-- A signing key is published to terminals before it signs.
ALTER TABLE server_key ADD COLUMN signs_from bigint;
UPDATE server_key SET signs_from = created_at;
ALTER TABLE server_key ALTER COLUMN signs_from SET NOT NULL;
