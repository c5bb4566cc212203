-- One payment in one transaction, as most people would write it: a statement for each thing.

-- naive_key: the device's key
SELECT e.public_key, d.vendor FROM device_epoch e JOIN device d USING (device) WHERE e.device = $1 AND e.epoch = $2;

-- naive_lock_device: one payment of a device at a time
SELECT head, ranges, lat, lon FROM device_epoch WHERE device = $1 AND epoch = $2 FOR UPDATE;

-- naive_device: its state
SELECT d.quarantined_at, d.revoked_at, v.currency, v.blocked_version FROM device d JOIN vendor v USING (vendor)
 WHERE d.device = $1;

-- naive_record: whether this record came before
SELECT link FROM journal_record WHERE device = $1 AND epoch = $2 AND seq = $3;

-- naive_previous: the record before it
SELECT link, at FROM journal_record WHERE device = $1 AND epoch = $2 AND seq = $3;

-- naive_policy: the limits
SELECT version, effective_at, device IS NOT NULL AS for_device, body FROM policy
 WHERE vendor = $1 AND (device IS NULL OR device = $2) ORDER BY version;

-- naive_lock_wallet: one payment of a wallet at a time
SELECT currency, held, offline, review, events, transfers, lat, lon, blocked_version FROM wallet WHERE wallet = $1
   FOR NO KEY UPDATE;

-- naive_payment: whether the id was used
SELECT 1 FROM payment WHERE wallet = $1 AND payment = $2;

-- naive_void: whether it was voided before it came
SELECT state FROM void WHERE device = $1 AND epoch = $2 AND payment = $3;

-- naive_code: the code and its series
SELECT c.cap, c.state, c.wrapped_proof_key, s.issued_at, s.expires_at, s.withdrawn_version FROM code c
  JOIN series s ON s.wallet = c.wallet AND s.series = c.series WHERE c.wallet = $1 AND c.series = $2 AND c.idx = $3;

-- naive_day: the customer's sum of the day
SELECT coalesce(sum(amount), 0)::bigint FROM payment
 WHERE wallet = $1 AND taken_at >= $2 AND taken_at < $3 AND state IN ('SUCCESSFUL', 'FLAGGED');

-- naive_neighbours: the customer's payments before and after
(SELECT taken_at, lat, lon, uncertainty FROM payment
  WHERE wallet = $1 AND taken_at <= $2 AND state IN ('SUCCESSFUL', 'FLAGGED') ORDER BY taken_at DESC LIMIT 11)
UNION ALL
(SELECT taken_at, lat, lon, uncertainty FROM payment
  WHERE wallet = $1 AND taken_at > $2 AND state IN ('SUCCESSFUL', 'FLAGGED') ORDER BY taken_at LIMIT 11);

-- naive_add_record: the journal
INSERT INTO journal_record (device, epoch, batch, received_at, seq, link, prev, raw, at, type, wallet, payment, status,
                            reasons, score)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'payment', $10, $11, $12, $13, 0);

-- naive_add_payment: the payment
INSERT INTO payment (device, epoch, vendor, lat, lon, batch, received_at, wallet, payment, seq, link, shift, series, idx,
                     amount, currency, at, taken_at, uncertainty, book, claimed, reasons, score, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, true, $21, 0, $22);

-- naive_add_transfer: a movement
INSERT INTO transfer (wallet, number, debit, credit, amount, currency, cause, payment, series, vendor, at, actor)
VALUES ($1, $2, 'held', $3, $4, $5, $6, $7, $8, $9, $10, 'naive');

-- naive_add_credit: what the vendor is owed
INSERT INTO pending_credit (wallet, number, vendor, amount, currency) VALUES ($1, $2, $3, $4, $5);

-- naive_add_event: the payment's history
INSERT INTO payment_event (wallet, number, payment, before, after, reasons, at, actor)
VALUES ($1, $2, $3, 'PROCESSING', $4, $5, $6, 'naive');

-- naive_add_outbox: for whoever listens
INSERT INTO outbox (wallet, number) VALUES ($1, $2);

-- naive_set_wallet: the balances
UPDATE wallet SET held = $2, offline = $3, review = $4, events = $5, transfers = $6,
       last_paid_at = greatest(last_paid_at, $7::bigint) WHERE wallet = $1;

-- naive_claim: the code is used
UPDATE code SET state = 'claimed', payment = $4 WHERE wallet = $1 AND series = $2 AND idx = $3;

-- naive_note_series: the book has to tell it
INSERT INTO series_change (wallet, series) VALUES ($1, $2);

-- naive_move_head: the journal's end
UPDATE device_epoch SET head = $3, ranges = $4::jsonb WHERE device = $1 AND epoch = $2;

-- naive_touch: when the device was heard of
UPDATE device SET last_seen_at = $2 WHERE device = $1;

-- naive_add_batch: the receipt
INSERT INTO batch (device, batch, epoch, records, receipt, received_at) VALUES ($1, $2, 1, 1, $3, $4);
