-- A history as it would be after years: payments that settled long ago, consistent in every table, made on the server.

-- fill: give each wallet a series of 5 codes that were all paid with, 60 to 1 days ago, at tills in turn; the vendors'
-- credits are folded already
WITH chosen AS MATERIALIZED (
    SELECT w.wallet, w.events, w.transfers, w.lat, w.lon, k.series, k.position
      FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS k (wallet, series, position) JOIN wallet w USING (wallet)),
 tills AS MATERIALIZED (
    SELECT k.position - 1 AS till, d.device, d.vendor, d.lat, d.lon, e.head,
           coalesce((e.ranges -> -1 -> 1)::bigint, 0) AS last_seq
      FROM unnest($3::uuid[]) WITH ORDINALITY AS k (device, position) JOIN device d USING (device)
      JOIN device_epoch e ON e.device = d.device AND e.epoch = 1),
 paid AS MATERIALIZED (
    SELECT c.wallet, c.series, idx, c.events + 1 + idx AS event, c.transfers + 4 + 2 * idx AS claim, amount,
           $5::bigint - 60 * 86400000::bigint + (c.position * 7919 + idx * 104729) % (59 * 86400000::bigint) AS at,
           (lpad(to_hex($5::bigint - 60 * 86400000::bigint + c.position), 12, '0') || '7' || substr(hash, 1, 3) || 'a'
            || substr(hash, 4, 15))::uuid AS payment,
           decode(repeat(hash, 13) || lpad(to_hex(idx), 2, '0'), 'hex') AS raw,
           t.device, t.vendor, t.lat, t.lon, t.head,
           t.last_seq + row_number() OVER (PARTITION BY t.device ORDER BY c.position, idx) AS seq
      FROM chosen c CROSS JOIN generate_series(0, 4) AS idx
     CROSS JOIN LATERAL (SELECT md5(c.series::text || idx) || md5(idx || c.wallet) AS hash,
                                1 + (c.position * 31 + idx * 17) % ($4::bigint - 1) AS amount) AS made
      JOIN tills t ON t.till = (c.position * 5 + idx) % (SELECT count(*) FROM tills)),
 linked AS MATERIALIZED (
    SELECT paid.*, sha256('tallystick/v1/chain'::bytea || '\x00'::bytea || raw) AS link FROM paid),
 chained AS MATERIALIZED (
    SELECT linked.*, coalesce(lag(link) OVER (PARTITION BY device ORDER BY seq), head) AS prev FROM linked),
 journalled AS (
    INSERT INTO journal_record (device, epoch, seq, link, prev, raw, at, type, wallet, payment, batch, received_at,
                                status, reasons, score)
    SELECT device, 1, seq, link, prev, raw, at, 'payment', wallet, payment, device, at, 'settled', '{}', 0 FROM chained),
 settled AS (
    INSERT INTO payment (wallet, payment, device, epoch, seq, link, shift, vendor, series, idx, amount, currency, at,
                         taken_at, uncertainty, lat, lon, book, claimed, reasons, score, batch, received_at, state)
    SELECT wallet, payment, device, 1, seq, link, device, vendor, series, idx, amount, 'EUR', at, at, 0, lat, lon, 1,
           true, '{}', 0, device, at, 'SUCCESSFUL' FROM chained),
 told AS (
    INSERT INTO payment_event (wallet, number, payment, before, after, reasons, at, actor)
    SELECT wallet, event, payment, 'PROCESSING', 'SUCCESSFUL', '{}', at, 'device' FROM chained),
 queued AS (INSERT INTO outbox (wallet, number) SELECT wallet, event FROM chained),
 issued AS (
    INSERT INTO series (wallet, series, masked_name, t, m_kib, issued_at, expires_at, release_at, state, lat, lon, cell,
                        version, released_at)
    SELECT wallet, series, 'M. T.', 2, 19456, $5::bigint - 61 * 86400000::bigint, $5::bigint - 86400000::bigint,
           $5::bigint - 86400000::bigint, 'closed', lat, lon, $6, 1, $5::bigint - 3600000 FROM chosen),
 coded AS (
    INSERT INTO code (wallet, series, idx, cap, verifier, wrapped_proof_key, state, payment)
    SELECT wallet, series, idx, $4::bigint, decode(repeat('00', 16), 'hex'), decode(repeat('00', 60), 'hex'), 'claimed', payment
      FROM chained),
 moved AS (
    INSERT INTO transfer (wallet, number, debit, credit, amount, currency, cause, payment, series, vendor, at, actor)
    SELECT wallet, transfers + step, debit, credit, $4::bigint * 5, 'EUR', cause, NULL,
           CASE WHEN step = 3 THEN series END, NULL, $5::bigint - 61 * 86400000::bigint, 'bench'
      FROM chosen CROSS JOIN (VALUES (1, 'bank', 'online', 'funding'), (2, 'online', 'offline', 'move'),
                                     (3, 'offline', 'held', 'issue')) AS steps (step, debit, credit, cause)
    UNION ALL
    SELECT wallet, claim, 'held', 'vendor', amount, 'EUR', 'claim', payment, series, vendor, at, 'device' FROM chained
    UNION ALL
    SELECT wallet, claim + 1, 'held', 'offline', $4::bigint - amount, 'EUR', 'rest', payment, series, NULL, at, 'device'
      FROM chained),
 heads AS (
    UPDATE device_epoch e SET head = last.link, ranges = jsonb_build_array(jsonb_build_array(1, last.seq))
      FROM (SELECT DISTINCT ON (device) device, link, seq FROM chained ORDER BY device, seq DESC) AS last
     WHERE e.device = last.device),
 credited AS (
    UPDATE vendor_balance b SET payable = payable + sums.amount
      FROM (SELECT vendor, sum(amount)::bigint AS amount FROM chained GROUP BY vendor) AS sums
     WHERE b.vendor = sums.vendor)
UPDATE wallet w SET offline = w.offline + sums.rest, events = w.events + 5, transfers = w.transfers + 13,
       last_paid_at = greatest(w.last_paid_at, sums.last)
  FROM (SELECT wallet, sum($4::bigint - amount)::bigint AS rest, max(at) AS last FROM chained GROUP BY wallet) AS sums
 WHERE w.wallet = sums.wallet;
