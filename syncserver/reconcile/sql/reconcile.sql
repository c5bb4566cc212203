-- Each statement returns rows only where something is wrong; its purpose is the finding's name for people.

-- wallet_balances: a wallet's balance differs from the sum of its entries
WITH sums AS (SELECT owner AS wallet, account, sum(amount) AS amount FROM entry
               WHERE account IN ('online', 'offline', 'held', 'review') GROUP BY owner, account),
     balances AS (SELECT w.wallet, a.account, a.amount FROM wallet w
                   CROSS JOIN LATERAL (VALUES ('online', w.online), ('offline', w.offline), ('held', w.held),
                                              ('review', w.review)) AS a (account, amount))
SELECT coalesce(b.wallet, s.wallet) AS wallet, coalesce(b.account, s.account) AS account, b.amount AS balance,
       s.amount AS entries
  FROM balances b FULL JOIN sums s ON s.wallet = b.wallet AND s.account = b.account
 WHERE coalesce(b.amount, 0) <> coalesce(s.amount, 0) OR b.wallet IS NULL;

-- vendor_balances: a vendor's balance, with pending credit, differs from the sum of its entries
SELECT vendor, v.payable, p.amount AS pending, s.amount AS entries FROM vendor_balance v
  FULL JOIN (SELECT vendor, sum(amount) AS amount FROM pending_credit GROUP BY vendor) p USING (vendor)
  FULL JOIN (SELECT owner::uuid AS vendor, sum(amount) AS amount FROM entry WHERE account = 'vendor' GROUP BY owner) s
       USING (vendor)
 WHERE v.vendor IS NULL OR v.payable + coalesce(p.amount, 0) <> coalesce(s.amount, 0);

-- currencies: the entries of a currency do not sum to zero, or a transfer is in another currency than its accounts
SELECT currency, sum(amount) AS difference FROM entry GROUP BY currency HAVING sum(amount) <> 0
UNION ALL
SELECT t.currency, t.amount FROM transfer t LEFT JOIN wallet w USING (wallet) LEFT JOIN vendor v USING (vendor)
 WHERE t.currency IS DISTINCT FROM w.currency OR (t.vendor IS NOT NULL AND v.currency IS DISTINCT FROM t.currency)
UNION ALL
SELECT t.currency, t.amount FROM vendor_transfer t LEFT JOIN vendor v USING (vendor)
 WHERE v.currency IS DISTINCT FROM t.currency;

-- double_spends: a code settled two payments without a review of all but the first
SELECT p.wallet, p.series, p.idx, count(*) AS payments FROM payment p
 WHERE p.state = 'SUCCESSFUL' AND p.channel = 'offline'
   AND NOT EXISTS (SELECT FROM payment_event e WHERE e.wallet = p.wallet AND e.payment = p.payment
                      AND e.before = 'FLAGGED' AND e.after = 'SUCCESSFUL')
 GROUP BY p.wallet, p.series, p.idx HAVING count(*) > 1;

-- codes: a claimed code's payment is not there or did not claim it, or a claim without its code
SELECT c.wallet, c.series, c.idx, c.payment FROM code c LEFT JOIN payment p ON p.wallet = c.wallet AND p.payment = c.payment
 WHERE c.state = 'claimed' AND (p.payment IS NULL OR NOT p.claimed OR p.series <> c.series OR p.idx <> c.idx)
UNION ALL
SELECT p.wallet, p.series, p.idx, p.payment FROM payment p
  LEFT JOIN code c ON c.wallet = p.wallet AND c.series = p.series AND c.idx = p.idx
 WHERE p.claimed AND c.payment IS DISTINCT FROM p.payment;

-- states: a payment's state is not what its events give
SELECT wallet, payment, p.state, e.after AS last_event FROM payment p
  LEFT JOIN (SELECT DISTINCT ON (wallet, payment) wallet, payment, after FROM payment_event
              ORDER BY wallet, payment, number DESC) e USING (wallet, payment)
 WHERE e.after IS DISTINCT FROM p.state;

-- events: a wallet's events have a gap, or a payment's events do not follow one another
SELECT wallet, number, payment, before, expected FROM (
    SELECT wallet, number, payment, before,
           coalesce(lag(after) OVER (PARTITION BY wallet, payment ORDER BY number), 'PROCESSING') AS expected,
           row_number() OVER (PARTITION BY wallet ORDER BY number) AS position
      FROM payment_event) AS e
 WHERE number <> position OR before <> expected;

