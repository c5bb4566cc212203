-- What a reconciliation sums up for people.

-- payments_by_state: how many payments there are in each state
SELECT state, count(*) AS payments FROM payment GROUP BY state;

-- differences: by currency, what tills signed at the close of shifts less what their records here come to
SELECT s.currency, sum(s.total - seen.total)::bigint AS difference FROM shift s
 CROSS JOIN LATERAL (
    SELECT coalesce(sum(p.amount), 0) AS total FROM journal_record j
      JOIN payment p ON p.wallet = j.wallet AND p.payment = j.payment AND p.shift = s.shift
     WHERE j.device = s.device AND j.epoch = s.epoch AND j.seq < s.closed_seq
       AND j.seq > CASE WHEN s.opened_seq < s.closed_seq THEN s.opened_seq ELSE 0 END
       AND j.type = 'payment' AND j.status <> 'rejected'
       AND NOT EXISTS (SELECT FROM void v WHERE v.device = s.device AND v.epoch = s.epoch AND v.payment = p.payment
                          AND v.shift = s.shift AND v.seq < s.closed_seq)) AS seen
 WHERE s.closed_seq IS NOT NULL GROUP BY s.currency
UNION ALL
SELECT v.currency, 0 FROM vendor v WHERE NOT EXISTS (SELECT FROM shift s WHERE s.currency = v.currency)
 GROUP BY v.currency
 ORDER BY currency;
