-- device: who this terminal is.
SELECT device, epoch, public_key, certificate, server_url, server_id, vendor, vendor_name, lat, lon, currency, name
FROM device;

-- last_record: the end of an epoch's chain.
SELECT seq, link, at, tick, boot FROM record WHERE epoch = :epoch ORDER BY seq DESC LIMIT 1;

-- highest_at: the latest time that any record of this terminal says.
SELECT max(at) FROM record;

-- add_record: the journal grows by one.
INSERT INTO record (epoch, seq, type, raw, link, at, tick, boot)
VALUES (:epoch, :seq, :type, :raw, :link, :at, :tick, :boot);

-- records_of_epoch: a whole chain, in order.
SELECT epoch, seq, type, raw, link, at FROM record WHERE epoch = :epoch ORDER BY seq;

-- count_unanswered: how many records wait for their receipt, and since when.
SELECT records AS count, (SELECT min(at) FROM unanswered) AS oldest FROM waiting;

-- certificate_of_epoch: the server's word for an epoch's key.
SELECT certificate FROM certificate WHERE epoch = :epoch;

-- server_keys: who is believed.
SELECT kid, key, not_after FROM server_key ORDER BY kid;

-- receipts_of_epoch: every verified receipt, in the order of the batches.
SELECT receipt FROM batch WHERE epoch = :epoch AND receipt IS NOT NULL ORDER BY answered_at, first_seq, id;

-- add_payment: a payment as its till sees it.
INSERT INTO payment (id, epoch, seq, shift, wallet, series, idx, amount, currency, at, taken, state, reasons)
VALUES (:id, :epoch, :seq, :shift, :wallet, :series, :idx, :amount, :currency, :at, :taken, :state, :reasons);

-- payment: one payment.
SELECT id, epoch, seq, shift, wallet, series, idx, amount, currency, at, state, reasons, unsynced
FROM payment WHERE id = :id;

-- latest_payments: the newest first.
SELECT id, epoch, seq, shift, wallet, series, idx, amount, currency, at, state, reasons, unsynced
FROM payment ORDER BY epoch DESC, seq DESC LIMIT :most;

-- unsynced_payments: what no receipt covers, the oldest first.
SELECT id, epoch, seq, shift, wallet, series, idx, amount, currency, at, state, reasons, unsynced
FROM payment WHERE unsynced = 1 ORDER BY epoch, seq;

-- unsynced_page: some of those behind a place, found by what waits, however long the journal before it is.
SELECT payment.id, payment.epoch, payment.seq, shift, wallet, series, idx, amount, currency, payment.at, state, reasons,
       unsynced
FROM unanswered CROSS JOIN payment USING (epoch, seq)
WHERE (unanswered.epoch, unanswered.seq) > (:epoch, :seq) AND payment.unsynced = 1
ORDER BY unanswered.epoch, unanswered.seq LIMIT :most;

-- set_payment: what became of a payment.
UPDATE payment SET state = :state, reasons = :reasons, unsynced = :unsynced WHERE id = :id;

-- payment_by_code: the payment that took a code here, whatever became of it.
SELECT id, epoch, seq, shift, wallet, series, idx, amount, currency, at, state, reasons, unsynced
FROM payment WHERE series = :series AND idx = :idx;

-- unsynced_of_wallet: a customer's payments in a row since the last sync.
SELECT count(*) FROM payment WHERE unsynced = 1 AND wallet = :wallet;

-- exposure: what the shop would lose if the server took none of it; what is void or failed is no risk any more.
SELECT payments AS count, total FROM waiting;

-- total_between: a customer's sum in [since, until); void and failed ones do not count.
SELECT coalesce(sum(amount), 0) FROM payment
WHERE wallet = :wallet AND taken >= :since AND taken < :until AND state NOT IN ('VOIDED', 'FAILED');

-- times_between: when a customer paid, both ends included; void and failed ones do not count.
SELECT taken FROM payment
WHERE wallet = :wallet AND taken BETWEEN :since AND :until AND state NOT IN ('VOIDED', 'FAILED');

-- open_shift: the one that is open.
SELECT id, epoch, cashier, opening_float, opened_at FROM shift WHERE closed_at IS NULL;

-- add_shift: a shift begins.
INSERT INTO shift (id, epoch, cashier, opening_float, opened_at)
VALUES (:id, :epoch, :cashier, :opening_float, :opened_at);

-- close_shift: a shift ends.
UPDATE shift SET closed_at = :closed_at, count = :count, total = :total, carried_count = :carried_count,
    carried_total = :carried_total WHERE id = :id;

-- shift_totals: payments of a shift, less the void ones, and what of them is not synced.
SELECT count(*) FILTER (WHERE state <> 'VOIDED') AS count,
       coalesce(sum(amount) FILTER (WHERE state <> 'VOIDED'), 0) AS total,
       count(*) FILTER (WHERE state = 'VOIDED') AS voids,
       count(*) FILTER (WHERE unsynced = 1) AS unsynced
FROM payment WHERE shift = :shift;

-- record_at: one record by its place.
SELECT epoch, seq, type, raw, link, at FROM record WHERE epoch = :epoch AND seq = :seq;

-- voids_behind: the voids behind a place of an epoch's chain, in order.
SELECT epoch, seq, type, raw, link, at FROM record WHERE epoch = :epoch AND seq > :seq AND type = 'void' ORDER BY seq;

-- records_of_moment: the records of a type that say one time, of all epochs.
SELECT epoch, seq, type, raw, link, at FROM record WHERE at = :at AND type = :type ORDER BY epoch, seq;

-- end_of_epoch: the last record of an epoch.
SELECT epoch, seq, type, raw, link, at FROM record WHERE epoch = :epoch ORDER BY seq DESC LIMIT 1;
