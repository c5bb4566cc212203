-- An admin's second factor: the secret of a generator of one-time passwords, wrapped by the key-encryption key. It counts
-- from when its first password was shown; a password is good once, and no older one after it.
CREATE TABLE second_factor (
    user_id uuid PRIMARY KEY,
    secret bytea NOT NULL,
    begun_in uuid NOT NULL,        -- the session that was shown the secret, which alone may confirm it
    confirmed_at bigint,
    used_step bigint NOT NULL DEFAULT 0,
    failures smallint NOT NULL DEFAULT 0,
    locked_until bigint
);
GRANT SELECT, INSERT, DELETE ON second_factor TO tallystick_server;
GRANT UPDATE (secret, begun_in, confirmed_at, used_step, failures, locked_until) ON second_factor TO tallystick_server;

-- For whoever lost the generator, by their hashes; each is good once.
CREATE TABLE recovery_code (
    user_id uuid NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    used_at bigint,
    PRIMARY KEY (user_id, hash)
);
GRANT SELECT, INSERT, DELETE ON recovery_code TO tallystick_server;
GRANT UPDATE (used_at) ON recovery_code TO tallystick_server;

-- Admins' sessions in a browser, by the hashes of their cookies. One that has only proven a password may do nothing else.
CREATE TABLE web_session (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    session uuid NOT NULL UNIQUE,
    user_id uuid NOT NULL,
    proven boolean NOT NULL,       -- whether the second factor was shown too
    since bigint NOT NULL,
    last_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    ended_at bigint,
    address text NOT NULL,
    agent text NOT NULL,
    notice text                    -- what the next page says, once
);
CREATE INDEX web_session_of_person ON web_session (user_id);
CREATE INDEX web_session_by_time ON web_session (expires_at);
GRANT SELECT, INSERT, DELETE ON web_session TO tallystick_server;
GRANT UPDATE (last_at, ended_at, notice) ON web_session TO tallystick_server;

-- What a terminal last said of itself as it asked for its book (docs/protocol.md, appendix B); nothing here decides anything.
CREATE TABLE device_report (
    device uuid PRIMARY KEY,
    at bigint NOT NULL,
    book bigint NOT NULL,          -- the version that it had
    app text,
    waiting bigint,                -- records that no receipt covers
    oldest_at bigint,              -- of those
    skew_ms bigint                 -- its clock less the server's
) WITH (fillfactor = 70);
GRANT SELECT, INSERT, UPDATE ON device_report TO tallystick_server;

-- What the first page counts.
CREATE INDEX stray_record_by_time ON stray_record (received_at);
-- Payments lie in the order in which they came, so a few bytes for each stretch of them are enough to find a day.
CREATE INDEX payment_by_arrival ON payment USING brin (received_at) WITH (pages_per_range = 32);
