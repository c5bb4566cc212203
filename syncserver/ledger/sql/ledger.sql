-- Money: who locks wallets, and what a transaction writes of its postings.

-- lock_wallets: lock these wallets in their one order and read what they have now
SELECT wallet, currency, online, offline, held, review, events, transfers, last_paid_at, lat, lon, blocked_version, customer
  FROM wallet WHERE wallet = ANY ($1::text[]) ORDER BY wallet FOR NO KEY UPDATE;

-- last_events_of_unknown: the number of the last event of wallets that no customer has
SELECT wallet, max(number) AS number FROM payment_event WHERE wallet = ANY ($1::text[]) GROUP BY wallet;

-- write_postings: add balanced movements, what vendors' balances change by (for the folder to add up), changes of
-- payments' states and the same events for whoever listens; then set the balances, counters and the time of the last payment computed under the lock.
-- $1 and $2 are when and by whom, $3 and $19 which of them each movement and each event is by
WITH moved AS (
    INSERT INTO transfer (wallet, number, debit, credit, amount, currency, cause, payment, series, vendor, at, actor)
    SELECT t.wallet, t.number, t.debit, t.credit, t.amount, t.currency, t.cause, t.payment, t.series, t.vendor,
           ($1::bigint[])[t.place], ($2::text[])[t.place]
      FROM unnest($3::text::smallint[], $4::text::text[], $5::text::bigint[], $6::text::text[], $7::text::text[],
                  $8::text::bigint[], $9::text::text[], $10::text::text[], $11::text::uuid[], $12::text::uuid[],
                  $13::text::uuid[])
           AS t (place, wallet, number, debit, credit, amount, currency, cause, payment, series, vendor)),
 credited AS (
    INSERT INTO pending_credit (wallet, number, vendor, amount, currency)
    SELECT * FROM unnest($14::text::text[], $15::text::bigint[], $16::text::uuid[], $17::text::bigint[],
                         $18::text::text[])),
 changed AS (
    INSERT INTO payment_event (wallet, number, payment, before, after, reasons, note, at, actor)
    SELECT e.wallet, e.number, e.payment, e.before, e.after, e.reasons::text[], e.note, ($1::bigint[])[e.place],
           ($2::text[])[e.place]
      FROM unnest($19::text::smallint[], $20::text::text[], $21::text::bigint[], $22::text::uuid[], $23::text::text[],
                  $24::text::text[], $25::text::text[], $26::text::text[])
           AS e (place, wallet, number, payment, before, after, reasons, note)),
 queued AS (INSERT INTO outbox (wallet, number) SELECT * FROM unnest($20::text::text[], $21::text::bigint[]))
UPDATE wallet SET online = new.online, offline = new.offline, held = new.held, review = new.review,
                  events = new.events, transfers = new.transfers, last_paid_at = new.last_paid_at
  FROM unnest($27::text::text[], $28::text::bigint[], $29::text::bigint[], $30::text::bigint[], $31::text::bigint[],
              $32::text::bigint[], $33::text::bigint[], $34::text::bigint[])
       AS new (wallet, online, offline, held, review, events, transfers, last_paid_at)
 WHERE wallet.wallet = new.wallet;

-- set_payment_states: the new state of payments, and who decided it
UPDATE payment SET state = new.state, decided_by = $4, decided_at = $5, decision_reason = $6
  FROM unnest($1::text[], $2::uuid[], $3::text[]) AS new (wallet, payment, state)
 WHERE payment.wallet = new.wallet AND payment.payment = new.payment;

-- credited_for_payment: what a payment's vendor was credited, by the account that it came from
SELECT debit, sum(amount)::bigint AS amount FROM transfer
 WHERE wallet = $1 AND payment = $2 AND credit = 'vendor' GROUP BY debit;

-- note_series_changes: series whose book entry is no longer what terminals have
INSERT INTO series_change (wallet, series) SELECT * FROM unnest($1::text[], $2::uuid[]);

-- note_device_updates: what became of payments after their receipts
INSERT INTO device_update (device, payment, wallet, status, reasons, at)
SELECT u.device, u.payment, u.wallet, u.status, u.reasons::text[], $6
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[])
       AS u (device, payment, wallet, status, reasons);

-- vendor_balance: what a vendor is owed, folded or not
SELECT payable + coalesce((SELECT sum(amount) FROM pending_credit WHERE pending_credit.vendor = $1), 0)::bigint
  FROM vendor_balance WHERE vendor_balance.vendor = $1;
