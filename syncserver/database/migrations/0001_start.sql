-- The server's schema. Times are ms since the epoch (UTC) by the server's clock unless said otherwise, money is minor
-- units, places are 1e-7 degree. Tables of the hot path lead their key with the wallet (journal records: with the
-- device) and have no foreign keys, triggers or sequences, so that they can be distributed over machines later.

-- ── Who this server is ──────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE server (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    server_id uuid NOT NULL,
    created_at bigint NOT NULL
);

-- Ed25519 keys that sign receipts, books, vouchers and certificates; seeds wrapped by the key-encryption key.
CREATE TABLE server_key (
    kid bytea PRIMARY KEY CHECK (length(kid) = 8),
    public_key bytea NOT NULL UNIQUE CHECK (length(public_key) = 32),
    wrapped_seed bytea NOT NULL,
    created_at bigint NOT NULL,
    not_after bigint NOT NULL
);

-- The version of all code books: whoever changes what a book says takes this row's lock and the next number, and
-- keeps the lock until commit, so that a version never passes a transaction that is still open.
CREATE TABLE book_clock (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL,
    -- raised when a server is restored from a backup: every terminal then starts over
    generation integer NOT NULL DEFAULT 1
);
INSERT INTO book_clock (version) VALUES (1);

-- ── Vendors, customers, policies ────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE vendor (
    vendor uuid PRIMARY KEY,
    name text NOT NULL,
    lat integer NOT NULL CHECK (abs(lat) <= 900000000),
    lon integer NOT NULL CHECK (abs(lon) <= 1800000000),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    blocked_version bigint, -- the book version since which it is blocked
    created_at bigint NOT NULL
);

-- What a vendor is owed; what was settled lately waits in pending_credit. May fall below zero by a late void.
CREATE TABLE vendor_balance (
    vendor uuid PRIMARY KEY,
    currency text NOT NULL,
    payable bigint NOT NULL DEFAULT 0
);

-- Each change of limits, for a vendor or one of its devices; body holds the changed fields. Never altered.
CREATE TABLE policy (
    vendor uuid NOT NULL,
    version bigint NOT NULL,
    device uuid,
    body jsonb NOT NULL,
    effective_at bigint NOT NULL,
    actor text NOT NULL,
    PRIMARY KEY (vendor, version)
);

CREATE TABLE cashier (
    vendor uuid NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('cashier', 'supervisor')),
    pin text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (vendor, id)
);

CREATE TABLE customer (
    user_id uuid PRIMARY KEY,
    name text NOT NULL,
    lat integer NOT NULL CHECK (abs(lat) <= 900000000),
    lon integer NOT NULL CHECK (abs(lon) <= 1800000000),
    state text NOT NULL CHECK (state IN ('approved')),
    created_at bigint NOT NULL
);

-- ── Wallets, codes ──────────────────────────────────────────────────────────────────────────────────────────────────

-- A wallet's four accounts in one row: one lock for all of them. events and transfers number the wallet's own history.
CREATE TABLE wallet (
    wallet text COLLATE "C" PRIMARY KEY CHECK (wallet ~ '^[0-9]{10}$'),
    customer uuid NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    online bigint NOT NULL DEFAULT 0 CHECK (online >= 0),
    offline bigint NOT NULL DEFAULT 0 CHECK (offline >= 0),
    held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    review bigint NOT NULL DEFAULT 0 CHECK (review >= 0),
    events bigint NOT NULL DEFAULT 0,
    transfers bigint NOT NULL DEFAULT 0,
    -- the customer's home, copied so that judging reads one row
    lat integer NOT NULL,
    lon integer NOT NULL,
    blocked_version bigint,
    created_at bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX wallet_blocked ON wallet (wallet) WHERE blocked_version IS NOT NULL;

CREATE TABLE series (
    wallet text COLLATE "C" NOT NULL,
    series uuid NOT NULL,
    masked_name text NOT NULL,
    t integer NOT NULL,
    m_kib integer NOT NULL,
    issued_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    release_at bigint NOT NULL CHECK (release_at >= expires_at),
    state text NOT NULL CHECK (state IN ('open', 'closed')),
    withdrawn_version bigint, -- the book version since which terminals know
    released_at bigint,
    lat integer NOT NULL,
    lon integer NOT NULL,
    cell integer NOT NULL,    -- 0.1 degree grid, see syncserver/sync/grid.py
    version bigint NOT NULL,  -- the book version of its last change; 0 until it has one
    PRIMARY KEY (wallet, series)
) WITH (fillfactor = 80);
CREATE INDEX series_by_cell ON series (cell, version);
CREATE INDEX series_to_release ON series (release_at) WHERE released_at IS NULL;
CREATE INDEX series_to_expire ON series (expires_at) WHERE released_at IS NULL AND state = 'open';
CREATE INDEX series_by_id ON series (series);

CREATE TABLE code (
    wallet text COLLATE "C" NOT NULL,
    series uuid NOT NULL,
    idx integer NOT NULL CHECK (idx >= 0),
    cap bigint NOT NULL CHECK (cap > 0),
    verifier bytea NOT NULL,
    wrapped_proof_key bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('issued', 'claimed', 'expired', 'withdrawn', 'released')),
    payment uuid,
    PRIMARY KEY (wallet, series, idx),
    CONSTRAINT code_claimed_by_one_payment CHECK ((state = 'claimed') = (payment IS NOT NULL))
) WITH (fillfactor = 70);

