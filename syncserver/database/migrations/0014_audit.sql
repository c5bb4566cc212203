-- Who did what, to what, from where, and what it was before. Never altered.
CREATE TABLE audit (
    id uuid PRIMARY KEY,         -- a UUIDv7 by the server's clock, so the newest have the greatest
    at bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,        -- its kind, a space, what names it
    origin text,                 -- the address of a request, or who ran a command; NULL where nothing is known
    before jsonb,
    after jsonb,
    reason text
);
CREATE INDEX audit_by_actor ON audit (actor, id);
CREATE INDEX audit_by_action ON audit (action, id);
CREATE INDEX audit_by_object ON audit (object text_pattern_ops, id);
GRANT SELECT, INSERT ON audit TO tallystick_server;

-- Audit rows that no seal covers yet. Of payments' events the outbox says the same.
CREATE TABLE audit_to_seal (
    id uuid PRIMARY KEY
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
GRANT SELECT, INSERT, DELETE ON audit_to_seal TO tallystick_server;
-- SELECT … FOR UPDATE needs the right to update.
GRANT UPDATE ON audit_to_seal TO tallystick_server;

-- The hash chains (docs/ledger.md, "Seals"): each seal covers some rows, and all seals before it. Never altered.
CREATE TABLE seal (
    chain text NOT NULL,
    number bigint NOT NULL CHECK (number >= 1),
    previous bytea NOT NULL CHECK (length(previous) = 32),
    rows bytea NOT NULL,         -- CBOR: [what names a row, its SHA-256] each
    count integer NOT NULL CHECK (count >= 1),
    head bytea NOT NULL UNIQUE CHECK (length(head) = 32),
    signature bytea NOT NULL,    -- COSE, over the head
    at bigint NOT NULL,
    PRIMARY KEY (chain, number)
);
ALTER TABLE seal ALTER COLUMN rows SET STORAGE EXTERNAL; -- hashes can't be compressed
GRANT SELECT, INSERT ON seal TO tallystick_server;

-- Events from before there were seals are delivered once more, and sealed with that.
INSERT INTO outbox (wallet, number) SELECT wallet, number FROM payment_event ON CONFLICT DO NOTHING;
