-- A batch's way into the database: what is read under its locks, and what is written.

-- device_for_upload: the uploading device, its vendor and the vendor's state
SELECT d.vendor, d.quarantined_at, d.revoked_at, v.currency, v.blocked_version
  FROM device d JOIN vendor v USING (vendor) WHERE d.device = $1;

-- epoch_keys: the keys of all epochs of a device
SELECT epoch, kid, public_key FROM device_epoch WHERE device = $1;

-- foreign_kids: which of these kids belong to other devices
SELECT kid FROM device_epoch WHERE kid = ANY ($1::bytea[]) AND device <> $2;

-- lock_epoch: lock a device's journal, first of all locks
SELECT public_key, compromised_at, head, ranges, lat, lon FROM device_epoch WHERE device = $1 AND epoch = $2 FOR UPDATE;

-- read_policies: every change of limits that concerns a device
SELECT version, effective_at, device IS NOT NULL AS for_device, body FROM policy
 WHERE vendor = $1 AND (device IS NULL OR device = $2) ORDER BY version;

-- read_records: stored records at these seqs, with their first answers
SELECT seq, link, prev, at, payment, status, reasons, score FROM journal_record
 WHERE device = $1 AND epoch = $2 AND seq = ANY ($3::bigint[]);

-- read_forks: the other halves of forks at these seqs, with their first answers
SELECT seq, link, payment, status, reasons, score FROM fork_record
 WHERE device = $1 AND epoch = $2 AND seq = ANY ($3::bigint[]);

-- link_at: the link at one seq
SELECT link FROM journal_record WHERE device = $1 AND epoch = $2 AND seq = $3;

-- payments_of_journal: payments that a journal brought, by their ids; the first record with an id counts
SELECT DISTINCT ON (j.payment) j.payment, j.wallet FROM journal_record j
 WHERE j.device = $1 AND j.epoch = $2 AND j.payment = ANY ($3::uuid[]) AND j.type = 'payment' AND j.status <> 'rejected'
 ORDER BY j.payment, j.seq;

-- read_payments: payments as they stand now
SELECT p.wallet, p.payment, p.shift, p.vendor, p.amount, p.claimed, p.taken_at, p.state, p.reasons
  FROM payment p JOIN unnest($1::text[], $2::uuid[]) AS k (wallet, payment) USING (wallet, payment)
 WHERE p.wallet = ANY ($1::text[]);

-- read_voids: voids of these payments
SELECT payment, shift, state FROM void WHERE device = $1 AND epoch = $2 AND payment = ANY ($3::uuid[]);

-- read_shifts: shifts and their two ends
SELECT shift, opened_seq, closed_seq FROM shift WHERE device = $1 AND epoch = $2 AND shift = ANY ($3::uuid[]);

-- read_codes: codes and their series
SELECT c.wallet, c.series, c.idx, c.cap, c.state, c.wrapped_proof_key, s.issued_at, s.expires_at, s.withdrawn_version
  FROM unnest($1::text[], $2::uuid[], $3::bigint[]) AS k (wallet, series, idx)
  JOIN code c ON c.wallet = k.wallet AND c.series = k.series AND c.idx = k.idx
  JOIN series s ON s.wallet = k.wallet AND s.series = k.series
 WHERE c.wallet = ANY ($1::text[]);

-- read_day_totals: what settled and flagged payments of these UTC days sum up to
SELECT k.wallet, k.day, coalesce(sum(p.amount), 0)::bigint AS total
  FROM unnest($1::text[], $2::bigint[]) AS k (wallet, day)
  JOIN payment p ON p.wallet = k.wallet AND p.taken_at >= k.day * 86400000 AND p.taken_at < (k.day + 1) * 86400000
 WHERE p.state IN ('SUCCESSFUL', 'FLAGGED') AND p.wallet = ANY ($1::text[])
 GROUP BY k.wallet, k.day;

