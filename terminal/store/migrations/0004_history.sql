-- What a cashier looks for in a long history is found by an index, newest first.
CREATE INDEX payment_by_last_digits ON payment (substr(wallet, -4), epoch, seq);
CREATE INDEX payment_by_amount ON payment (amount, epoch, seq);
CREATE INDEX payment_by_time ON payment (at);
-- Most are completed; those are found without one.
CREATE INDEX payment_by_state ON payment (state, epoch, seq) WHERE state IN ('PENDING', 'FLAGGED', 'FAILED', 'VOIDED');
CREATE INDEX batch_by_place ON batch (epoch, first_seq);
CREATE INDEX record_of_void ON record (epoch, seq) WHERE type = 'void';

-- What a book said of a payment after its receipt, each time that it changed something.
CREATE TABLE payment_update (
    payment BLOB NOT NULL REFERENCES payment (id),
    heard_at INTEGER NOT NULL,
    -- when the book that said it was issued, by the server's clock
    issued_at INTEGER NOT NULL,
    status TEXT NOT NULL,
    reasons TEXT NOT NULL
) STRICT;
CREATE INDEX payment_update_by_payment ON payment_update (payment);

-- What a till had without a receipt when a shift was closed; NULL for shifts of before.
CREATE INDEX shift_by_time ON shift (opened_at, id);
ALTER TABLE shift ADD COLUMN carried_count INTEGER;
ALTER TABLE shift ADD COLUMN carried_total INTEGER;
