-- A batch's way into the database: what is read under its locks, and what is written.

-- epoch_keys: the keys of all epochs of a device
SELECT epoch, kid, public_key FROM device_epoch WHERE device = $1;

-- foreign_kids: which of these kids belong to other devices
SELECT kid FROM device_epoch WHERE kid = ANY ($1::bytea[]) AND device <> $2;

-- intake_of_day: what a device has added since a day began, where it has
SELECT intake_records, intake_bytes FROM device WHERE device = $1 AND intake_day >= $2;

-- lock_epochs: lock the journals of some devices, each of one epoch, in the devices' order, first of all locks
SELECT device, public_key, compromised_at, head, ranges, lat, lon FROM device_epoch
 WHERE device = ANY ($1::uuid[]) AND epoch = ($2::integer[])[array_position($1::uuid[], device)]
 ORDER BY device FOR UPDATE;

-- devices_for_uploads: the uploading devices, their vendors and the vendors' state, every change of limits that concerns
-- each, whether voids in its journal wait for their payments, and (one for all) the voids that are here of payments that
-- an upload's own voids name; $3 are each upload's, as the literal of an array
SELECT d.device, d.vendor, d.quarantined_at, d.revoked_at, v.currency, v.blocked_version,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(p.version, p.effective_at, p.device IS NOT NULL, p.body)
                                  ORDER BY p.version), '[]')
          FROM policy p WHERE p.vendor = d.vendor AND (p.device IS NULL OR p.device = d.device)) AS policies,
       EXISTS (SELECT FROM void w WHERE w.device = d.device AND w.state = 'waiting'
                  AND w.epoch = ($2::integer[])[array_position($1::uuid[], d.device)]) AS waiting,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(i.place, o.payment, o.shift, o.state)), '[]')
          FROM unnest($3::text[]) WITH ORDINALITY AS i (payments, place)
         CROSS JOIN LATERAL (SELECT payment, shift, state FROM void
                              WHERE device = ($1::uuid[])[i.place] AND epoch = ($2::integer[])[i.place]
                                AND payment = ANY (i.payments::uuid[]) OFFSET 0) AS o) AS voids
  FROM device d
 CROSS JOIN LATERAL (SELECT currency, blocked_version FROM vendor WHERE vendor = d.vendor LIMIT 1) AS v
 WHERE d.device = ANY ($1::uuid[]);

-- waiting_voids: voids that wait for one of these payments of a journal
SELECT payment, shift, state FROM void
 WHERE device = $1 AND epoch = $2 AND state = 'waiting' AND payment = ANY ($3::text::uuid[]);

-- read_policies: every change of limits that concerns a device
SELECT version, effective_at, device IS NOT NULL AS for_device, body FROM policy
 WHERE vendor = $1 AND (device IS NULL OR device = $2) ORDER BY version;

-- read_records: stored records at these seqs of these journals and (taken) the other halves of forks, with their first
-- answers; `place` is whose journal it is
SELECT k.place, r.* FROM unnest($3::text::integer[], $4::text::bigint[]) AS k (place, seq)
 CROSS JOIN LATERAL (
    (SELECT seq, link, prev, at, payment, status, reasons, score, false AS taken FROM journal_record
      WHERE device = ($1::uuid[])[k.place] AND epoch = ($2::integer[])[k.place] AND seq = k.seq LIMIT 1)
    UNION ALL
    (SELECT seq, link, NULL, NULL, payment, status, reasons, score, true FROM fork_record
      WHERE device = ($1::uuid[])[k.place] AND epoch = ($2::integer[])[k.place] AND seq = k.seq OFFSET 0)
 ) AS r;

-- link_at: the link at one seq
SELECT link FROM journal_record WHERE device = $1 AND epoch = $2 AND seq = $3;

-- payments_of_journal: payments that a journal brought, by their ids; the first record with an id counts
SELECT DISTINCT ON (j.payment) j.payment, j.wallet FROM journal_record j
 WHERE j.device = $1 AND j.epoch = $2 AND j.payment = ANY ($3::uuid[]) AND j.type = 'payment' AND j.status <> 'rejected'
 ORDER BY j.payment, j.seq;