-- counters: a wallet's counters, or when it last paid, are not those of its history
SELECT w.wallet, w.events, w.transfers, w.last_paid_at FROM wallet w
  LEFT JOIN (SELECT wallet, count(*) AS n, max(number) AS last FROM payment_event GROUP BY wallet) e USING (wallet)
  LEFT JOIN (SELECT wallet, count(*) AS n, max(number) AS last FROM transfer GROUP BY wallet) t USING (wallet)
  LEFT JOIN (SELECT wallet, max(taken_at) AS last FROM payment WHERE state IN ('SUCCESSFUL', 'FLAGGED') GROUP BY wallet) p
       USING (wallet)
 WHERE w.events <> coalesce(e.n, 0) OR w.events <> coalesce(e.last, 0)
    OR w.transfers <> coalesce(t.n, 0) OR w.transfers <> coalesce(t.last, 0) OR w.last_paid_at < p.last;

-- holds: what is held differs from the caps of codes that nobody claimed or released
SELECT w.wallet, w.held, c.caps FROM wallet w
  LEFT JOIN (SELECT wallet, sum(cap) AS caps FROM code WHERE state IN ('issued', 'expired', 'withdrawn') GROUP BY wallet) c
       USING (wallet)
 WHERE w.held <> coalesce(c.caps, 0);

-- reviews: what is in review differs from the flagged payments that claimed their codes or were made online
SELECT w.wallet, w.review, p.amount FROM wallet w
  LEFT JOIN (SELECT wallet, sum(amount) AS amount FROM payment
              WHERE state = 'FLAGGED' AND (claimed OR channel = 'online') GROUP BY wallet) p
       USING (wallet)
 WHERE w.review <> coalesce(p.amount, 0);

-- settlements: what a vendor was credited for a payment, less what it gave back, does not fit the payment's state
SELECT p.wallet, p.payment, p.state, p.amount, t.credited, t.returned, t.refunded FROM payment p
  LEFT JOIN (SELECT wallet, payment, sum(amount) FILTER (WHERE credit = 'vendor') AS credited,
                    sum(amount) FILTER (WHERE debit = 'vendor') AS returned,
                    sum(amount) FILTER (WHERE debit = 'vendor' AND cause = 'refund') AS refunded
               FROM transfer WHERE vendor IS NOT NULL AND payment IS NOT NULL GROUP BY wallet, payment) t
       USING (wallet, payment)
 WHERE CASE WHEN p.state = 'REVERSED' THEN coalesce(t.credited, 0) <> coalesce(t.returned, 0)
            WHEN p.state <> 'SUCCESSFUL' THEN coalesce(t.credited, 0) <> 0 OR coalesce(t.returned, 0) <> 0
            -- a part may be refunded, and nothing else takes from a settled payment; the whole would have reversed it
            WHEN coalesce(t.returned, 0) <> coalesce(t.refunded, 0) OR t.refunded >= t.credited THEN true
            WHEN p.claimed OR p.channel = 'online' THEN t.credited IS DISTINCT FROM p.amount
            -- approved without a hold: a vendor that bears its losses may be paid less, never more
            ELSE coalesce(t.credited, 0) NOT BETWEEN 0 AND p.amount
       END;

-- refunds: a payment's refunds are not what moved back for them, are not numbered without gaps, or exceed the payment
SELECT wallet, payment, p.amount, r.to_customer, r.to_house, t.to_customer AS moved_to_customer,
       t.to_house AS moved_to_house
  FROM (SELECT wallet, payment, sum(to_customer) AS to_customer, sum(to_house) AS to_house, count(*) AS n,
               max(number) AS last FROM refund GROUP BY wallet, payment) r
  FULL JOIN (SELECT wallet, payment, coalesce(sum(amount) FILTER (WHERE credit = 'online'), 0) AS to_customer,
                    coalesce(sum(amount) FILTER (WHERE credit = 'loss'), 0) AS to_house, sum(amount) AS total
               FROM transfer WHERE cause = 'refund' GROUP BY wallet, payment) t USING (wallet, payment)
  LEFT JOIN payment p USING (wallet, payment)
 WHERE r.n IS DISTINCT FROM r.last OR r.to_customer IS DISTINCT FROM t.to_customer
    OR r.to_house IS DISTINCT FROM t.to_house OR t.total <> t.to_customer + t.to_house
    OR p.payment IS NULL OR r.to_customer + r.to_house > p.amount;

-- causes: a transfer names a payment or series that is not there
SELECT t.wallet, t.number, t.cause FROM transfer t
  LEFT JOIN payment p ON p.wallet = t.wallet AND p.payment = t.payment
  LEFT JOIN series s ON s.wallet = t.wallet AND s.series = t.series
 WHERE (t.payment IS NOT NULL AND p.payment IS NULL) OR (t.series IS NOT NULL AND s.series IS NULL);

