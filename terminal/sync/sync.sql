-- pending_batches: what was put together and has no receipt, the oldest epoch first.
SELECT id, epoch, first_seq, last_seq FROM batch WHERE receipt IS NULL ORDER BY epoch, first_seq, made_at, id;

-- unanswered_after: records without an answer behind a place of the journal, in order.
SELECT record.epoch, record.seq, length(record.raw) AS size
FROM unanswered JOIN record USING (epoch, seq)
WHERE (unanswered.epoch, unanswered.seq) > (:epoch, :seq)
ORDER BY unanswered.epoch, unanswered.seq LIMIT :most;

-- answered_between: records that a receipt covers and did not reject, of which the server now says it lacks them.
SELECT record.epoch, record.seq, length(record.raw) AS size
FROM record JOIN answer USING (epoch, seq)
WHERE record.epoch = :epoch AND record.seq BETWEEN :first AND :last AND answer.status <> 'rejected'
ORDER BY record.seq LIMIT :most;

-- add_batch: a batch is about to be sent.
INSERT INTO batch (id, epoch, first_seq, last_seq, made_at) VALUES (:id, :epoch, :first_seq, :last_seq, :made_at);

-- drop_batch: the server took nothing of a batch, so smaller ones replace it.
DELETE FROM batch WHERE id = :id AND receipt IS NULL;

-- records_between: what a batch holds.
SELECT seq, raw, link FROM record WHERE epoch = :epoch AND seq BETWEEN :first_seq AND :last_seq ORDER BY seq;

-- payments_between: the payments among them.
SELECT seq, id, unsynced, state, reasons FROM payment WHERE epoch = :epoch AND seq BETWEEN :first_seq AND :last_seq;

-- answers_between: what was answered to them before.
SELECT seq, status FROM answer WHERE epoch = :epoch AND seq BETWEEN :first_seq AND :last_seq;

-- link_of: this terminal's own link of a record.
SELECT link FROM record WHERE epoch = :epoch AND seq = :seq;

-- epoch_key: the public key of an epoch.
SELECT public_key FROM certificate WHERE epoch = :epoch;

-- set_receipt: a batch is answered.
UPDATE batch SET receipt = :receipt, answered_at = :answered_at WHERE id = :id;

-- last_receipt: that of the newest batch, whose ids are in the order of time.
SELECT receipt FROM batch WHERE receipt IS NOT NULL ORDER BY id DESC LIMIT 1;

-- all_keys: every server key that was ever pinned, for what was verified when it came.
SELECT kid, key FROM server_key;

-- set_answer: the server's word on a record; a later receipt's replaces it.
INSERT INTO answer (epoch, seq, status, reasons, score, batch, answered_at)
VALUES (:epoch, :seq, :status, :reasons, :score, :batch, :answered_at)
ON CONFLICT (epoch, seq) DO UPDATE SET status = excluded.status, reasons = excluded.reasons, score = excluded.score,
    batch = excluded.batch, answered_at = excluded.answered_at;

-- follow: a verified receipt covers this payment's record, and says what becomes of it.
UPDATE payment SET unsynced = 0, state = :state, reasons = :reasons WHERE id = :id;

-- note_try: a half of the sync was tried; NULL where it did not succeed.
INSERT INTO sync_state (what, tried_at, succeeded_at, error) VALUES (:what, :tried_at, :succeeded_at, :error)
ON CONFLICT (what) DO UPDATE SET tried_at = excluded.tried_at,
    succeeded_at = coalesce(excluded.succeeded_at, succeeded_at), error = excluded.error;

-- slow_since: when an upload was last tried, if the server was too slow for a customer who waited.
SELECT tried_at FROM sync_state WHERE what = 'push'
    AND CASE WHEN json_valid(error) THEN json_extract(error, '$.code') END = 'SERVER_TOO_SLOW';

-- set_device: this terminal is enrolled, or in its next epoch.
INSERT INTO device (one, device, epoch, public_key, certificate, server_url, server_id, vendor, vendor_name, lat, lon,
    currency, name, enrolled_at)
VALUES (1, :device, :epoch, :public_key, :certificate, :server_url, :server_id, :vendor, :vendor_name, :lat, :lon,
    :currency, :name, :enrolled_at)
ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, public_key = excluded.public_key,
    certificate = excluded.certificate, server_url = excluded.server_url, vendor = excluded.vendor,
    vendor_name = excluded.vendor_name, lat = excluded.lat, lon = excluded.lon, currency = excluded.currency,
    name = excluded.name, enrolled_at = excluded.enrolled_at;

-- pin_key: a server key that the enrolment brought.
INSERT INTO server_key (kid, key) VALUES (:kid, :key)
ON CONFLICT (kid) DO UPDATE SET not_after = NULL;

-- enrolled_as: whether this terminal is enrolled.
SELECT 1 FROM device;

-- count_unanswered: records that no verified receipt covers.
SELECT records FROM waiting;

-- standing_to_tell: how many records wait, and since when the oldest does.
SELECT records, (SELECT min(at) FROM unanswered) AS oldest_at FROM waiting;

-- shift_is_open: whether a shift is open.
SELECT 1 FROM shift WHERE closed_at IS NULL;

-- asked_refund: the refund of a payment of which it is not known whether the server made it.
SELECT key, payment, amount, currency, approver, reason FROM refund WHERE payment = :payment AND state = 'asked';

-- refunded_so_far: what was given back of a payment.
SELECT coalesce(sum(amount), 0) FROM refund WHERE payment = :payment AND state = 'done';

-- add_refund: a refund is about to be asked for.
INSERT INTO refund (key, payment, amount, currency, approver, reason, shift, asked_at)
VALUES (:key, :payment, :amount, :currency, :approver, :reason, :shift, :asked_at);

-- drop_refund: it was never asked for: no connection stood.
DELETE FROM refund WHERE key = :key AND state = 'asked';

-- end_refund: the server's word on it.
UPDATE refund SET state = :state, problem = :problem, ended_at = :ended_at WHERE key = :key AND state = 'asked';