-- read_neighbours: payments of a wallet close before and after a time, $3 of them each way
SELECT DISTINCT k.wallet, near.payment, near.taken_at, near.lat, near.lon, near.uncertainty
  FROM unnest($1::text[], $2::bigint[]) AS k (wallet, moment)
 CROSS JOIN LATERAL (
    (SELECT p.payment, p.taken_at, p.lat, p.lon, p.uncertainty FROM payment p
      WHERE p.wallet = k.wallet AND p.taken_at <= k.moment AND p.state IN ('SUCCESSFUL', 'FLAGGED')
      ORDER BY p.taken_at DESC LIMIT $3)
    UNION
    (SELECT p.payment, p.taken_at, p.lat, p.lon, p.uncertainty FROM payment p
      WHERE p.wallet = k.wallet AND p.taken_at >= k.moment AND p.state IN ('SUCCESSFUL', 'FLAGGED')
      ORDER BY p.taken_at LIMIT $3)
 ) AS near;

-- write_records: add records to the journal, with their answers
INSERT INTO journal_record
       (device, epoch, batch, received_at, seq, link, prev, raw, at, type, wallet, payment, status, reasons, score,
        fork)
SELECT $1, $2, $3, $4, r.seq, r.link, r.prev, r.raw, r.at, r.type, r.wallet, r.payment, r.status, r.reasons::text[],
       r.score, r.fork
  FROM unnest($5::bigint[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bigint[], $10::text[], $11::text[],
              $12::uuid[], $13::text[], $14::text[], $15::smallint[], $16::boolean[])
       AS r (seq, link, prev, raw, at, type, wallet, payment, status, reasons, score, fork);

-- write_forks: keep the other halves of forks, with their answers
INSERT INTO fork_record (device, epoch, batch, received_at, seq, link, raw, payment, status, reasons, score)
SELECT $1, $2, $3, $4, r.seq, r.link, r.raw, r.payment, r.status, r.reasons::text[], r.score
  FROM unnest($5::bigint[], $6::bytea[], $7::bytea[], $8::uuid[], $9::text[], $10::text[], $11::smallint[])
       AS r (seq, link, raw, payment, status, reasons, score);

-- write_strays: keep what was rejected without a place; the same bytes once
INSERT INTO stray_record (device, batch, received_at, link, raw, reason)
SELECT $1, $2, $3, r.link, r.raw, r.reason FROM unnest($4::bytea[], $5::bytea[], $6::text[]) AS r (link, raw, reason)
    ON CONFLICT DO NOTHING;

-- write_payments: add judged payments
INSERT INTO payment (device, epoch, vendor, lat, lon, batch, received_at, wallet, payment, seq, link, shift, series, idx,
                     amount, currency, at, taken_at, uncertainty, book, sale, claimed, reasons, score, state)
SELECT $1, $2, $3, $4, $5, $6, $7, p.wallet, p.payment, p.seq, p.link, p.shift, p.series, p.idx, p.amount, p.currency,
       p.at, p.taken_at, p.uncertainty, p.book, p.sale, p.claimed, p.reasons::text[], p.score, p.state
  FROM unnest($8::text[], $9::uuid[], $10::bigint[], $11::bytea[], $12::uuid[], $13::uuid[], $14::bigint[],
              $15::bigint[], $16::text[], $17::bigint[], $18::bigint[], $19::integer[], $20::bigint[], $21::uuid[],
              $22::boolean[], $23::text[], $24::smallint[], $25::text[])
       AS p (wallet, payment, seq, link, shift, series, idx, amount, currency, at, taken_at, uncertainty, book, sale,
             claimed, reasons, score, state);

-- claim_codes: give codes to the payments that claimed them; how many were still free says whether all went well
UPDATE code SET state = 'claimed', payment = claim.payment
  FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::uuid[]) AS claim (wallet, series, idx, payment)
 WHERE code.wallet = claim.wallet AND code.series = claim.series AND code.idx = claim.idx
   AND code.state IN ('issued', 'expired', 'withdrawn') AND code.wallet = ANY ($1::text[]);

