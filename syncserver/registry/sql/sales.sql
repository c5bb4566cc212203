-- What vendors see of their sales, their money and their terminals.

-- vendors_after: vendors after one, in the order of their ids, which is that of their making
SELECT vendor, name, lat, lon, currency, blocked_version FROM vendor
 WHERE $1::uuid IS NULL OR vendor > $1 ORDER BY vendor LIMIT $2;

-- owed_to_vendors: what vendors are owed, what of it no folder has added up yet, and what is on its way to their banks
SELECT b.vendor, b.payable, coalesce(p.amount, 0)::bigint AS pending,
       (SELECT coalesce(sum(amount), 0)::bigint FROM payout
         WHERE payout.vendor = b.vendor AND payout.state IN ('proposed', 'approved', 'sent')) AS on_its_way
  FROM vendor_balance b
  LEFT JOIN (SELECT vendor, sum(amount) AS amount FROM pending_credit WHERE vendor = ANY ($1::uuid[]) GROUP BY vendor) p
       USING (vendor)
 WHERE b.vendor = ANY ($1::uuid[]);

-- sales_of_vendor: payments at a vendor, the newest first, before one of them. Those that are settled and that nobody
-- decided are found by what they were credited, all others by an index of their own. Ties stay together
SELECT * FROM (
    (SELECT t.at AS received, p.* FROM transfer t JOIN payment p ON p.wallet = t.wallet AND p.payment = t.payment
      WHERE t.vendor = $1 AND t.credit = 'vendor' AND t.cause <> 'approve' AND t.at >= $2 AND t.at < $3
        AND t.at <= $6 AND (t.at, t.payment) < ($6, $7::uuid) AND p.state = 'SUCCESSFUL' AND p.decided_at IS NULL
        AND ($4::text IS NULL OR $4 = 'SUCCESSFUL') AND ($5::uuid IS NULL OR p.device = $5)
      ORDER BY t.at DESC, t.payment DESC FETCH FIRST ($8) ROWS WITH TIES)
    UNION ALL
    (SELECT p.received_at, p.* FROM payment p
      WHERE p.vendor = $1 AND (p.state <> 'SUCCESSFUL' OR p.decided_at IS NOT NULL) AND p.received_at >= $2
        AND p.received_at < $3 AND p.received_at <= $6 AND (p.received_at, p.payment) < ($6, $7::uuid)
        AND ($4::text IS NULL OR p.state = $4)
        AND ($5::uuid IS NULL OR p.device = $5)
      ORDER BY p.received_at DESC, p.payment DESC FETCH FIRST ($8) ROWS WITH TIES)) AS sale
 ORDER BY received DESC, payment DESC FETCH FIRST ($8) ROWS WITH TIES;

-- lines_of_vendor: what moved to and from a vendor, by payments and by payouts (`about`), the newest first, before one of
-- them. Ties stay together
SELECT * FROM (
    (SELECT number, payment AS about, false AS paid_out, at, cause, amount, credit = 'vendor' AS credited FROM transfer
      WHERE vendor = $1 AND at >= $2 AND at < $3 AND at <= $4 AND (at, payment, number) < ($4, $5::uuid, $6)
      ORDER BY at DESC, payment DESC, number DESC FETCH FIRST ($7) ROWS WITH TIES)
    UNION ALL
    (SELECT number, payout, true, at, cause, amount, credit = 'vendor' FROM vendor_transfer
      WHERE vendor = $1 AND 'vendor' IN (debit, credit) AND at >= $2 AND at < $3 AND at <= $4
        AND (at, payout, number) < ($4, $5::uuid, $6)
      ORDER BY at DESC, payout DESC, number DESC FETCH FIRST ($7) ROWS WITH TIES)) AS line
 ORDER BY at DESC, about DESC, number DESC FETCH FIRST ($7) ROWS WITH TIES;

-- moved_after: what moved to a vendor, less what moved from it, after one of those lines
SELECT (SELECT coalesce(sum(CASE WHEN credit = 'vendor' THEN amount ELSE -amount END), 0) FROM transfer
         WHERE vendor = $1 AND at >= $2 AND (at, payment, number) > ($2, $3::uuid, $4))::bigint
     + (SELECT coalesce(sum(CASE WHEN credit = 'vendor' THEN amount ELSE -amount END), 0) FROM vendor_transfer
         WHERE vendor = $1 AND 'vendor' IN (debit, credit) AND at >= $2
           AND (at, payout, number) > ($2, $3::uuid, $4))::bigint;

-- terminals_of_vendor: a vendor's devices after one, in the order of their ids, with their journals' ranges
SELECT d.device, d.vendor, v.name AS vendor_name, d.name, d.model, d.epoch, d.quarantined_at, d.revoked_at,
       d.last_seen_at, e.ranges,
       (SELECT jsonb_agg(every.ranges) FROM device_epoch every WHERE every.device = d.device) AS all_ranges
  FROM device d JOIN vendor v USING (vendor)
  LEFT JOIN device_epoch e ON e.device = d.device AND e.epoch = d.epoch
 WHERE d.vendor = $1 AND ($2::uuid IS NULL OR d.device > $2) ORDER BY d.device LIMIT $3;

-- limits_of_vendor: every change of limits of a vendor and of its devices
SELECT version, device, body, effective_at FROM policy WHERE vendor = $1 ORDER BY version;

-- flagged_at_vendor: what a vendor took that waits for an admin
SELECT count(*) AS payments, coalesce(sum(amount), 0)::bigint AS amount FROM payment
 WHERE vendor = $1 AND state = 'FLAGGED' AND (state <> 'SUCCESSFUL' OR decided_at IS NOT NULL);
