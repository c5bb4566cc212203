-- How often a payment's receipt was printed or handed out otherwise, so that every one after the first says COPY.
-- It counts before the printer starts, so that a power cut between the two makes a COPY too many, never an original.
CREATE TABLE receipt_copy (
    payment BLOB PRIMARY KEY REFERENCES payment (id),
    times INTEGER NOT NULL CHECK (times >= 0),
    first_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
