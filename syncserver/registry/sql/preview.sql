-- What other limits would have made of the payments of some days.

-- payments_of_slice: a vendor's payments, or those of one of its devices, that arrived within a time, the newest first,
-- one more than are looked at. Those that settled are found by what they were credited, all others by an index of theirs
SELECT wallet, payment FROM (
    (SELECT t.wallet, t.payment, t.at FROM transfer t JOIN payment p ON p.wallet = t.wallet AND p.payment = t.payment
      WHERE t.vendor = $1 AND t.credit = 'vendor' AND t.cause <> 'approve' AND t.at >= $3 AND t.at < $4
        AND p.state = 'SUCCESSFUL' AND p.decided_at IS NULL AND ($2::uuid IS NULL OR p.device = $2)
      ORDER BY t.at DESC LIMIT $5)
    UNION ALL
    (SELECT p.wallet, p.payment, p.received_at FROM payment p
      WHERE p.vendor = $1 AND (p.state <> 'SUCCESSFUL' OR p.decided_at IS NOT NULL) AND p.received_at >= $3
        AND p.received_at < $4 AND ($2::uuid IS NULL OR p.device = $2)
      ORDER BY p.received_at DESC LIMIT $5)) AS found
 ORDER BY at DESC, wallet, payment LIMIT $5;

-- payments_to_rejudge: all that is stored of what decided these payments. Others of the same customer count where they
-- had come before it and had not failed by then; $3 of them each way, none further away than $4 ms
SELECT p.wallet, p.payment, p.channel, p.device, p.amount, p.currency, p.at, p.taken_at, p.uncertainty, p.lat, p.lon,
       p.book, p.claimed, p.reasons, p.score, p.received_at, w.currency AS wallet_currency, w.lat AS home_lat,
       w.lon AS home_lon, v.currency AS vendor_currency, s.issued_at, j.at AS previous_at,
       CASE WHEN p.decided_at IS NULL THEN p.state
            ELSE (SELECT e.after FROM payment_event e WHERE e.wallet = p.wallet AND e.payment = p.payment
                   ORDER BY e.number LIMIT 1) END AS first,
       (SELECT coalesce(sum(o.amount), 0)::bigint FROM payment o
         WHERE o.wallet = p.wallet AND o.taken_at >= p.taken_at / 86400000 * 86400000
           AND o.taken_at < (p.taken_at / 86400000 + 1) * 86400000 AND o.payment <> p.payment
           AND NOT (o.state = 'FAILED' AND o.decided_at IS NULL)
           AND (o.received_at < p.received_at
                OR o.received_at = p.received_at AND o.device = p.device AND o.epoch = p.epoch AND o.seq < p.seq))
       AS day_total,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(near.taken_at, near.lat, near.lon, near.uncertainty)), '[]')
          FROM ((SELECT o.taken_at, o.lat, o.lon, o.uncertainty FROM payment o
                  WHERE o.wallet = p.wallet AND o.taken_at <= p.taken_at AND o.taken_at >= p.taken_at - $4
                    AND o.payment <> p.payment AND NOT (o.state = 'FAILED' AND o.decided_at IS NULL)
                    AND (o.received_at < p.received_at
                         OR o.received_at = p.received_at AND o.device = p.device AND o.epoch = p.epoch AND o.seq < p.seq)
                  ORDER BY o.taken_at DESC LIMIT $3)
                UNION ALL
                (SELECT o.taken_at, o.lat, o.lon, o.uncertainty FROM payment o
                  WHERE o.wallet = p.wallet AND o.taken_at > p.taken_at AND o.taken_at <= p.taken_at + $4
                    AND o.payment <> p.payment AND NOT (o.state = 'FAILED' AND o.decided_at IS NULL)
                    AND (o.received_at < p.received_at
                         OR o.received_at = p.received_at AND o.device = p.device AND o.epoch = p.epoch AND o.seq < p.seq)
                  ORDER BY o.taken_at LIMIT $3)) AS near) AS others
  FROM unnest($1::text[], $2::uuid[]) AS k (wallet, payment)
  JOIN payment p ON p.wallet = k.wallet AND p.payment = k.payment
  JOIN vendor v ON v.vendor = p.vendor
  LEFT JOIN wallet w ON w.wallet = p.wallet
  LEFT JOIN series s ON s.wallet = p.wallet AND s.series = p.series
  LEFT JOIN journal_record j ON j.device = p.device AND j.epoch = p.epoch AND j.seq = p.seq - 1;
