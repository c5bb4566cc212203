-- What a reconciliation sums up for people.

-- payments_by_state: how many payments there are in each state
SELECT state, count(*) AS payments FROM payment GROUP BY state;

-- differences: by the vendor's currency, what tills signed at the close of shifts less what their records here come to.
-- A close may name any other currency (it is disputed then), and be as large as it likes: the sum is no bigint.
SELECT v.currency, sum(CASE WHEN s.currency = v.currency THEN s.total ELSE 0 END - coalesce(seen.total, 0)) AS difference
  FROM shift s JOIN device d ON d.device = s.device JOIN vendor v ON v.vendor = d.vendor
  LEFT JOIN shift_as_recorded seen ON seen.device = s.device AND seen.epoch = s.epoch AND seen.shift = s.shift
 WHERE s.closed_seq IS NOT NULL GROUP BY v.currency
UNION ALL
SELECT v.currency, 0 FROM vendor v
 WHERE NOT EXISTS (SELECT FROM shift s JOIN device d USING (device) JOIN vendor o USING (vendor)
                    WHERE s.closed_seq IS NOT NULL AND o.currency = v.currency)
 GROUP BY v.currency
 ORDER BY currency;