-- ── Devices ─────────────────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE enrolment_token (
    token_hash bytea PRIMARY KEY,
    vendor uuid NOT NULL,
    device uuid,              -- set for a new epoch of an existing device
    lat integer NOT NULL,
    lon integer NOT NULL,
    expires_at bigint NOT NULL,
    used_key bytea,           -- the public key that used it, and what was made of it
    made_device uuid,
    made_epoch integer,
    created_at bigint NOT NULL
);

CREATE TABLE device (
    device uuid PRIMARY KEY,
    vendor uuid NOT NULL,
    name text NOT NULL,
    model text NOT NULL,
    lat integer NOT NULL,
    lon integer NOT NULL,
    epoch integer NOT NULL,
    generation integer NOT NULL DEFAULT 1,
    quarantined_at bigint,
    revoked_at bigint,
    last_seen_at bigint,
    created_at bigint NOT NULL
);

-- One journal of one device: its key, and how far it has come. Locked first by whoever adds records to it.
CREATE TABLE device_epoch (
    device uuid NOT NULL,
    epoch integer NOT NULL CHECK (epoch >= 1),
    kid bytea NOT NULL UNIQUE,
    public_key bytea NOT NULL UNIQUE,
    certificate bytea NOT NULL,
    enrolled_at bigint NOT NULL,
    compromised_at bigint,
    head bytea NOT NULL,      -- the link of the highest seq without a gap below; the genesis at first
    ranges jsonb NOT NULL,    -- the seqs that are here, as sorted [first, last] pairs
    PRIMARY KEY (device, epoch)
);

CREATE TABLE used_assertion (
    device uuid NOT NULL,
    jti text NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (device, jti)
);

-- ── What terminals sent ─────────────────────────────────────────────────────────────────────────────────────────────

CREATE TABLE batch (
    device uuid NOT NULL,
    batch uuid NOT NULL,
    epoch integer NOT NULL,
    records integer NOT NULL,
    receipt bytea NOT NULL,
    received_at bigint NOT NULL,
    PRIMARY KEY (device, batch)
);

-- Each record that has its place in a chain, as it travelled, with the first answer to it. Never altered.
CREATE TABLE journal_record (
    device uuid NOT NULL,
    epoch integer NOT NULL,
    seq bigint NOT NULL CHECK (seq >= 1),
    link bytea NOT NULL,
    prev bytea NOT NULL,
    raw bytea NOT NULL,
    at bigint,                -- by the device's clock; NULL where it can't be read
    type text,
    wallet text COLLATE "C",
    payment uuid,             -- the id that a payment's record names
    batch uuid NOT NULL,
    received_at bigint NOT NULL,
    status text NOT NULL,
    reasons text[] NOT NULL,
    score smallint NOT NULL,
    PRIMARY KEY (device, epoch, seq)
);
CREATE INDEX journal_record_by_payment ON journal_record (device, epoch, payment) WHERE payment IS NOT NULL;