-- read_payments: payments as they stand now, with what was refunded of them
SELECT p.wallet, p.payment, p.shift, p.vendor, p.amount, p.claimed, p.taken_at, p.state, p.reasons, p.channel,
       r.refunds, r.to_customer, r.to_house
  FROM unnest($1::text[], $2::uuid[]) AS k (wallet, payment)
 CROSS JOIN LATERAL (SELECT * FROM payment p WHERE p.wallet = k.wallet AND p.payment = k.payment LIMIT 1) AS p
 CROSS JOIN LATERAL (
    SELECT count(*) AS refunds, coalesce(sum(to_customer), 0)::bigint AS to_customer,
           coalesce(sum(to_house), 0)::bigint AS to_house
      FROM refund r WHERE r.wallet = k.wallet AND r.payment = k.payment) AS r;

-- read_shifts: shifts and their two ends
SELECT shift, opened_seq, closed_seq FROM shift WHERE device = $1 AND epoch = $2 AND shift = ANY ($3::uuid[]);

-- read_tenders: of each payment of a batch, by its position, the code with its series, and where $5 asks for it whether its
-- id was used. A LIMIT keeps a look-up a look-up: joined, an empty table would be read as a whole, for as long as that plan
-- is kept
SELECT k.position, c.cap, c.state, c.wrapped_proof_key, s.issued_at, s.expires_at, s.withdrawn_version,
       p.used IS NOT NULL AS used
  FROM unnest($1::text::text[], $2::text::uuid[], $3::text::bigint[], $4::text::uuid[]) WITH ORDINALITY AS k (wallet, series, idx, payment, position)
  LEFT JOIN code c ON c.wallet = k.wallet AND c.series = k.series AND c.idx = k.idx
  LEFT JOIN series s ON s.wallet = k.wallet AND s.series = k.series
  LEFT JOIN LATERAL (SELECT true AS used FROM payment p WHERE $5 AND p.wallet = k.wallet AND p.payment = k.payment LIMIT 1)
       AS p ON true;

-- read_recent: the settled and flagged payments of wallets since a time each, the $3 newest of each at most
SELECT p.wallet, p.taken_at, p.amount, p.lat, p.lon, p.uncertainty
  FROM unnest($1::text::text[], $2::text::bigint[]) AS k (wallet, since)
 CROSS JOIN LATERAL (
    SELECT wallet, taken_at, amount, lat, lon, uncertainty FROM payment
     WHERE wallet = k.wallet AND taken_at >= k.since AND state IN ('SUCCESSFUL', 'FLAGGED')
     ORDER BY taken_at DESC LIMIT $3) AS p;

-- read_history: what settled and flagged payments of wallets' UTC days sum up to (`total`), and the payments close
-- before and after times: $5 of them each way, and wherever a wallet went from one place to another, since of many at
-- one place only the nearest in time says how fast its customer came from there; none further away than $6 ms
SELECT k.wallet, k.day AS at, sums.total, NULL::integer AS lat, NULL::integer AS lon, NULL::integer AS uncertainty
  FROM unnest($1::text::text[], $2::text::bigint[]) AS k (wallet, day)
 CROSS JOIN LATERAL (
    SELECT sum(p.amount)::bigint AS total FROM payment p
     WHERE p.wallet = k.wallet AND p.taken_at >= k.day * 86400000 AND p.taken_at < (k.day + 1) * 86400000
       AND p.state IN ('SUCCESSFUL', 'FLAGGED')) AS sums
 WHERE sums.total IS NOT NULL