-- fundings: money came in by a person or a file without its receipt or bank entry, or those are not what came in
SELECT f.wallet, f.number, t.amount AS moved, f.amount, f.currency, f.source
  FROM (SELECT wallet, number, amount, currency, 'bank entry' AS source FROM bank_entry WHERE state = 'credited'
        UNION ALL SELECT wallet, number, amount, currency, 'receipt' FROM cash_receipt) AS f
  LEFT JOIN transfer t ON t.wallet = f.wallet AND t.number = f.number AND t.cause = 'funding'
 WHERE t.amount IS DISTINCT FROM f.amount OR t.currency IS DISTINCT FROM f.currency OR t.debit <> 'bank'
    OR t.credit <> 'online'
UNION ALL
SELECT t.wallet, t.number, t.amount, NULL, t.currency, t.actor FROM transfer t
 WHERE t.cause = 'funding' AND t.actor ~ '^((customer|vendor|admin|superadmin) |bank import, )'
   AND NOT EXISTS (SELECT FROM bank_entry b WHERE b.wallet = t.wallet AND b.number = t.number)
   AND NOT EXISTS (SELECT FROM cash_receipt r WHERE r.wallet = t.wallet AND r.number = t.number)
UNION ALL
SELECT wallet, number, b.amount, r.amount, r.currency, 'both' FROM bank_entry b JOIN cash_receipt r USING (wallet, number);

-- payouts: what moved for a payout does not fit its state, or its amount, vendor and currency
SELECT p.payout, p.vendor, p.state, p.amount, t.vendor AS moved_of, t.owed, t.clearing, t.bank
  FROM payout p
  FULL JOIN (SELECT payout, min(vendor::text)::uuid AS vendor, min(currency) AS currency,
                    bool_and(vendor = first_of AND currency = currency_of) AS alike,
                    sum(change) FILTER (WHERE account = 'vendor') AS owed,
                    sum(change) FILTER (WHERE account = 'clearing') AS clearing,
                    sum(change) FILTER (WHERE account = 'bank') AS bank
               FROM (SELECT t.payout, t.vendor, t.currency, s.account, s.change,
                            first_value(t.vendor) OVER (PARTITION BY t.payout) AS first_of,
                            first_value(t.currency) OVER (PARTITION BY t.payout) AS currency_of
                       FROM (SELECT * FROM vendor_transfer WHERE cause NOT IN ('write_off', 'take_back')) AS t
                      CROSS JOIN LATERAL (VALUES (t.debit, -t.amount), (t.credit, t.amount)) AS s (account, change)) m
              GROUP BY payout) t USING (payout)
 WHERE p.vendor IS DISTINCT FROM t.vendor OR p.currency IS DISTINCT FROM t.currency OR NOT t.alike
    OR CASE WHEN p.state IN ('proposed', 'approved', 'sent')
            THEN (t.owed, t.clearing, coalesce(t.bank, 0)) IS DISTINCT FROM (-p.amount, p.amount, 0)
            WHEN p.state = 'paid'
            THEN (t.owed, t.clearing, t.bank) IS DISTINCT FROM (-p.amount, 0, p.amount)
            ELSE (t.owed, t.clearing, coalesce(t.bank, 0)) IS DISTINCT FROM (0, 0, 0) END;

-- clearing: what is on its way to a vendor's bank differs from its payouts that the bank has not answered yet
SELECT coalesce(s.vendor, p.vendor) AS vendor, s.amount AS clearing, p.amount AS payouts
  FROM (SELECT owner::uuid AS vendor, sum(amount) AS amount FROM entry WHERE account = 'clearing' GROUP BY owner) s
  FULL JOIN (SELECT vendor, sum(amount) AS amount FROM payout WHERE state IN ('proposed', 'approved', 'sent')
              GROUP BY vendor) p USING (vendor)
 WHERE coalesce(s.amount, 0) <> coalesce(p.amount, 0);

-- payout_events: a payout's state is not what its events give, or they have a gap
SELECT p.payout, p.state, p.events, e.n, e.last, e.after AS last_event FROM payout p
  FULL JOIN (SELECT payout, count(*) AS n, max(number) AS last,
                    (array_agg(after ORDER BY number DESC))[1] AS after,
                    bool_and(before IS NOT DISTINCT FROM expected) AS follow
               FROM (SELECT payout, number, before, after,
                            lag(after) OVER (PARTITION BY payout ORDER BY number) AS expected FROM payout_event) AS each
              GROUP BY payout) e USING (payout)
 WHERE p.state IS DISTINCT FROM e.after OR p.events <> e.n OR p.events <> e.last OR NOT e.follow;