-- Records whose seq another record had taken: the other half of a fork, with the answer to it. Never altered.
CREATE TABLE fork_record (
    device uuid NOT NULL,
    epoch integer NOT NULL,
    seq bigint NOT NULL,
    link bytea NOT NULL,
    raw bytea NOT NULL,
    payment uuid,
    batch uuid NOT NULL,
    received_at bigint NOT NULL,
    status text NOT NULL,
    reasons text[] NOT NULL,
    score smallint NOT NULL,
    PRIMARY KEY (device, epoch, seq, link)
);

-- What was rejected and has no place in a chain, kept for an admin to look at. Never altered.
CREATE TABLE stray_record (
    device uuid NOT NULL,
    link bytea NOT NULL,
    raw bytea NOT NULL,
    reason text NOT NULL,
    batch uuid NOT NULL,
    received_at bigint NOT NULL,
    PRIMARY KEY (device, link)
);

CREATE TABLE void (
    device uuid NOT NULL,
    epoch integer NOT NULL,
    payment uuid NOT NULL,
    seq bigint NOT NULL,
    shift uuid NOT NULL,
    approver text NOT NULL,
    reason text NOT NULL,
    -- waiting for its payment; held for an admin while the device is quarantined
    state text NOT NULL CHECK (state IN ('waiting', 'held', 'applied', 'no_effect')),
    PRIMARY KEY (device, epoch, payment)
);

CREATE TABLE shift (
    device uuid NOT NULL,
    epoch integer NOT NULL,
    shift uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'closed', 'reconciled', 'disputed')),
    cashier text NOT NULL,
    opened_seq bigint,        -- NULL while its opening has not arrived
    opened_at bigint,
    opening_float bigint,
    closed_seq bigint,
    closed_at bigint,
    count bigint,
    total bigint,
    currency text,
    compared boolean NOT NULL DEFAULT false, -- whether its close was held against its records
    PRIMARY KEY (device, epoch, shift),
    CONSTRAINT shift_closed_has_its_figures CHECK ((state = 'open') = (closed_seq IS NULL))
);
CREATE INDEX shift_to_compare ON shift (device, epoch, closed_seq) WHERE state = 'closed' AND NOT compared;

-- ── Money ───────────────────────────────────────────────────────────────────────────────────────────────────────────

-- A payment's facts, and its state: the server's role may change the last four columns alone.
CREATE TABLE payment (
    wallet text COLLATE "C" NOT NULL,
    payment uuid NOT NULL,
    device uuid NOT NULL,
    epoch integer NOT NULL,
    seq bigint NOT NULL,
    link bytea NOT NULL,
    shift uuid NOT NULL,
    vendor uuid NOT NULL,
    series uuid NOT NULL,
    idx bigint NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    at bigint NOT NULL,       -- by the device's clock
    taken_at bigint NOT NULL, -- protocol.md's "when": what all rules of time use
    uncertainty integer NOT NULL,
    lat integer NOT NULL,     -- the device's declared place at enrolment
    lon integer NOT NULL,
    book bigint NOT NULL,
    sale uuid,
    claimed boolean NOT NULL, -- whether it claimed its code's hold
    reasons text[] NOT NULL,
    score smallint NOT NULL CHECK (score BETWEEN 0 AND 100),
    batch uuid NOT NULL,
    received_at bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('SUCCESSFUL', 'FLAGGED', 'FAILED', 'REVERSED')),
    decided_by text,
    decided_at bigint,
    decision_reason text,
    PRIMARY KEY (wallet, payment)
) WITH (fillfactor = 90);
CREATE INDEX payment_by_time ON payment (wallet, taken_at);
CREATE INDEX payment_flagged ON payment (received_at) WHERE state = 'FLAGGED';

