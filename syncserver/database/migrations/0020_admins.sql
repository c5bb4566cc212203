-- It holds what admins asked for of any kind that moves money: refunds, reviews, write-offs and payouts too.
ALTER TABLE funding_request RENAME TO money_request;
ALTER INDEX funding_request_pkey RENAME TO money_request_pkey;
ALTER INDEX funding_request_alone RENAME TO money_request_alone;

-- Wrong tries since an admin was last here, and whether a lock stands in the audit trail. Those of a login that is no
-- admin's are forgotten after an hour, as they were.
ALTER TABLE login_try
    ADD COLUMN wrong integer NOT NULL DEFAULT 0,
    ADD COLUMN wrong_at bigint,
    ADD COLUMN origin text,              -- where the last one came from
    ADD COLUMN noted boolean NOT NULL DEFAULT false;
CREATE INDEX login_try_to_note ON login_try (login) WHERE locked_until IS NOT NULL AND NOT noted;
ALTER TABLE second_factor
    ADD COLUMN wrong integer NOT NULL DEFAULT 0,
    ADD COLUMN wrong_at bigint,
    ADD COLUMN origin text;
GRANT UPDATE (wrong, wrong_at, origin) ON second_factor TO tallystick_server;

-- What a session was begun by, beside the password.
ALTER TABLE web_session ADD COLUMN proof text CHECK (proof IN ('generator', 'recovery code', 'set up'));
