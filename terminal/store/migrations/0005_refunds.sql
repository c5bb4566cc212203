-- A refund that this till asks the server for. Its key is durable before the first request and goes with each repeat, so
-- that a lost answer never refunds twice.
CREATE TABLE refund (
    key TEXT PRIMARY KEY,
    payment BLOB NOT NULL REFERENCES payment (id),
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    approver TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- the shift that was open when it was asked for, if one was
    shift BLOB,
    asked_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'done', 'refused')),
    ended_at INTEGER,
    -- the server's code, where it refused
    problem TEXT,
    CHECK ((state = 'asked') = (ended_at IS NULL))
) STRICT;
CREATE INDEX refund_by_payment ON refund (payment);
CREATE INDEX refund_by_shift ON refund (shift);
-- Another is asked for when it is known what became of the one before.
CREATE UNIQUE INDEX refund_asked_once ON refund (payment) WHERE state = 'asked';