-- write_voids: add voids
INSERT INTO void (device, epoch, payment, seq, shift, approver, reason, state)
SELECT $1, $2, v.* FROM unnest($3::uuid[], $4::bigint[], $5::uuid[], $6::text[], $7::text[], $8::text[])
    AS v (payment, seq, shift, approver, reason, state);

-- set_void_states: what became of voids that waited
UPDATE void SET state = new.state FROM unnest($3::uuid[], $4::uuid[], $5::text[]) AS new (payment, shift, state)
 WHERE void.device = $1 AND void.epoch = $2 AND void.payment = new.payment AND void.shift = new.shift;

-- write_shift_open: a shift's start; its end may have come before it
INSERT INTO shift (device, epoch, shift, state, cashier, opened_seq, opened_at, opening_float)
VALUES ($1, $2, $3, 'open', $4, $5, $6, $7)
    ON CONFLICT (device, epoch, shift) DO UPDATE SET
       cashier = excluded.cashier, opened_seq = excluded.opened_seq, opened_at = excluded.opened_at,
       opening_float = excluded.opening_float;

-- write_shift_close: a shift's end; its start may be missing yet
INSERT INTO shift (device, epoch, shift, state, cashier, closed_seq, closed_at, count, total, currency)
VALUES ($1, $2, $3, 'closed', $4, $5, $6, $7, $8, $9)
    ON CONFLICT (device, epoch, shift) DO UPDATE SET
       state = 'closed', closed_seq = excluded.closed_seq, closed_at = excluded.closed_at, count = excluded.count,
       total = excluded.total, currency = excluded.currency;

-- compare_shifts: hold closes whose records are all here against them; those that differ become disputed. The journal is
-- read once for all of them: a till may open a thousand shifts at its beginning and close them at its end.
WITH due AS MATERIALIZED (
    SELECT shift, CASE WHEN opened_seq < closed_seq THEN opened_seq ELSE 0 END AS start, closed_seq FROM shift
     WHERE device = $1 AND epoch = $2 AND state = 'closed' AND NOT compared AND closed_seq <= $3),
 taken AS MATERIALIZED (
    SELECT j.seq, p.shift, p.payment, p.amount
      FROM journal_record j JOIN payment p ON p.wallet = j.wallet AND p.payment = j.payment
     WHERE j.device = $1 AND j.epoch = $2 AND j.type = 'payment' AND j.status <> 'rejected'
       AND j.seq > (SELECT min(start) FROM due) AND j.seq < (SELECT max(closed_seq) FROM due)),
 seen AS (
    SELECT due.shift, count(*) AS count, sum(taken.amount) AS total
      FROM due JOIN taken ON taken.shift = due.shift AND taken.seq > due.start AND taken.seq < due.closed_seq
     WHERE NOT EXISTS (SELECT FROM void v WHERE v.device = $1 AND v.epoch = $2 AND v.payment = taken.payment
                          AND v.shift = taken.shift AND v.seq < due.closed_seq)
     GROUP BY due.shift)
UPDATE shift SET compared = true,
       state = CASE WHEN shift.count = coalesce(seen.count, 0) AND shift.total = coalesce(seen.total, 0)
                         AND shift.currency = (SELECT currency FROM vendor JOIN device USING (vendor) WHERE device = $1)
                    THEN shift.state ELSE 'disputed' END
  FROM due LEFT JOIN seen ON seen.shift = due.shift
 WHERE shift.device = $1 AND shift.epoch = $2 AND shift.shift = due.shift;

-- move_head: how far a journal has come
UPDATE device_epoch SET head = $3, ranges = $4::jsonb WHERE device = $1 AND epoch = $2;

-- quarantine: a fork was found; only an admin ends it
UPDATE device SET quarantined_at = $2 WHERE device = $1 AND quarantined_at IS NULL;

-- touch_device: when a device was last heard of
UPDATE device SET last_seen_at = $2 WHERE device = $1;

-- write_batch: keep the first receipt for a batch
INSERT INTO batch (device, batch, epoch, records, receipt, received_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING;
