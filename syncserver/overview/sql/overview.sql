-- What the first page tells. Counts stop at $1: whoever has that many to look at needs no better number.

-- needs: what waits for a person
SELECT (SELECT count(*) FROM (SELECT FROM payment WHERE state = 'FLAGGED' LIMIT $1) x) AS flagged,
       (SELECT min(received_at) FROM payment WHERE state = 'FLAGGED') AS flagged_since,
       (SELECT count(DISTINCT (device, epoch, shift)) FROM (
            (SELECT device, epoch, shift FROM shift_marked LIMIT $1)
             UNION ALL (SELECT device, epoch, shift FROM shift WHERE state = 'open' AND opened_at < $6 LIMIT $1)) x)
           AS shifts,
       (SELECT count(*) FROM (SELECT FROM stray_record WHERE received_at >= $3 LIMIT $1) x) AS refused,
       (SELECT count(*) FROM (SELECT FROM device WHERE quarantined_at IS NOT NULL AND revoked_at IS NULL LIMIT $1) x)
           AS quarantined,
       (SELECT count(*) FROM (
            SELECT FROM device d LEFT JOIN device_report r USING (device)
             WHERE d.revoked_at IS NULL AND coalesce(greatest(d.last_seen_at, r.at), d.created_at) < $2 LIMIT $1) x)
           AS silent,
       (SELECT count(*) FROM (
            SELECT FROM device d WHERE d.revoked_at IS NULL AND EXISTS (
                SELECT FROM device_epoch e WHERE e.device = d.device
                   AND (jsonb_array_length(e.ranges) > 1 OR coalesce((e.ranges -> 0 ->> 0)::bigint, 1) > 1)) LIMIT $1) x)
           AS incomplete,
       (SELECT count(*) FROM (SELECT FROM person WHERE state = 'waiting' LIMIT $1) x) AS people,
       (SELECT count(*) FROM (SELECT FROM bank_entry WHERE state = 'unmatched'
               AND (credit AND NOT reversal OR reason IN ('PAYOUT_DIFFERS', 'PAYOUT_STATE')) LIMIT $1) x) AS bank_entries,
       (SELECT count(*) FROM (SELECT FROM second_person WHERE first_at >= $4 AND first_by <> $5 LIMIT $1) x) AS second,
       (SELECT count(DISTINCT run) FROM (SELECT run FROM payout WHERE state IN ('proposed', 'approved') LIMIT $1) x)
           AS payout_runs,
       (SELECT count(*) FROM (SELECT FROM payout_account a WHERE a.confirmed_at IS NULL AND NOT EXISTS (
            SELECT FROM payout_account b WHERE b.vendor = a.vendor AND b.version > a.version) LIMIT $1) x)
           AS payout_accounts,
       (SELECT count(*) FROM (SELECT FROM audit WHERE actor LIKE 'cli%' AND id >= $7 LIMIT $1) x) AS by_command;

-- arrivals: what came in since a time, by hour, currency, state and how late it came
SELECT received_at / 3600000 AS hour, currency, state, channel,
       width_bucket(received_at - taken_at, ARRAY[60000, 600000, 3600000, 21600000, 86400000, 259200000]::bigint[]) AS late,
       count(*) AS payments, sum(amount)::bigint AS amount
  FROM payment WHERE received_at >= $1 GROUP BY 1, 2, 3, 4, 5;

-- arrived_reasons: why payments that came in since a time are not simply settled
SELECT reason, count(*) AS payments FROM payment, unnest(reasons) AS reason WHERE received_at >= $1
 GROUP BY reason ORDER BY payments DESC, reason LIMIT 20;

-- fleet_limits: every change of limits of every vendor that has a terminal
SELECT p.vendor, p.version, p.device, p.body, p.effective_at FROM policy p
 WHERE EXISTS (SELECT FROM device d WHERE d.vendor = p.vendor) ORDER BY p.vendor, p.version;

-- fleet_terminals: every terminal that may still have something, with its vendor's currency
SELECT d.device, d.vendor, v.currency, d.revoked_at FROM device d JOIN vendor v USING (vendor);

-- fleet_flagged: what waits for a decision, by currency
SELECT currency, count(*) AS payments, sum(amount)::bigint AS amount FROM payment WHERE state = 'FLAGGED' GROUP BY currency;
