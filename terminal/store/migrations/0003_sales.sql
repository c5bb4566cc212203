-- A sale is an amount to be paid, by one code or several, and perhaps in part in another way. It is kept so that a
-- restart finds it; a payment and what it belongs to are committed together.
CREATE TABLE sale (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    cashier TEXT,
    begun_at INTEGER NOT NULL,
    -- what of it is paid in another way, such as cash
    otherwise INTEGER NOT NULL DEFAULT 0 CHECK (otherwise BETWEEN 0 AND amount),
    ended_at INTEGER,
    outcome TEXT CHECK (outcome IN ('finished', 'given up')),
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
) STRICT;
-- At most one sale is in hand.
CREATE UNIQUE INDEX sale_in_hand ON sale ((1)) WHERE ended_at IS NULL;

CREATE TABLE sale_payment (
    payment BLOB PRIMARY KEY REFERENCES payment (id),
    sale BLOB NOT NULL REFERENCES sale (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sale_payment_by_sale ON sale_payment (sale);
