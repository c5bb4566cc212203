-- How money comes in, and what vendors see.

-- Our own bank accounts: where customers pay in, one of which every statement must be of. Whoever imports one of its
-- statements locks its row, so that of two imports at once the second knows what the first one did.
CREATE TABLE bank_account (
    account text COLLATE "C" PRIMARY KEY CHECK (account ~ '^[A-Z0-9]{1,34}$'),
    holder text NOT NULL,
    bic text,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    created_at bigint NOT NULL
);
GRANT SELECT, INSERT ON bank_account TO tallystick_server;
GRANT UPDATE (holder, bic) ON bank_account TO tallystick_server;

-- Each file that was imported, by the SHA-256 of its bytes, with who imported it first. Never altered.
CREATE TABLE bank_import (
    import bytea PRIMARY KEY CHECK (length(import) = 32),
    format text NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL
);
GRANT SELECT, INSERT ON bank_import TO tallystick_server;

-- Each booked entry of a statement, once, whatever files it was in; a batch that the bank booked as one entry is as many
-- rows as it has transactions. Its facts are never altered.
CREATE TABLE bank_entry (
    entry uuid PRIMARY KEY,
    account text COLLATE "C" NOT NULL,
    key bytea NOT NULL CHECK (length(key) = 32), -- what makes it the same entry in another file
    part integer NOT NULL CHECK (part >= 1),
    import bytea NOT NULL,
    statement integer NOT NULL,     -- which of the file's
    reference text,                 -- the bank's, of the entry
    strong boolean NOT NULL,        -- whether that reference is the entry's alone, by the bank's word
    booked_on date NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    credit boolean NOT NULL,
    reversal boolean NOT NULL,
    payer text NOT NULL,
    remittance text NOT NULL,
    named text COLLATE "C",         -- the wallet that its creditor reference names
    imported_at bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('credited', 'unmatched')),
    reason text,                    -- why it was not credited when it came
    wallet text COLLATE "C",        -- with number: the transfer that it became
    number bigint,
    decided_by text,                -- who assigned it, where a person did
    decided_at bigint,
    CONSTRAINT bank_entry_imported_once UNIQUE (key, part),
    CONSTRAINT bank_entry_credited_is_a_transfer CHECK (
        (state = 'credited') = (wallet IS NOT NULL) AND (wallet IS NULL) = (number IS NULL)),
    CONSTRAINT bank_entry_credited_is_a_credit CHECK (state <> 'credited' OR (credit AND NOT reversal)),
    CONSTRAINT bank_entry_unmatched_has_its_reason CHECK (state = 'credited' OR reason IS NOT NULL)
);
CREATE UNIQUE INDEX bank_entry_of_transfer ON bank_entry (wallet, number) WHERE wallet IS NOT NULL;
CREATE INDEX bank_entry_by_reference ON bank_entry (account, reference) WHERE strong;
CREATE INDEX bank_entry_by_facts ON bank_entry (account, booked_on, amount);
CREATE INDEX bank_entry_by_state ON bank_entry (state, entry);
GRANT SELECT, INSERT ON bank_entry TO tallystick_server;
GRANT UPDATE (state, wallet, number, decided_by, decided_at) ON bank_entry TO tallystick_server;

-- Each pay-in at the cash desk, under the number of its paper receipt. Never altered.
CREATE TABLE cash_receipt (
    receipt text PRIMARY KEY,
    wallet text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    received_by uuid NOT NULL,
    at bigint NOT NULL,
    UNIQUE (wallet, number)
);
GRANT SELECT, INSERT ON cash_receipt TO tallystick_server;

-- Each time that an admin asked for money to come in: also whoever was the first of two. Never altered.
CREATE TABLE funding_request (
    request uuid PRIMARY KEY,
    action text NOT NULL,
    subject text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    asked_by uuid NOT NULL,
    went_ahead boolean NOT NULL,
    at bigint NOT NULL
);
GRANT SELECT, INSERT ON funding_request TO tallystick_server;

-- What a vendor was credited and debited, in order of time: one index entry for a payment that settles, and a short one,
-- because those of a batch have the same key. A vendor's payments that settled without anybody having decided them are
-- found by it too; only the others have an entry of their own, which the way of an ordinary payment never pays for.
CREATE INDEX transfer_of_vendor ON transfer (vendor, at) WHERE vendor IS NOT NULL;
CREATE INDEX payment_of_vendor ON payment (vendor, received_at) WHERE state <> 'SUCCESSFUL' OR decided_at IS NOT NULL;
CREATE INDEX device_of_vendor ON device (vendor, device);
