-- What vendors are owed is paid out by bank transfer: payable -> clearing when a payout is proposed, clearing -> bank when
-- the bank has paid it, and back to the vendor where it did not.

-- Movements of vendors' money in which no wallet has a part, numbered by vendor without gaps. Never altered. `clearing` is
-- what is on its way to a vendor's bank.
CREATE TABLE vendor_transfer (
    vendor uuid NOT NULL,
    number bigint NOT NULL CHECK (number >= 1),
    debit text NOT NULL CHECK (debit IN ('vendor', 'clearing', 'bank', 'loss')),
    credit text NOT NULL CHECK (credit IN ('vendor', 'clearing', 'bank', 'loss')),
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    cause text NOT NULL,
    payout uuid NOT NULL, -- or the write-off that it is of
    at bigint NOT NULL,
    actor text NOT NULL,
    PRIMARY KEY (vendor, number),
    CONSTRAINT vendor_transfer_is_a_step CHECK (
        CASE cause WHEN 'payout' THEN debit = 'vendor' AND credit = 'clearing'
                   WHEN 'paid' THEN debit IN ('clearing', 'vendor') AND credit = 'bank'
                   WHEN 'payout_back' THEN debit IN ('clearing', 'bank') AND credit = 'vendor'
                   WHEN 'write_off' THEN debit = 'loss' AND credit = 'vendor'
                   WHEN 'take_back' THEN debit = 'vendor' AND credit = 'loss'
                   ELSE false END)
);
CREATE INDEX vendor_transfer_of_payout ON vendor_transfer (payout);
GRANT SELECT, INSERT ON vendor_transfer TO tallystick_server;

-- How many of them a vendor has: its row's lock numbers them.
ALTER TABLE vendor_balance ADD COLUMN transfers bigint NOT NULL DEFAULT 0;

CREATE OR REPLACE VIEW entry AS
    SELECT wallet, number, 'DEBIT' AS side, debit AS account, -amount AS amount, currency, at,
           CASE WHEN debit = 'vendor' THEN vendor::text
                WHEN debit IN ('online', 'offline', 'held', 'review') THEN wallet END AS owner
      FROM transfer
    UNION ALL
    SELECT wallet, number, 'CREDIT', credit, amount, currency, at,
           CASE WHEN credit = 'vendor' THEN vendor::text
                WHEN credit IN ('online', 'offline', 'held', 'review') THEN wallet END
      FROM transfer
    UNION ALL
    SELECT NULL::text COLLATE "C", number, 'DEBIT', debit, -amount, currency, at,
           CASE WHEN debit IN ('vendor', 'clearing') THEN vendor::text END
      FROM vendor_transfer
    UNION ALL
    SELECT NULL::text COLLATE "C", number, 'CREDIT', credit, amount, currency, at,
           CASE WHEN credit IN ('vendor', 'clearing') THEN vendor::text END
      FROM vendor_transfer;

-- Where a vendor is paid, and from how much on (minor units): the latest that a second person confirmed counts. Who asked
-- and confirmed are NULL where the operator did it. Facts are never altered.
CREATE TABLE payout_account (
    vendor uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    account text COLLATE "C" NOT NULL CHECK (account ~ '^[A-Z0-9]{1,34}$'),
    holder text NOT NULL,
    bic text,
    minimum bigint NOT NULL CHECK (minimum >= 1),
    asked_by uuid,
    asked_actor text NOT NULL,
    asked_at bigint NOT NULL,
    confirmed_by uuid,
    confirmed_actor text,
    confirmed_at bigint,
    PRIMARY KEY (vendor, version),
    CONSTRAINT payout_account_is_confirmed_whole CHECK ((confirmed_actor IS NULL) = (confirmed_at IS NULL)),
    CONSTRAINT payout_account_takes_two CHECK (confirmed_by IS DISTINCT FROM asked_by OR confirmed_by IS NULL)
);
GRANT SELECT, INSERT ON payout_account TO tallystick_server;
GRANT UPDATE (confirmed_by, confirmed_actor, confirmed_at) ON payout_account TO tallystick_server;

