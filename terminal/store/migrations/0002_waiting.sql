-- What a sale and a sync ask every time is kept by place or as a sum, so that no answer takes longer for the length of
-- the journal, the queue or the list of blocked wallets. Triggers keep it: it can't be forgotten, and it commits with
-- what it tells of.

-- The records that no verified receipt covers.
CREATE TABLE unanswered (
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (epoch, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO unanswered
    SELECT record.epoch, record.seq, record.at FROM record LEFT JOIN answer USING (epoch, seq) WHERE answer.seq IS NULL;
CREATE INDEX unanswered_by_time ON unanswered (at);

-- One row: how many of those there are, and what the shop would lose if the server took none of its payments.
CREATE TABLE waiting (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    records INTEGER NOT NULL CHECK (records >= 0),
    payments INTEGER NOT NULL CHECK (payments >= 0),
    total INTEGER NOT NULL CHECK (total >= 0)
) STRICT;
INSERT INTO waiting
    SELECT 1, (SELECT count(*) FROM unanswered), count(*), coalesce(sum(amount), 0)
    FROM payment WHERE unsynced = 1 AND state NOT IN ('VOIDED', 'FAILED');

CREATE TRIGGER record_waits AFTER INSERT ON record BEGIN
    INSERT INTO unanswered VALUES (new.epoch, new.seq, new.at);
    UPDATE waiting SET records = records + 1;
END;
-- A later receipt for the same record updates its answer, and was taken off before.
CREATE TRIGGER record_waits_no_more AFTER INSERT ON answer BEGIN
    UPDATE waiting SET records = records - (SELECT count(*) FROM unanswered WHERE epoch = new.epoch AND seq = new.seq);
    DELETE FROM unanswered WHERE epoch = new.epoch AND seq = new.seq;
END;
CREATE TRIGGER answer_is_never_deleted BEFORE DELETE ON answer BEGIN SELECT RAISE(ABORT, 'an answer stays'); END;

-- What is void or failed is no risk any more.
CREATE TRIGGER payment_is_a_risk AFTER INSERT ON payment
WHEN new.unsynced = 1 AND new.state NOT IN ('VOIDED', 'FAILED') BEGIN
    UPDATE waiting SET payments = payments + 1, total = total + new.amount;
END;
CREATE TRIGGER payment_changes_its_risk AFTER UPDATE OF unsynced, state, amount ON payment
WHEN (old.unsynced = 1 AND old.state NOT IN ('VOIDED', 'FAILED')) OR (new.unsynced = 1 AND new.state NOT IN ('VOIDED', 'FAILED'))
BEGIN
    UPDATE waiting SET
        payments = payments - (old.unsynced = 1 AND old.state NOT IN ('VOIDED', 'FAILED'))
                            + (new.unsynced = 1 AND new.state NOT IN ('VOIDED', 'FAILED')),
        total = total - old.amount * (old.unsynced = 1 AND old.state NOT IN ('VOIDED', 'FAILED'))
                      + new.amount * (new.unsynced = 1 AND new.state NOT IN ('VOIDED', 'FAILED'));
END;
CREATE TRIGGER payment_is_never_deleted BEFORE DELETE ON payment BEGIN SELECT RAISE(ABORT, 'a payment stays'); END;

-- The blocked wallets of the book.
CREATE TABLE book_blocked (wallet TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO book_blocked SELECT value FROM book, json_each(book.blocked);
CREATE TRIGGER book_comes_with_blocked AFTER INSERT ON book BEGIN
    DELETE FROM book_blocked;
    INSERT OR IGNORE INTO book_blocked SELECT value FROM json_each(new.blocked);
END;
CREATE TRIGGER book_changes_blocked AFTER UPDATE OF blocked ON book WHEN old.blocked <> new.blocked BEGIN
    DELETE FROM book_blocked;
    INSERT OR IGNORE INTO book_blocked SELECT value FROM json_each(new.blocked);
END;
CREATE TRIGGER book_goes_with_blocked AFTER DELETE ON book BEGIN DELETE FROM book_blocked; END;
