-- Shifts for people: listed, looked up, and what of them is here.

-- marked_shifts: shifts that need a person, the latest first, before a place in that order. $1 is since when an open
-- one has been open for too long
WITH marked AS (
    SELECT device, epoch, shift FROM shift_marked
    UNION
    SELECT device, epoch, shift FROM shift WHERE state = 'open' AND opened_at < $1)
SELECT s.*, d.vendor, d.name AS device_name, v.name AS vendor_name, v.currency AS vendor_currency,
       d.revoked_at IS NOT NULL OR d.epoch > s.epoch AS till_gone
  FROM marked JOIN shift s USING (device, epoch, shift) JOIN device d USING (device) JOIN vendor v USING (vendor)
 WHERE ($2::uuid IS NULL OR d.vendor = $2) AND ($3::uuid IS NULL OR s.device = $3) AND s.day_at >= $4 AND s.day_at < $5
   AND ($6::text IS NULL OR s.state = $6) AND (s.day_at, s.device, s.epoch, s.shift) < ($7, $8::uuid, $9, $10::uuid)
 ORDER BY s.day_at DESC, s.device DESC, s.epoch DESC, s.shift DESC LIMIT $11;

-- plain_shifts: all others, in the same order. Whether one is marked is looked up for each, so that a page ends early
SELECT s.*, d.vendor, d.name AS device_name, v.name AS vendor_name, v.currency AS vendor_currency,
       d.revoked_at IS NOT NULL OR d.epoch > s.epoch AS till_gone
  FROM shift s JOIN device d USING (device) JOIN vendor v USING (vendor)
  LEFT JOIN LATERAL (SELECT true AS found FROM shift_marked m
                      WHERE m.device = s.device AND m.epoch = s.epoch AND m.shift = s.shift LIMIT 1) AS marked ON true
 WHERE marked.found IS NULL AND NOT (s.state = 'open' AND s.opened_at < $1)
   AND ($2::uuid IS NULL OR d.vendor = $2) AND ($3::uuid IS NULL OR s.device = $3) AND s.day_at >= $4 AND s.day_at < $5
   AND ($6::text IS NULL OR s.state = $6) AND (s.day_at, s.device, s.epoch, s.shift) < ($7, $8::uuid, $9, $10::uuid)
 ORDER BY s.day_at DESC, s.device DESC, s.epoch DESC, s.shift DESC LIMIT $11;

-- shifts_of_id: the shifts of a device with an id, in whatever epoch
SELECT s.*, d.vendor, d.name AS device_name, v.name AS vendor_name, v.currency AS vendor_currency,
       d.revoked_at IS NOT NULL OR d.epoch > s.epoch AS till_gone
  FROM shift s JOIN device d USING (device) JOIN vendor v USING (vendor)
 WHERE s.device = $1 AND s.shift = $2 AND ($3::integer IS NULL OR s.epoch = $3) ORDER BY s.epoch;

-- shifts_of_day: a vendor's shifts of a time, in the order of their tills
SELECT s.*, d.vendor, d.name AS device_name, v.name AS vendor_name, v.currency AS vendor_currency,
       d.revoked_at IS NOT NULL OR d.epoch > s.epoch AS till_gone
  FROM device d JOIN shift s USING (device) JOIN vendor v USING (vendor)
 WHERE d.vendor = $1 AND s.day_at >= $2 AND s.day_at < $3 ORDER BY s.device, s.epoch, s.day_at, s.shift LIMIT $4;

-- neighbours: of each shift the close before its own, and the opening after it; what lies between is its alone
SELECT (SELECT max(b.closed_seq) FROM shift b WHERE b.device = k.device AND b.epoch = k.epoch AND b.closed_seq < k.closed_seq) AS closed_before,
       (SELECT min(n.opened_seq) FROM shift n WHERE n.device = k.device AND n.epoch = k.epoch
           AND n.opened_seq > coalesce(k.closed_seq, k.opened_seq)) AS opened_after
  FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[]) WITH ORDINALITY AS k (device, epoch, opened_seq, closed_seq, place)
 ORDER BY k.place;

-- journals_of_shifts: how far journals have come
SELECT device, epoch, ranges FROM device_epoch
 WHERE (device, epoch) IN (SELECT * FROM unnest($1::uuid[], $2::integer[]));

-- lock_journals: the journals of shifts, in the order of all locks
SELECT FROM device_epoch WHERE (device, epoch) IN (SELECT * FROM unnest($1::uuid[], $2::integer[]))
 ORDER BY device, epoch FOR UPDATE;

-- received_of_shifts: what is here of shifts. $1 to $4 are stretches of journals, apart from each other, so that a record
-- is read once however many shifts are laid over it; $5 to $11 are the shifts: their journal, their id, from where their
-- payments count (excluded) and to where (excluded), the last record behind the close that may be theirs, and when they were
-- closed
WITH stretch AS (SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[]) AS s (device, epoch, first, last)),
 wanted AS (
    SELECT * FROM unnest($5::uuid[], $6::integer[], $7::uuid[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])
             WITH ORDINALITY AS w (device, epoch, shift, start, stop, tail, closed_at, place)),
 here AS MATERIALIZED (
    SELECT j.device, j.epoch, j.seq, j.status, j.fork, j.received_at, p.shift, p.amount, p.state, v.seq AS voided_seq,
           'LATE' = ANY (p.reasons) AS late
      FROM stretch s
     CROSS JOIN LATERAL (SELECT * FROM journal_record j WHERE j.device = s.device AND j.epoch = s.epoch
                            AND j.seq BETWEEN s.first AND s.last OFFSET 0) AS j
      LEFT JOIN payment p ON j.type = 'payment' AND j.status <> 'rejected' AND p.wallet = j.wallet AND p.payment = j.payment
      LEFT JOIN void v ON v.device = j.device AND v.epoch = j.epoch AND v.payment = p.payment AND v.shift = p.shift)