UNION ALL
SELECT near.wallet, near.taken_at, NULL, near.lat, near.lon, near.uncertainty
  FROM (SELECT DISTINCT ON (found.wallet, found.payment) found.* FROM (
            SELECT next.*
              FROM unnest($3::text::text[], $4::text::bigint[]) AS k (wallet, moment)
             CROSS JOIN LATERAL (
                (SELECT p.wallet, p.payment, p.taken_at, p.lat, p.lon, p.uncertainty FROM payment p
                  WHERE p.wallet = k.wallet AND p.taken_at <= k.moment AND p.taken_at >= k.moment - $6
                    AND p.state IN ('SUCCESSFUL', 'FLAGGED')
                  ORDER BY p.taken_at DESC LIMIT $5)
                UNION ALL
                (SELECT p.wallet, p.payment, p.taken_at, p.lat, p.lon, p.uncertainty FROM payment p
                  WHERE p.wallet = k.wallet AND p.taken_at > k.moment AND p.taken_at <= k.moment + $6
                    AND p.state IN ('SUCCESSFUL', 'FLAGGED')
                  ORDER BY p.taken_at LIMIT $5)
             ) AS next
            UNION ALL
            SELECT turn.wallet, turn.payment, turn.taken_at, turn.lat, turn.lon, turn.uncertainty
              FROM (SELECT k.wallet, min(k.moment) AS first, max(k.moment) AS last
                      FROM unnest($3::text::text[], $4::text::bigint[]) AS k (wallet, moment) GROUP BY k.wallet) AS w
             CROSS JOIN LATERAL (
                SELECT p.wallet, p.payment, p.taken_at, p.lat, p.lon, p.uncertainty,
                       p.lat IS DISTINCT FROM lag(p.lat) OVER time OR p.lat IS DISTINCT FROM lead(p.lat) OVER time
                       OR p.lon IS DISTINCT FROM lag(p.lon) OVER time OR p.lon IS DISTINCT FROM lead(p.lon) OVER time
                       OR p.uncertainty IS DISTINCT FROM lag(p.uncertainty) OVER time
                       OR p.uncertainty IS DISTINCT FROM lead(p.uncertainty) OVER time AS turns
                  FROM payment p
                 WHERE p.wallet = w.wallet AND p.taken_at >= w.first - $6 AND p.taken_at <= w.last + $6
                   AND p.state IN ('SUCCESSFUL', 'FLAGGED')
                WINDOW time AS (ORDER BY p.taken_at, p.payment)
             ) AS turn
             WHERE turn.turns
          ) AS found) AS near;

-- write_journal: add records with their answers; $5 is in which of the uploads ($1 to $4) each was
INSERT INTO journal_record
       (device, epoch, batch, received_at, seq, link, prev, raw, at, type, wallet, payment, status, reasons, score,
        fork)
SELECT ($1::uuid[])[r.place], ($2::integer[])[r.place], ($3::uuid[])[r.place], ($4::bigint[])[r.place], r.seq, r.link,
       r.prev, r.raw, r.at, r.type, r.wallet, r.payment, r.status, r.reasons::text[], r.score, r.fork
  FROM unnest($5::text::smallint[], $6::text::bigint[], $7::bytea[], $8::bytea[], $9::bytea[], $10::text::bigint[],
              $11::text::text[], $12::text::text[], $13::text::uuid[], $14::text::text[], $15::text::text[],
              $16::text::smallint[], $17::text::boolean[])
       AS r (place, seq, link, prev, raw, at, type, wallet, payment, status, reasons, score, fork);

-- write_heads: move journals' heads, note when their devices were heard of and how much they added that day ($9 records,
-- $10 bytes), and keep the first receipt for each batch, where it has one already
WITH device_seen AS (
    UPDATE device SET last_seen_at = seen.at, intake_day = greatest(intake_day, seen.at / 86400000),
           intake_records = CASE WHEN intake_day >= seen.at / 86400000 THEN intake_records ELSE 0 END + seen.records,
           intake_bytes = CASE WHEN intake_day >= seen.at / 86400000 THEN intake_bytes ELSE 0 END + seen.bytes
      FROM unnest($1::uuid[], $4::bigint[], $9::bigint[], $10::bigint[]) AS seen (device, at, records, bytes)
     WHERE device.device = seen.device),
 receipt_kept AS (
    INSERT INTO batch (device, epoch, batch, received_at, records, receipt)
    SELECT * FROM unnest($1::uuid[], $2::integer[], $3::uuid[], $4::bigint[], $5::integer[], $6::bytea[])
        AS b (device, epoch, batch, received_at, records, receipt)
     WHERE b.receipt IS NOT NULL ON CONFLICT DO NOTHING)
UPDATE device_epoch SET head = moved.head, ranges = moved.ranges::jsonb
  FROM unnest($1::uuid[], $2::integer[], $7::bytea[], $8::text[]) AS moved (device, epoch, head, ranges)
 WHERE device_epoch.device = moved.device AND device_epoch.epoch = moved.epoch
   AND device_epoch.ranges <> moved.ranges::jsonb;

