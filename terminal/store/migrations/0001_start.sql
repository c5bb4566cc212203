-- Times are ms since the epoch (UTC) by the terminal's clock unless said otherwise; money is minor units.

-- Who this terminal is: one row, written at enrolment.
CREATE TABLE device (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    device BLOB NOT NULL CHECK (length(device) = 16),
    epoch INTEGER NOT NULL CHECK (epoch >= 1),
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    certificate BLOB NOT NULL,
    server_url TEXT NOT NULL,
    server_id BLOB NOT NULL,
    vendor BLOB NOT NULL,
    vendor_name TEXT NOT NULL,
    lat INTEGER NOT NULL,
    lon INTEGER NOT NULL,
    currency TEXT NOT NULL,
    name TEXT NOT NULL,
    enrolled_at INTEGER NOT NULL
) STRICT;

-- The certificate of every epoch that this terminal had: an exported journal needs the one of its own.
CREATE TABLE certificate (
    epoch INTEGER PRIMARY KEY,
    public_key BLOB NOT NULL,
    certificate BLOB NOT NULL
) STRICT;
CREATE TRIGGER certificate_of_first_epoch AFTER INSERT ON device BEGIN
    INSERT INTO certificate VALUES (new.epoch, new.public_key, new.certificate)
        ON CONFLICT (epoch) DO UPDATE SET public_key = excluded.public_key, certificate = excluded.certificate;
END;
CREATE TRIGGER certificate_of_later_epoch AFTER UPDATE OF epoch, certificate ON device BEGIN
    INSERT INTO certificate VALUES (new.epoch, new.public_key, new.certificate)
        ON CONFLICT (epoch) DO UPDATE SET public_key = excluded.public_key, certificate = excluded.certificate;
END;

-- The server keys that are believed: pinned at enrolment, later ones brought by a book that a pinned one signed.
CREATE TABLE server_key (
    kid BLOB PRIMARY KEY CHECK (length(kid) = 8),
    key BLOB NOT NULL CHECK (length(key) = 32),
    not_after INTEGER
) STRICT;

-- The journal. Rows are added, never changed; triggers below refuse all else.
CREATE TABLE record (
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 1),
    type TEXT NOT NULL CHECK (type IN ('payment', 'void', 'shift_open', 'shift_close')),
    raw BLOB NOT NULL,
    link BLOB NOT NULL CHECK (length(link) = 32),
    at INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    boot BLOB NOT NULL,
    PRIMARY KEY (epoch, seq)
) STRICT;
CREATE INDEX record_by_time ON record (at);
CREATE TRIGGER record_is_append_only BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER record_is_never_deleted BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

-- What the server answered to a record, from a verified receipt.
CREATE TABLE answer (
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    status TEXT NOT NULL,
    reasons TEXT NOT NULL,
    score INTEGER NOT NULL,
    batch BLOB NOT NULL,
    answered_at INTEGER NOT NULL,
    PRIMARY KEY (epoch, seq)
) STRICT;

-- A payment as the till sees it. state is a TillState from PENDING on.
CREATE TABLE payment (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    shift BLOB NOT NULL,
    wallet TEXT NOT NULL,
    series BLOB NOT NULL,
    idx INTEGER NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- the same moment by the server's clock, as the till reckoned it: what the limits of day and rate go by
    taken INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('PENDING', 'COMPLETED', 'FLAGGED', 'FAILED', 'VOIDED')),
    reasons TEXT NOT NULL DEFAULT '[]',
    -- 1 until a verified receipt covers its record: what counts as unsynced
    unsynced INTEGER NOT NULL DEFAULT 1 CHECK (unsynced IN (0, 1)),
    UNIQUE (series, idx),
    UNIQUE (epoch, seq)
) STRICT;
CREATE INDEX payment_by_wallet ON payment (wallet, taken);
CREATE INDEX payment_by_shift ON payment (shift);
CREATE INDEX payment_unsynced ON payment (wallet) WHERE unsynced = 1;

CREATE TABLE shift (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    epoch INTEGER NOT NULL,
    cashier TEXT NOT NULL,
    opening_float INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    count INTEGER,
    total INTEGER
) STRICT;
-- At most one shift is open.
CREATE UNIQUE INDEX shift_open_once ON shift ((1)) WHERE closed_at IS NULL;

-- A batch as it was first sent: sent again under the same id until its receipt is there.
CREATE TABLE batch (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    epoch INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    receipt BLOB,
    answered_at INTEGER
) STRICT;
CREATE INDEX batch_unanswered ON batch (made_at) WHERE receipt IS NULL;

-- Guesses of codes, written before the key derivation runs and taken back when the code was right. Their age is
-- counted in ticks while the boot is the same, so that nobody shortens a lock by setting the clock.
CREATE TABLE guess (
    id BLOB PRIMARY KEY,
    at INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    boot BLOB NOT NULL,
    wallet TEXT NOT NULL,
    amount INTEGER NOT NULL,
    -- guesses of one sale share it; NULL once that sale was approved or given up
    sale BLOB
) STRICT;
CREATE INDEX guess_by_time ON guess (at);

-- Wrong PINs of a supervisor, written before the PIN is checked. A new PIN (another hash) starts at 0.
CREATE TABLE pin_try (
    cashier TEXT PRIMARY KEY,
    pin_hash BLOB NOT NULL,
    wrong INTEGER NOT NULL,
    at INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    boot BLOB NOT NULL
) STRICT;

-- The book: one row of state, and its series and codes. `server_time` is the book's issued_at by the server's clock,
-- the three after it when it was received by this terminal's clocks.
CREATE TABLE book (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    version INTEGER NOT NULL,
    complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
    -- of the last page with more = false, by the server's clock; NULL before the first one
    issued_at INTEGER,
    expires_at INTEGER,
    policy TEXT NOT NULL,
    cashiers TEXT NOT NULL,
    blocked TEXT NOT NULL
) STRICT;
CREATE TABLE book_series (
    series BLOB PRIMARY KEY CHECK (length(series) = 16),
    wallet TEXT NOT NULL,
    name TEXT NOT NULL,
    t INTEGER NOT NULL,
    m_kib INTEGER NOT NULL,
    verifiers BLOB NOT NULL, -- 16 bytes each, by index
    caps TEXT NOT NULL,      -- JSON list of minor units, by index
    spent TEXT NOT NULL,     -- JSON list of indexes
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX book_series_by_wallet ON book_series (wallet);
CREATE TABLE book_closed (series BLOB PRIMARY KEY CHECK (length(series) = 16)) STRICT;

-- The last time that the server told, and this terminal's clocks at that moment: what the server's clock says now
-- is server_time + (tick - that tick) while the boot is the same.
CREATE TABLE server_clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    server_time INTEGER NOT NULL,
    at INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    boot BLOB NOT NULL
) STRICT;

-- What went wrong lately with syncing, for people to see: one row for each thing that is tried.
CREATE TABLE sync_state (
    what TEXT PRIMARY KEY CHECK (what IN ('push', 'pull')),
    tried_at INTEGER NOT NULL,
    succeeded_at INTEGER,
    error TEXT
) STRICT;