-- payout_counters: a vendor's count of movements without a wallet is not that of its history
SELECT v.vendor, v.transfers, t.n, t.last FROM vendor_balance v
  FULL JOIN (SELECT vendor, count(*) AS n, max(number) AS last FROM vendor_transfer GROUP BY vendor) t USING (vendor)
 WHERE v.transfers IS DISTINCT FROM coalesce(t.n, 0) OR v.transfers IS DISTINCT FROM coalesce(t.last, 0);

-- payout_entries: a bank entry is of a payout that it does not fit, or a payout was paid on nobody's word
SELECT b.entry, b.payout, b.credit, b.amount, p.amount AS paid, p.state FROM bank_entry b LEFT JOIN payout p USING (payout)
 WHERE b.payout IS NOT NULL
   AND (p.payout IS NULL OR b.amount <> p.amount OR b.currency <> p.currency OR (p.end_to_end <> upper(b.end_to_end) AND (NOT b.credit OR b.decided_by IS NULL))
        OR p.state NOT IN ('paid', 'returned', 'failed') OR (b.credit AND p.state = 'paid'))
UNION ALL
SELECT NULL, p.payout, NULL, NULL, p.amount, p.state FROM payout p
 WHERE p.state = 'paid' AND p.reference IS NULL
   AND NOT EXISTS (SELECT FROM bank_entry b WHERE b.payout = p.payout AND NOT b.credit);

-- payout_files: a payout went to the bank without a file that has it, or a file is not of approved payouts
SELECT p.payout, p.run, p.state, f.message FROM payout p JOIN payout_run r USING (run) LEFT JOIN payout_file f USING (run)
 WHERE CASE WHEN r.method = 'by_hand' THEN f.run IS NOT NULL
            WHEN p.state IN ('sent', 'paid', 'failed', 'returned')
            THEN f.run IS NULL OR position(p.end_to_end::bytea IN f.file) = 0
            ELSE f.run IS NOT NULL AND position(p.end_to_end::bytea IN f.file) > 0 END;

-- journals: a record's prev is not the link before it, and the device is not known to have forked; in the journals' order,
-- since a join may be planned for the few records that there were when the database last counted them
SELECT device, epoch, seq FROM (
    SELECT j.device, j.epoch, j.seq, j.prev, lag(j.seq) OVER journal AS seq_before, lag(j.link) OVER journal AS link_before
      FROM journal_record j WHERE NOT j.fork
    WINDOW journal AS (PARTITION BY j.device, j.epoch ORDER BY j.seq)) AS r
 WHERE r.seq_before = r.seq - 1 AND r.link_before <> r.prev
   AND NOT EXISTS (SELECT FROM device d WHERE d.device = r.device AND d.quarantined_at IS NOT NULL);

-- records: the bytes of a stored record are not those that its link was made of
SELECT device, epoch, seq, link FROM (SELECT device, epoch, seq, link, raw FROM journal_record
                                      UNION ALL SELECT device, epoch, seq, link, raw FROM fork_record) AS r
 WHERE link <> sha256('tallystick/v1/chain'::bytea || '\x00'::bytea || raw);

-- heads: a journal's head or ranges are not those of its records
WITH runs AS (
    SELECT device, epoch, min(seq) AS first, max(seq) AS last FROM (
        SELECT device, epoch, seq, seq - row_number() OVER (PARTITION BY device, epoch ORDER BY seq) AS run
          FROM journal_record) AS numbered
     GROUP BY device, epoch, run),
 spans AS (SELECT device, epoch, jsonb_agg(jsonb_build_array(first, last) ORDER BY first) AS ranges FROM runs
            GROUP BY device, epoch)
SELECT e.device, e.epoch, e.ranges AS stored, s.ranges AS found FROM device_epoch e
  LEFT JOIN spans s USING (device, epoch)
  LEFT JOIN journal_record h ON h.device = e.device AND h.epoch = e.epoch
        AND h.seq = CASE WHEN (e.ranges -> 0 -> 0)::bigint = 1 THEN (e.ranges -> 0 -> 1)::bigint END
 WHERE coalesce(s.ranges, '[]') <> e.ranges OR (h.link IS NOT NULL AND h.link <> e.head);

