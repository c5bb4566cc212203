-- Payouts: their accounts, their runs, their steps.

-- next_account_version: how many accounts a vendor has had, with its row locked
SELECT coalesce((SELECT max(a.version) FROM payout_account a WHERE a.vendor = v.vendor), 0) + 1 AS version, v.currency
  FROM vendor v WHERE v.vendor = $1 FOR NO KEY UPDATE;

-- write_account: an account that somebody asks for
INSERT INTO payout_account (vendor, version, account, holder, bic, minimum, asked_by, asked_actor, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- confirm_account: an account that another person agrees to
UPDATE payout_account SET confirmed_by = $3, confirmed_actor = $4, confirmed_at = $5
 WHERE vendor = $1 AND version = $2 AND confirmed_at IS NULL;

-- accounts_of_vendor: a vendor's accounts, the newest first
SELECT a.*, v.currency FROM payout_account a JOIN vendor v USING (vendor) WHERE a.vendor = $1
 ORDER BY a.version DESC LIMIT $2;

-- accounts_that_wait: accounts that somebody has asked for and nobody confirmed, by vendor
SELECT a.*, v.currency FROM payout_account a JOIN vendor v USING (vendor)
 WHERE a.confirmed_at IS NULL AND ($1::uuid IS NULL OR a.vendor > $1)
   AND NOT EXISTS (SELECT FROM payout_account later WHERE later.vendor = a.vendor AND later.version > a.version)
 ORDER BY a.vendor LIMIT $2;

-- payable_vendors: vendors that may be paid, and what was to be known of one that was asked for; their rows are locked,
-- so that a block comes before or after
SELECT v.vendor, v.name, v.blocked_version IS NOT NULL AS blocked, a.version, a.account, a.holder, a.bic, a.minimum
  FROM vendor v JOIN vendor_balance b USING (vendor)
  LEFT JOIN (SELECT vendor, sum(amount) AS amount FROM pending_credit GROUP BY vendor) p USING (vendor)
  LEFT JOIN LATERAL (SELECT * FROM payout_account c WHERE c.vendor = v.vendor AND c.confirmed_at IS NOT NULL
                      ORDER BY c.version DESC LIMIT 1) a ON true
 WHERE v.currency = $1
   AND CASE WHEN $2::uuid IS NULL
            THEN v.blocked_version IS NULL AND a.account IS NOT NULL
                 AND b.payable + coalesce(p.amount, 0) >= a.minimum
            ELSE v.vendor = $2 END
 ORDER BY v.vendor LIMIT $3 FOR SHARE OF v;

-- lock_vendors: vendors whose accounts and blocks nobody changes until this transaction has ended
SELECT FROM vendor WHERE vendor = ANY ($1::uuid[]) ORDER BY vendor FOR SHARE;

-- current_accounts: which account of vendors counts now and whether they are blocked; once they are locked, by a
-- statement of its own: waiting for a lock does not refresh what its own statement sees
SELECT v.vendor, v.blocked_version IS NOT NULL AS blocked,
       (SELECT max(a.version) FROM payout_account a WHERE a.vendor = v.vendor AND a.confirmed_at IS NOT NULL) AS version
  FROM vendor v WHERE v.vendor = ANY ($1::uuid[]) ORDER BY v.vendor;

-- write_run: payouts that are proposed together
INSERT INTO payout_run (run, method, currency, account, proposed_by, proposed_actor, proposed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- write_payouts: what each vendor of a run is paid, and where
INSERT INTO payout (payout, run, vendor, amount, currency, end_to_end, account, holder, bic, account_version, state,
                    changed_at)
SELECT p.payout, $11, p.vendor, p.amount, $12, p.end_to_end, p.account, p.holder, p.bic, p.version, p.state, $10
  FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::integer[],
              $9::text[]) AS p (payout, vendor, amount, end_to_end, account, holder, bic, version, state);

-- lock_run: a run, for whoever takes a step with all of it
SELECT * FROM payout_run WHERE run = $1 FOR UPDATE;

-- lock_payouts_of_run: its payouts, in the one order of all locks
SELECT p.*, r.account AS ours, r.method FROM payout p JOIN payout_run r USING (run) WHERE p.run = $1
 ORDER BY p.payout FOR UPDATE OF p;

-- lock_payout: one payout
SELECT p.*, r.account AS ours, r.method FROM payout p JOIN payout_run r USING (run) WHERE p.payout = $1
   FOR UPDATE OF p;

-- lock_payouts_named: the payouts that a bank's entries name, in the one order of all locks
SELECT p.*, r.account AS ours, r.method FROM payout p JOIN payout_run r USING (run)
 WHERE p.end_to_end = ANY ($1::text[]) ORDER BY p.payout FOR UPDATE OF p;

-- read_payouts_named: the same as they stand, without a lock
SELECT p.*, r.account AS ours, r.method FROM payout p JOIN payout_run r USING (run) WHERE p.end_to_end = ANY ($1::text[]);

-- entries_of_payouts: which of a bank's entries payouts have
SELECT payout, credit FROM bank_entry WHERE payout = ANY ($1::uuid[]);

-- set_payout_states: the new states of payouts
UPDATE payout SET state = new.state, changed_at = $4, events = new.events
  FROM unnest($1::uuid[], $2::text[], $3::integer[]) AS new (payout, state, events) WHERE payout.payout = new.payout;

-- set_payout_reference: the bank's reference of a payment that a person made or looked up
UPDATE payout SET reference = $2 WHERE payout = $1;

-- reference_is_used: whether another payout has a reference
SELECT EXISTS (SELECT FROM payout WHERE reference = $1 AND payout <> $2);

-- write_payout_events: changes of payouts' states, all of one time and actor
INSERT INTO payout_event (payout, number, before, after, at, actor, note)
SELECT e.payout, e.number, e.before, e.after, $5, $6, e.note
  FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $7::text[])
       AS e (payout, number, before, after, note);

-- approve_run: who approved a run
UPDATE payout_run SET approved_by = $2, approved_actor = $3, approved_at = $4, alone = $5 WHERE run = $1;

-- lock_approver: an admin, so that of two approvals at once the second knows of the first
SELECT FROM person WHERE user_id = $1 FOR NO KEY UPDATE;

-- approved_alone: what an admin approved since a time that nobody else had a part in, in a currency
SELECT coalesce(sum(p.amount), 0)::bigint FROM payout_run r JOIN payout p USING (run)
 WHERE r.approved_by = $1 AND r.alone AND r.approved_at > $2 AND r.currency = $3 AND p.state <> 'cancelled';

-- write_file: the file of a run
INSERT INTO payout_file (run, message, schema, file, sha256, made_at, actor) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- read_file: the file of a run
SELECT run, message, schema, file, sha256, made_at, actor FROM payout_file WHERE run = $1;

-- holder_of_account: whose one of our bank accounts is
SELECT holder, bic FROM bank_account WHERE account = $1;