-- One row is one balanced movement from one account to another. Never altered.
CREATE TABLE transfer (
    wallet text COLLATE "C" NOT NULL,
    number bigint NOT NULL CHECK (number >= 1),
    debit text NOT NULL CHECK (debit IN ('online', 'offline', 'held', 'review', 'vendor', 'bank', 'fees', 'loss')),
    credit text NOT NULL CHECK (credit IN ('online', 'offline', 'held', 'review', 'vendor', 'bank', 'fees', 'loss')),
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    cause text NOT NULL CHECK (cause IN ('funding', 'move', 'issue', 'release', 'claim', 'rest', 'approve', 'reject', 'void')),
    payment uuid,
    series uuid,
    vendor uuid,
    at bigint NOT NULL,
    actor text NOT NULL,
    PRIMARY KEY (wallet, number),
    CONSTRAINT transfer_between_two CHECK (debit <> credit),
    CONSTRAINT transfer_names_its_vendor CHECK ((vendor IS NOT NULL) = (debit = 'vendor' OR credit = 'vendor')),
    CONSTRAINT transfer_names_its_cause CHECK (
        CASE WHEN cause IN ('funding', 'move') THEN payment IS NULL AND series IS NULL
             WHEN cause IN ('issue', 'release') THEN payment IS NULL AND series IS NOT NULL
             ELSE payment IS NOT NULL END)
);

-- Each transfer as its two lines; owner is the wallet or the vendor, NULL for the system's accounts.
CREATE VIEW entry AS
    SELECT wallet, number, 'DEBIT' AS side, debit AS account, -amount AS amount, currency, at,
           CASE WHEN debit = 'vendor' THEN vendor::text
                WHEN debit IN ('online', 'offline', 'held', 'review') THEN wallet END AS owner
      FROM transfer
    UNION ALL
    SELECT wallet, number, 'CREDIT', credit, amount, currency, at,
           CASE WHEN credit = 'vendor' THEN vendor::text
                WHEN credit IN ('online', 'offline', 'held', 'review') THEN wallet END
      FROM transfer;

-- What a transfer changed of a vendor's balance and no folder has added up yet; below zero for a void.
CREATE TABLE pending_credit (
    wallet text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    vendor uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount <> 0),
    currency text NOT NULL,
    PRIMARY KEY (wallet, number)
);

-- Each change of a payment's state, numbered without gaps in a wallet. Never altered.
CREATE TABLE payment_event (
    wallet text COLLATE "C" NOT NULL,
    number bigint NOT NULL CHECK (number >= 1),
    payment uuid NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    reasons text[] NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL,
    note text,
    PRIMARY KEY (wallet, number)
);

-- Events still to be delivered to whoever listens, at least once.
CREATE TABLE outbox (
    wallet text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    event jsonb NOT NULL,
    PRIMARY KEY (wallet, number)
);

-- ── What books must tell ────────────────────────────────────────────────────────────────────────────────────────────

-- Series that changed since they were numbered: written on the hot path, taken by the numbering of books.
CREATE TABLE series_change (
    wallet text COLLATE "C" NOT NULL,
    series uuid NOT NULL
);

-- What became of a device's payment after its receipt; version is NULL until it is numbered.
CREATE TABLE device_update (
    device uuid NOT NULL,
    payment uuid NOT NULL,
    wallet text COLLATE "C" NOT NULL,
    status text NOT NULL,
    reasons text[] NOT NULL,
    at bigint NOT NULL,
    version bigint
);
CREATE INDEX device_update_by_version ON device_update (device, version);
CREATE INDEX device_update_unnumbered ON device_update (at) WHERE version IS NULL;

-- ── What the server's role may do ───────────────────────────────────────────────────────────────────────────────────

GRANT USAGE ON SCHEMA public TO tallystick_server;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO tallystick_server;
GRANT INSERT ON ALL TABLES IN SCHEMA public TO tallystick_server;
REVOKE INSERT ON schema_migration FROM tallystick_server;
GRANT UPDATE ON
    server_key, book_clock, vendor, vendor_balance, cashier, customer, wallet, series, code, enrolment_token, device,
    device_epoch, void, shift, device_update TO tallystick_server;
GRANT UPDATE (state, decided_by, decided_at, decision_reason) ON payment TO tallystick_server;
-- SELECT … FOR UPDATE, by which two folders keep out of each other's way, needs the right to update.
GRANT UPDATE ON pending_credit, outbox TO tallystick_server;
GRANT DELETE ON pending_credit, outbox, series_change, used_assertion, cashier TO tallystick_server;