-- answers: an offline payment's record is not there, or a record that was not rejected has no payment
SELECT p.wallet, p.payment, p.device, p.seq FROM payment p
 WHERE p.channel = 'offline'
   AND NOT EXISTS (SELECT FROM journal_record j WHERE j.device = p.device AND j.epoch = p.epoch AND j.seq = p.seq AND j.link = p.link)
   AND NOT EXISTS (SELECT FROM fork_record f WHERE f.device = p.device AND f.epoch = p.epoch AND f.seq = p.seq AND f.link = p.link)
UNION ALL
SELECT j.wallet, j.payment, j.device, j.seq FROM journal_record j
 WHERE j.type = 'payment' AND j.status <> 'rejected'
   AND NOT EXISTS (SELECT FROM payment p WHERE p.wallet = j.wallet AND p.payment = j.payment AND p.link = j.link)
UNION ALL
SELECT NULL, f.payment, f.device, f.seq FROM fork_record f
 WHERE f.payment IS NOT NULL AND f.status <> 'rejected'
   AND NOT EXISTS (SELECT FROM payment p WHERE p.payment = f.payment AND p.link = f.link);

-- shifts: a shift's close differs from its records and is not marked, or was reconciled as one that matches
SELECT s.device, s.epoch, s.shift, s.count, s.total, s.currency, coalesce(seen.count, 0) AS found_count,
       coalesce(seen.total, 0) AS found_total, v.currency AS found_currency
  FROM shift s JOIN device_epoch e ON e.device = s.device AND e.epoch = s.epoch
  JOIN device d ON d.device = s.device JOIN vendor v ON v.vendor = d.vendor
  LEFT JOIN shift_as_recorded seen ON seen.device = s.device AND seen.epoch = s.epoch AND seen.shift = s.shift
 WHERE (s.state = 'closed' OR (s.state = 'reconciled' AND 'reconcile' = (
            SELECT c.action FROM shift_decision c WHERE c.device = s.device AND c.epoch = s.epoch AND c.shift = s.shift
               AND c.done AND c.after = 'reconciled' ORDER BY c.number DESC LIMIT 1)))
   AND (e.ranges -> 0 -> 0)::bigint = 1 AND (e.ranges -> 0 -> 1)::bigint >= s.closed_seq
   AND (s.count <> coalesce(seen.count, 0) OR s.total <> coalesce(seen.total, 0) OR s.currency <> v.currency);

-- decisions: a shift is reconciled and nobody decided it, or the reverse, or nobody closed it, or its decisions have a gap
SELECT device, epoch, shift, s.state, c.last_state, c.n FROM shift s
  FULL JOIN (SELECT device, epoch, shift, count(*) AS n, max(number) AS last,
                    (array_agg(after ORDER BY number DESC))[1] AS last_state, bool_or(done AND action = 'close') AS by_hand
               FROM shift_decision GROUP BY device, epoch, shift) c USING (device, epoch, shift)
 WHERE (s.state = 'reconciled') IS DISTINCT FROM (coalesce(c.last_state, '') = 'reconciled') OR c.n <> c.last
    OR (s.state = 'reconciled' AND s.closed_seq IS NULL AND c.by_hand IS NOT TRUE);

-- write_offs: what the house paid for a shift, or took back, is not what was decided, or is more than its close says
SELECT w.write_off, w.device, w.epoch, w.shift, w.amount, t.paid, t.taken, c.decided, c.decided_back, s.total
  FROM write_off w
  FULL JOIN (SELECT payout AS write_off, sum(amount) FILTER (WHERE cause = 'write_off') AS paid,
                    coalesce(sum(amount) FILTER (WHERE cause = 'take_back'), 0) AS taken,
                    min(vendor::text) AS least, max(vendor::text) AS most, min(currency) AS currency
               FROM vendor_transfer WHERE cause IN ('write_off', 'take_back') GROUP BY payout) t USING (write_off)
  FULL JOIN (SELECT device, epoch, shift, sum(stake) FILTER (WHERE action = 'write_off') AS decided,
                    coalesce(sum(stake) FILTER (WHERE action = 'take_back'), 0) AS decided_back
               FROM shift_decision WHERE done AND action IN ('write_off', 'take_back') GROUP BY device, epoch, shift) c
       ON c.device = w.device AND c.epoch = w.epoch AND c.shift = w.shift
  LEFT JOIN shift s ON s.device = w.device AND s.epoch = w.epoch AND s.shift = w.shift
 WHERE w.amount IS DISTINCT FROM t.paid OR w.amount IS DISTINCT FROM c.decided OR t.taken IS DISTINCT FROM c.decided_back
    OR t.taken > t.paid OR w.vendor::text IS DISTINCT FROM t.least OR t.least <> t.most OR w.currency <> t.currency
    OR s.total IS NULL OR w.amount > s.total;
