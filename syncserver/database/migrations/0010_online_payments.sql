-- A payment is of a terminal's journal (offline) or was asked for by its customer over the network (online): wholly one
-- or wholly the other. What an online one pays with is in the wallet's online balance, and nothing of it is in a journal.
ALTER TABLE payment
    ADD COLUMN channel text NOT NULL DEFAULT 'offline',
    ALTER COLUMN device DROP NOT NULL,
    ALTER COLUMN epoch DROP NOT NULL,
    ALTER COLUMN seq DROP NOT NULL,
    ALTER COLUMN link DROP NOT NULL,
    ALTER COLUMN shift DROP NOT NULL,
    ALTER COLUMN series DROP NOT NULL,
    ALTER COLUMN idx DROP NOT NULL,
    ALTER COLUMN at DROP NOT NULL,
    ALTER COLUMN lat DROP NOT NULL, -- where the customer says to be, if they say so
    ALTER COLUMN lon DROP NOT NULL,
    ALTER COLUMN book DROP NOT NULL,
    ALTER COLUMN batch DROP NOT NULL,
    ADD CONSTRAINT payment_is_offline_or_online CHECK (
        CASE channel
             WHEN 'offline' THEN num_nulls(device, epoch, seq, link, shift, series, idx, at, lat, lon, book, batch) = 0
             WHEN 'online' THEN num_nonnulls(device, epoch, seq, link, shift, series, idx, at, book, sale, batch) = 0
                                AND NOT claimed AND (lat IS NULL) = (lon IS NULL)
             ELSE false END);

-- Ids are unique in a wallet alone. Where only an id is known, journals lead to its wallet; these are in none, or beside
-- one. Offline payments that settle as usual are not in this index, so it costs them nothing.
CREATE INDEX payment_beside_journals ON payment (payment) WHERE channel = 'online' OR 'FORK' = ANY (reasons);

ALTER TABLE transfer DROP CONSTRAINT transfer_cause_check;
ALTER TABLE transfer ADD CONSTRAINT transfer_cause_check CHECK (
    cause IN ('funding', 'move', 'issue', 'release', 'claim', 'rest', 'approve', 'reject', 'void', 'pay', 'refund'));

-- What a vendor gave back of a settled payment: to its customer, and to the house what the house had paid of it. They
-- are numbered in each payment without gaps, and add up to no more than was paid. Never altered.
CREATE TABLE refund (
    wallet text COLLATE "C" NOT NULL,
    payment uuid NOT NULL,
    number integer NOT NULL CHECK (number >= 1),
    to_customer bigint NOT NULL CHECK (to_customer >= 0),
    to_house bigint NOT NULL CHECK (to_house >= 0),
    reason text NOT NULL,
    actor text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (wallet, payment, number),
    CONSTRAINT refund_is_of_something CHECK (to_customer + to_house > 0)
);
GRANT SELECT, INSERT ON refund TO tallystick_server;