-- write_receipt: keep the first receipt for a batch that was settled in parts
INSERT INTO batch (device, batch, epoch, records, receipt, received_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING;

-- write_forks: keep the other halves of forks, with their answers
INSERT INTO fork_record (device, epoch, batch, received_at, seq, link, raw, payment, status, reasons, score)
SELECT $1, $2, $3, $4, r.seq, r.link, r.raw, r.payment, r.status, r.reasons::text[], r.score
  FROM unnest($5::text::bigint[], $6::bytea[], $7::bytea[], $8::text::uuid[], $9::text::text[], $10::text::text[],
              $11::text::smallint[])
       AS r (seq, link, raw, payment, status, reasons, score);

-- write_strays: keep what was rejected without a place; the same bytes once
INSERT INTO stray_record (device, batch, received_at, link, raw, reason)
SELECT $1, $2, $3, r.link, r.raw, r.reason FROM unnest($4::bytea[], $5::bytea[], $6::text[]) AS r (link, raw, reason)
    ON CONFLICT DO NOTHING;

-- write_payments: add judged payments, let the numbering of books know of the series whose codes they claimed, and give
-- them those codes; how many were still free says whether all went well. $8 is in which of the uploads ($1 to $7) each was
WITH paid AS (
    INSERT INTO payment (device, epoch, vendor, lat, lon, batch, received_at, wallet, payment, seq, link, shift, series,
                         idx, amount, currency, at, taken_at, uncertainty, book, sale, claimed, reasons, score, state)
    SELECT ($1::uuid[])[p.place], ($2::integer[])[p.place], ($3::uuid[])[p.place], ($4::integer[])[p.place],
           ($5::integer[])[p.place], ($6::uuid[])[p.place], ($7::bigint[])[p.place], p.wallet, p.payment, p.seq,
           p.link, p.shift, p.series, p.idx, p.amount, p.currency, p.at, p.taken_at, p.uncertainty, p.book, p.sale,
           p.claimed, p.reasons::text[], p.score, p.state
      FROM unnest($8::text::smallint[], $9::text::text[], $10::text::uuid[], $11::text::bigint[], $12::bytea[],
                  $13::text::uuid[], $14::text::uuid[], $15::text::bigint[], $16::text::bigint[], $17::text::text[],
                  $18::text::bigint[], $19::text::bigint[], $20::text::integer[], $21::text::bigint[],
                  $22::text::uuid[], $23::text::boolean[], $24::text::text[], $25::text::smallint[],
                  $26::text::text[])
           AS p (place, wallet, payment, seq, link, shift, series, idx, amount, currency, at, taken_at, uncertainty,
                 book, sale, claimed, reasons, score, state)),
 noted AS (INSERT INTO series_change (wallet, series) SELECT * FROM unnest($27::text::text[], $28::text::uuid[]))
UPDATE code SET state = 'claimed', payment = claim.payment
  FROM unnest($29::text::text[], $30::text::uuid[], $31::text::bigint[], $32::text::uuid[])
       AS claim (wallet, series, idx, payment)
 WHERE code.wallet = claim.wallet AND code.series = claim.series AND code.idx = claim.idx
   AND code.state IN ('issued', 'expired', 'withdrawn');

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

-- write_shift_close: a shift's end; its start may be missing yet. One that an admin closed meanwhile stays reconciled, and
-- all of it is to be looked at again
INSERT INTO shift (device, epoch, shift, state, cashier, closed_seq, closed_at, count, total, currency)
VALUES ($1, $2, $3, 'closed', $4, $5, $6, $7, $8, $9)
    ON CONFLICT (device, epoch, shift) DO UPDATE SET
       state = CASE shift.state WHEN 'reconciled' THEN shift.state ELSE 'closed' END,
       reconciled_records = CASE shift.state WHEN 'reconciled' THEN 0 END,
       closed_seq = excluded.closed_seq, closed_at = excluded.closed_at, count = excluded.count, total = excluded.total,
       currency = excluded.currency;

-- plan_freely: for what comes next in this transaction, which joins more than it can look up by keys
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'on', true),
       set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true),
       set_config('enable_material', 'on', true);

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

-- quarantine: a fork was found; only an admin ends it
UPDATE device SET quarantined_at = $2 WHERE device = $1 AND quarantined_at IS NULL;
