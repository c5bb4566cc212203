-- What a request that moves money was answered, under its caller's key; in the transaction that moved it. Never altered
-- after that transaction.
CREATE TABLE once (
    caller uuid NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32), -- of the route and the body
    answer jsonb,        -- NULL only while its transaction is open
    status smallint,
    at bigint NOT NULL,
    PRIMARY KEY (caller, key)
);
GRANT SELECT, INSERT ON once TO tallystick_server;
GRANT UPDATE (answer, status) ON once TO tallystick_server;

-- A customer has one wallet, of one currency.
CREATE UNIQUE INDEX wallet_of_customer ON wallet (customer);

-- What one admin asked for that takes two: it waits for another to ask for the same.
CREATE TABLE second_person (
    action text NOT NULL,
    object text NOT NULL,      -- what it is about, with the amount and everything else that both must mean
    first_by uuid NOT NULL,
    first_at bigint NOT NULL,
    PRIMARY KEY (action, object)
);
GRANT SELECT, INSERT, DELETE ON second_person TO tallystick_server;