-- Payouts that were proposed together: of one currency, from one of our accounts, by a file for the bank (sepa) or by hand.
CREATE TABLE payout_run (
    run uuid PRIMARY KEY,
    method text NOT NULL CHECK (method IN ('sepa', 'by_hand')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    account text COLLATE "C" NOT NULL,
    proposed_by uuid,
    proposed_actor text NOT NULL,
    proposed_at bigint NOT NULL,
    approved_by uuid,
    approved_actor text,
    approved_at bigint,
    alone boolean NOT NULL DEFAULT false, -- whether nobody but the one who approved it had a part in it
    CONSTRAINT payout_run_sepa_is_in_euro CHECK (method = 'by_hand' OR currency = 'EUR'),
    CONSTRAINT payout_run_is_approved_whole CHECK ((approved_actor IS NULL) = (approved_at IS NULL))
);
CREATE INDEX payout_run_alone ON payout_run (approved_by, approved_at) WHERE alone;
GRANT SELECT, INSERT ON payout_run TO tallystick_server;
GRANT UPDATE (approved_by, approved_actor, approved_at, alone) ON payout_run TO tallystick_server;

-- The file of a run as the bank was given it, byte for byte. Never altered.
CREATE TABLE payout_file (
    run uuid PRIMARY KEY,
    message text NOT NULL UNIQUE, -- the bank's word for the file: MsgId
    schema text NOT NULL,
    file bytea NOT NULL,
    sha256 bytea NOT NULL CHECK (sha256 = sha256(file)),
    made_at bigint NOT NULL,
    actor text NOT NULL
);
GRANT SELECT, INSERT ON payout_file TO tallystick_server;

-- What one vendor is paid in a run. Where it goes is as it was when it was proposed; only its state changes.
CREATE TABLE payout (
    payout uuid PRIMARY KEY,
    run uuid NOT NULL,
    vendor uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    end_to_end text COLLATE "C" NOT NULL UNIQUE,
    account text COLLATE "C" NOT NULL,
    holder text NOT NULL,
    bic text,
    account_version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('proposed', 'approved', 'sent', 'paid', 'failed', 'returned', 'cancelled')),
    changed_at bigint NOT NULL,
    reference text COLLATE "C" UNIQUE, -- the bank's, of a payment that a person made or looked up
    events integer NOT NULL DEFAULT 0
);
CREATE INDEX payout_of_run ON payout (run, payout);
CREATE INDEX payout_of_vendor ON payout (vendor, payout);
CREATE INDEX payout_by_state ON payout (state, payout);
CREATE INDEX payout_under_way ON payout (vendor) WHERE state IN ('proposed', 'approved', 'sent');
GRANT SELECT, INSERT ON payout TO tallystick_server;
GRANT UPDATE (state, changed_at, reference, events) ON payout TO tallystick_server;

-- Each change of a payout's state, numbered without gaps. Never altered.
CREATE TABLE payout_event (
    payout uuid NOT NULL,
    number integer NOT NULL CHECK (number >= 1),
    before text,
    after text NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL,
    note text,
    PRIMARY KEY (payout, number)
);
GRANT SELECT, INSERT ON payout_event TO tallystick_server;

-- A bank's entry may be a payout that was paid, or that came back: one of each at most.
ALTER TABLE bank_entry
    ADD COLUMN end_to_end text NOT NULL DEFAULT '', -- what the bank was told to call it, where it says so
    ADD COLUMN payout uuid,
    DROP CONSTRAINT bank_entry_state_check,
    DROP CONSTRAINT bank_entry_unmatched_has_its_reason,
    ADD CONSTRAINT bank_entry_state_check CHECK (state IN ('credited', 'payout', 'unmatched')),
    ADD CONSTRAINT bank_entry_payout_is_one CHECK ((state = 'payout') = (payout IS NOT NULL)),
    ADD CONSTRAINT bank_entry_unmatched_has_its_reason CHECK (state <> 'unmatched' OR reason IS NOT NULL);
CREATE UNIQUE INDEX bank_entry_of_payout ON bank_entry (payout, credit) WHERE payout IS NOT NULL;
