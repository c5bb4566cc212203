-- Lists of payments for admins. A list looks at payments by one index, the newest first, and at a bounded number of them
-- ($15); what it looks at stands in a block `by_…`, which `listing.py` puts in the place of `looked`.

-- by_arrival: all payments
SELECT p.* FROM payment p
 WHERE p.received_at >= $1 AND p.received_at < $2 AND p.received_at <= $3
   AND (p.received_at, p.wallet, p.payment) < ($3, $4::text, $5::uuid)
 ORDER BY p.received_at DESC, p.wallet DESC, p.payment DESC LIMIT $15;

-- by_wallet: a wallet's, all of which are looked at: nobody pays some hundred thousand times
SELECT p.* FROM payment p
 WHERE p.wallet = $6::text AND p.received_at >= $1 AND p.received_at < $2
   AND (p.received_at, p.wallet, p.payment) < ($3, $4::text, $5::uuid)
 ORDER BY p.received_at DESC, p.wallet DESC, p.payment DESC LIMIT $15;

-- by_device: a device's
SELECT p.* FROM payment p
 WHERE p.device = $8::uuid AND p.received_at >= $1 AND p.received_at < $2 AND p.received_at <= $3
   AND (p.received_at, p.wallet, p.payment) < ($3, $4::text, $5::uuid)
 ORDER BY p.received_at DESC, p.wallet DESC, p.payment DESC LIMIT $15;

-- by_vendor: a vendor's
SELECT p.* FROM payment p
 WHERE p.vendor = $7::uuid AND p.received_at >= $1 AND p.received_at < $2 AND p.received_at <= $3
   AND (p.received_at, p.wallet, p.payment) < ($3, $4::text, $5::uuid)
 ORDER BY p.received_at DESC, p.wallet DESC, p.payment DESC LIMIT $15;

-- by_state: those of a state that not most of them are in
SELECT p.* FROM payment p
 WHERE p.state <> 'SUCCESSFUL' AND p.state = $9::text AND p.received_at >= $1 AND p.received_at < $2
   AND p.received_at <= $3 AND (p.received_at, p.wallet, p.payment) < ($3, $4::text, $5::uuid)
 ORDER BY p.received_at DESC, p.wallet DESC, p.payment DESC LIMIT $15;

-- by_reason: those that have any reason
SELECT p.* FROM payment p
 WHERE p.reasons <> '{}' AND p.received_at >= $1 AND p.received_at < $2 AND p.received_at <= $3
   AND (p.received_at, p.wallet, p.payment) < ($3, $4::text, $5::uuid)
 ORDER BY p.received_at DESC, p.wallet DESC, p.payment DESC LIMIT $15;

-- by_channel: those that were made online
SELECT p.* FROM payment p
 WHERE p.channel = 'online' AND p.received_at >= $1 AND p.received_at < $2 AND p.received_at <= $3
   AND (p.received_at, p.wallet, p.payment) < ($3, $4::text, $5::uuid)
 ORDER BY p.received_at DESC, p.wallet DESC, p.payment DESC LIMIT $15;

-- fits: which of those are asked for
    ($6::text IS NULL OR p.wallet = $6) AND ($7::uuid IS NULL OR p.vendor = $7)
AND ($8::uuid IS NULL OR p.device = $8) AND ($9::text IS NULL OR p.state = $9)
AND ($10::text IS NULL OR $10 = ANY (p.reasons)) AND ($11::text IS NULL OR p.channel = $11)
AND ($12::text IS NULL OR p.currency = $12) AND p.amount BETWEEN $13::bigint AND $14::bigint;

-- page_of: those that fit, with their vendors' names and what was refunded of them
SELECT p.*, v.name AS vendor_name, r.refunded
  FROM (SELECT * FROM looked AS p WHERE (fits)
         ORDER BY p.received_at DESC, p.wallet DESC, p.payment DESC LIMIT $16) AS p
  JOIN vendor v USING (vendor)
 CROSS JOIN LATERAL (SELECT coalesce(sum(to_customer + to_house), 0)::bigint AS refunded FROM refund r
                      WHERE r.wallet = p.wallet AND r.payment = p.payment) AS r
 ORDER BY p.received_at DESC, p.wallet DESC, p.payment DESC;

-- end_of: the last that was looked at, where there may be more
SELECT p.received_at, p.wallet, p.payment, (fits) AS fits FROM looked AS p OFFSET $15::bigint - 1 LIMIT 1;

-- count_of: how many were looked at, and how many of them fit
SELECT count(*) AS looked, count(*) FILTER (WHERE (fits)) AS found FROM looked AS p;