SELECT w.place,
       count(*) FILTER (WHERE taken AND NOT voided) AS count,
       coalesce(sum(h.amount) FILTER (WHERE taken AND NOT voided), 0)::bigint AS total,
       count(*) FILTER (WHERE taken AND NOT voided AND h.received_at > w.closed_at) AS carried,
       coalesce(sum(h.amount) FILTER (WHERE taken AND NOT voided AND h.received_at > w.closed_at), 0)::bigint AS carried_total,
       count(*) FILTER (WHERE taken AND voided) AS voided,
       count(*) FILTER (WHERE taken AND h.state = 'FLAGGED') AS flagged,
       count(*) FILTER (WHERE taken AND h.state = 'FAILED') AS failed,
       count(*) FILTER (WHERE taken AND h.late) AS late,
       count(*) FILTER (WHERE inside) AS records,
       count(*) FILTER (WHERE inside AND h.fork) AS forks,
       count(*) FILTER (WHERE inside AND h.status = 'rejected') AS refused,
       count(*) FILTER (WHERE h.shift = w.shift AND h.seq > w.stop AND h.seq <= w.tail) AS outside
  FROM wanted w
  LEFT JOIN here h ON h.device = w.device AND h.epoch = w.epoch AND h.seq >= w.start AND h.seq <= w.tail
 CROSS JOIN LATERAL (SELECT h.seq >= w.start AND h.seq <= w.stop AS inside,
                            h.shift = w.shift AND h.seq > w.start AND h.seq < w.stop AS taken,
                            coalesce(h.voided_seq < w.stop, false) AS voided) AS is_so
 GROUP BY w.place ORDER BY w.place;

-- forks_of_shifts: how many other halves of forks lie in each shift
SELECT count(f.seq) AS forks
  FROM unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[])
       WITH ORDINALITY AS w (device, epoch, start, stop, place)
  LEFT JOIN fork_record f ON f.device = w.device AND f.epoch = w.epoch AND f.seq BETWEEN w.start AND w.stop
 GROUP BY w.place ORDER BY w.place;

-- records_of_shift: a journal's records between two seqs and (other) the other halves of forks there, with the answers,
-- what has become of their payments since, and the void that names them. Behind $5 only payments that name the shift
SELECT r.*, p.state, p.decided_by, p.decision_reason, p.amount, v.seq AS voided_by FROM (
    SELECT seq, link, raw, received_at, status, reasons, fork, wallet, payment, false AS other FROM journal_record
     WHERE device = $1 AND epoch = $2 AND seq BETWEEN $4 AND $6 AND (seq, false, link) > ($7, $8::boolean, $9::bytea)
    UNION ALL
    SELECT seq, link, raw, received_at, status, reasons, true, NULL, payment, true FROM fork_record
     WHERE device = $1 AND epoch = $2 AND seq BETWEEN $4 AND $5 AND (seq, true, link) > ($7, $8::boolean, $9::bytea)) AS r
  LEFT JOIN payment p ON p.payment = r.payment AND p.link = r.link AND r.status <> 'rejected'
        AND p.wallet = coalesce(r.wallet, (SELECT min(f.wallet) FROM payment f WHERE f.payment = r.payment AND f.link = r.link
                                              AND (f.channel = 'online' OR 'FORK' = ANY (f.reasons))))
  LEFT JOIN void v ON v.device = $1 AND v.epoch = $2 AND v.payment = r.payment AND v.shift = p.shift
 WHERE r.seq <= $5 OR p.shift = $3
 ORDER BY r.seq, r.other, r.link LIMIT $10;

-- strays_of_device: what was rejected without a place, the latest first, before a place in that order
SELECT d.vendor, t.device, t.link, t.raw, t.reason, t.received_at, d.name AS device_name
  FROM stray_record t JOIN device d USING (device)
 WHERE ($1::uuid IS NULL OR d.vendor = $1) AND ($2::uuid IS NULL OR t.device = $2)
   AND (t.received_at, t.device, t.link) < ($3, $4::uuid, $5::bytea)
 ORDER BY t.received_at DESC, t.device DESC, t.link DESC LIMIT $6;

-- raw_records: the bytes of a journal's records between two seqs
SELECT seq, raw FROM journal_record WHERE device = $1 AND epoch = $2 AND seq BETWEEN $3 AND $4 ORDER BY seq LIMIT $5;

-- raw_forks: the bytes of the other halves of forks there
SELECT raw FROM fork_record WHERE device = $1 AND epoch = $2 AND seq BETWEEN $3 AND $4 ORDER BY seq, link;

-- receipts_of_records: what was answered to the batches that brought them
SELECT receipt FROM batch
 WHERE device = $1 AND batch IN (
       SELECT batch FROM journal_record WHERE device = $1 AND epoch = $2 AND seq BETWEEN $3 AND $4
       UNION SELECT batch FROM fork_record WHERE device = $1 AND epoch = $2 AND seq BETWEEN $3 AND $4)
 ORDER BY received_at, batch;

-- certificate_of_epoch: the certificate of a journal's key
SELECT certificate FROM device_epoch WHERE device = $1 AND epoch = $2;

-- keys_that_signed: every key of this server that is still believed, also those that sign no more
SELECT kid, public_key FROM server_key WHERE revoked_at IS NULL ORDER BY created_at;
