-- What people see of payouts.

-- list_runs: runs of payouts, the newest first, with what became of them
SELECT r.*, f.message, f.made_at, f.actor AS made_by, p.payouts, p.total, p.states
  FROM (SELECT * FROM payout_run WHERE ($1::uuid IS NULL OR run < $1) AND ($2::uuid IS NULL OR run = $2)
         ORDER BY run DESC LIMIT $3) r
  LEFT JOIN payout_file f USING (run)
  CROSS JOIN LATERAL (SELECT sum(n)::bigint AS payouts,
                             coalesce(sum(amount) FILTER (WHERE state <> 'cancelled'), 0)::bigint AS total,
                             jsonb_object_agg(state, n) AS states
                        FROM (SELECT state, count(*) AS n, sum(amount) AS amount FROM payout WHERE payout.run = r.run
                               GROUP BY state) AS by_state) p
 ORDER BY r.run DESC;

-- list_payouts: payouts, the newest first, of a run, a vendor or a state
SELECT p.*, v.name, v.blocked_version IS NOT NULL AS blocked, r.method
  FROM payout p JOIN payout_run r USING (run) JOIN vendor v USING (vendor)
 WHERE ($1::uuid IS NULL OR p.payout < $1) AND ($2::uuid IS NULL OR p.run = $2) AND ($3::uuid IS NULL OR p.vendor = $3)
   AND ($4::text IS NULL OR p.state = $4)
 ORDER BY p.payout DESC LIMIT $5;

-- read_payout: one payout
SELECT p.*, v.name, v.blocked_version IS NOT NULL AS blocked, r.method
  FROM payout p JOIN payout_run r USING (run) JOIN vendor v USING (vendor) WHERE p.payout = $1;

-- events_of_payout: how a payout came to its state
SELECT number, before, after, at, actor, note FROM payout_event WHERE payout = $1 ORDER BY number;

-- entries_of_payout: the bank's entries of a payout
SELECT entry, credit, booked_on, amount, currency, reference, remittance FROM bank_entry
 WHERE payout = $1 ORDER BY entry;

-- returns_of_payout: unmatched entries by which a payout may have come back without its name, the newest first
SELECT e.entry, e.booked_on, e.payer, e.remittance, e.reference, e.credit, e.amount, e.currency
  FROM payout p JOIN payout_run r USING (run)
  JOIN bank_entry e ON e.state = 'unmatched' AND e.credit AND e.account = r.account AND e.amount = p.amount
                   AND e.currency = p.currency
 WHERE p.payout = $1 ORDER BY e.entry DESC LIMIT $2;
