-- Payments for people: making them online, looking them up, reviewing and refunding them.

-- vendor_to_pay: what decides whether a vendor can be paid
SELECT currency, blocked_version FROM vendor WHERE vendor = $1;

-- write_online_payment: a payment that its customer made over the network; it is taken when it is received
INSERT INTO payment (channel, wallet, payment, vendor, amount, currency, taken_at, received_at, uncertainty, lat, lon,
                     claimed, reasons, score, state)
VALUES ('online', $1, $2, $3, $4, $5, $6, $6, 0, $7, $8, false, $9, 0, $10);

-- write_refund: what a vendor gives back of a payment
INSERT INTO refund (wallet, payment, number, to_customer, to_house, reason, actor, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- read_payment: one payment of a wallet
SELECT p.*, v.name AS vendor_name, r.refunded FROM payment p JOIN vendor v USING (vendor)
 CROSS JOIN LATERAL (SELECT coalesce(sum(to_customer + to_house), 0)::bigint AS refunded FROM refund r
                      WHERE r.wallet = p.wallet AND r.payment = p.payment) AS r
 WHERE p.wallet = $1 AND p.payment = $2;

-- find_payments: payments with an id, in whatever wallet; of one vendor where one is named. Journals lead to the wallets
SELECT p.*, v.name AS vendor_name, r.refunded
  FROM (SELECT b.wallet FROM payment b WHERE b.payment = $1 AND (b.channel = 'online' OR 'FORK' = ANY (b.reasons))
        UNION
        SELECT j.wallet FROM device d JOIN device_epoch e USING (device)
          JOIN journal_record j ON j.device = e.device AND j.epoch = e.epoch
         WHERE j.payment = $1 AND j.type = 'payment' AND j.status <> 'rejected'
           AND ($2::uuid IS NULL OR d.vendor = $2)) AS found
  JOIN payment p ON p.wallet = found.wallet AND p.payment = $1 JOIN vendor v USING (vendor)
 CROSS JOIN LATERAL (SELECT coalesce(sum(to_customer + to_house), 0)::bigint AS refunded FROM refund r
                      WHERE r.wallet = p.wallet AND r.payment = p.payment) AS r
 WHERE $2::uuid IS NULL OR p.vendor = $2
 ORDER BY p.wallet;

-- events_of_payment: what happened to a payment, in order
SELECT number, before, after, reasons, at, actor, note FROM payment_event
 WHERE wallet = $1 AND payment = $2 ORDER BY number;

-- refunds_of_payment: what was given back of a payment, in order
SELECT number, to_customer, to_house, reason, actor, at FROM refund WHERE wallet = $1 AND payment = $2 ORDER BY number;

-- caps_of_code: the cap of the code that a payment named
SELECT cap FROM code WHERE wallet = $1 AND series = $2 AND idx = $3;

-- payments_of_wallet: a wallet's payments within a time, the latest first, up to a place in that order
SELECT p.*, v.name AS vendor_name, r.refunded FROM payment p JOIN vendor v USING (vendor)
 CROSS JOIN LATERAL (SELECT coalesce(sum(to_customer + to_house), 0)::bigint AS refunded FROM refund r
                      WHERE r.wallet = p.wallet AND r.payment = p.payment) AS r
 WHERE p.wallet = $1 AND p.taken_at >= $2 AND p.taken_at <= $3 AND (p.taken_at, p.payment) < ($3, $4::uuid)
   AND ($5::text IS NULL OR p.state = $5) AND ($6::uuid IS NULL OR p.vendor = $6)
 ORDER BY p.taken_at DESC, p.payment DESC LIMIT $7;

-- lock_journals_of_device: all journals of a device, in the order of all locks
SELECT epoch FROM device_epoch WHERE device = $1 ORDER BY epoch FOR UPDATE;

-- device_that_refunds: how a device stands, and whether its vendor has supervisors, and one with this id
SELECT d.quarantined_at, d.revoked_at,
       EXISTS (SELECT FROM cashier c WHERE c.vendor = d.vendor AND c.role = 'supervisor') AS supervisors,
       EXISTS (SELECT FROM cashier c WHERE c.vendor = d.vendor AND c.role = 'supervisor' AND c.id = $2) AS approves
  FROM device d WHERE d.device = $1;

-- payment_of_device: the wallets with a payment of this id that this very device took, in any epoch
SELECT p.wallet FROM device_epoch e
  JOIN journal_record j ON j.device = e.device AND j.epoch = e.epoch
  JOIN payment p ON p.wallet = j.wallet AND p.payment = j.payment AND p.device = e.device
 WHERE e.device = $1 AND j.payment = $2 AND j.type = 'payment' AND j.status <> 'rejected'
 GROUP BY p.wallet ORDER BY p.wallet;

-- transfers_of_payment: what moved for a payment, in order
SELECT number, debit, credit, amount, cause, at, actor FROM transfer WHERE wallet = $1 AND payment = $2 ORDER BY number;

-- records_of_payment: the records that name a payment, and those that another record's place was taken by
SELECT type, epoch, seq, received_at, status, raw, false AS fork FROM journal_record
 WHERE device = $1 AND epoch = $2 AND payment = $3
UNION ALL
SELECT NULL, epoch, seq, received_at, status, raw, true FROM fork_record WHERE device = $1 AND epoch = $2 AND seq = $4
 ORDER BY seq, received_at LIMIT 20;
