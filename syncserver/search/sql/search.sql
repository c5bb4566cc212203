-- Searching. $1 is how many of a kind are told, at most; the rest is what was typed, in the form that finds it.

-- payments_by_id: payments whose ids lie between two; journals lead to the wallets, as ids are unique in one alone
SELECT p.payment, p.wallet, p.amount, p.currency, p.state, p.received_at
  FROM ((SELECT b.wallet, b.payment FROM payment b
          WHERE b.payment BETWEEN $2 AND $3 AND (b.channel = 'online' OR 'FORK' = ANY (b.reasons))
          ORDER BY b.payment LIMIT $1)
        UNION
        (SELECT j.wallet, j.payment FROM device_epoch e CROSS JOIN LATERAL (
             SELECT r.wallet, r.payment FROM journal_record r
              WHERE r.device = e.device AND r.epoch = e.epoch AND r.payment BETWEEN $2 AND $3
                AND r.type = 'payment' AND r.status <> 'rejected' LIMIT $1) AS j LIMIT $1)) AS found
  JOIN payment p USING (wallet, payment) ORDER BY p.payment DESC LIMIT $1;

-- payments_by_end: of the payments that arrived last those whose ids, or whose wallets' numbers, end so; older ones are
-- found by how they begin
SELECT p.payment, p.wallet, p.amount, p.currency, p.state, p.received_at
  FROM (SELECT * FROM payment ORDER BY received_at DESC, wallet DESC, payment DESC LIMIT 10001) AS p
 WHERE right(translate(p.payment::text, '-', ''), length($2)) = $2 OR p.wallet LIKE '%' || $2::text
 ORDER BY p.received_at DESC, p.wallet DESC, p.payment DESC LIMIT $1;

-- currencies: what shops take
SELECT DISTINCT currency FROM vendor ORDER BY currency LIMIT $1;

-- wallets_by_number: wallets whose numbers begin so, or have this very one
SELECT w.wallet, w.customer, c.name, w.blocked_version IS NOT NULL AS blocked
  FROM wallet w JOIN customer c ON c.user_id = w.customer WHERE w.wallet LIKE $2 ORDER BY w.wallet LIMIT $1;

-- customers_by_words: customers with names of these words
SELECT c.user_id, c.name, w.wallet FROM customer c LEFT JOIN wallet w ON w.customer = c.user_id
 WHERE words_of(c.name) @@ to_tsquery('simple', $2) ORDER BY c.name, c.user_id LIMIT $1;

-- customers_by_id: customers whose ids lie between two
SELECT c.user_id, c.name, w.wallet FROM customer c LEFT JOIN wallet w ON w.customer = c.user_id
 WHERE c.user_id BETWEEN $2 AND $3 ORDER BY c.user_id LIMIT $1;

-- people_by_login: people whose logins begin so
SELECT user_id, login, name, role, state, vendor FROM person WHERE login LIKE $2 ORDER BY login, user_id LIMIT $1;

-- devices_by_words: devices with names of these words
SELECT d.device, d.name, v.name AS vendor_name FROM device d JOIN vendor v USING (vendor)
 WHERE words_of(d.name) @@ to_tsquery('simple', $2) ORDER BY d.name, d.device LIMIT $1;

-- devices_by_id: devices whose ids lie between two
SELECT d.device, d.name, v.name AS vendor_name FROM device d JOIN vendor v USING (vendor)
 WHERE d.device BETWEEN $2 AND $3 ORDER BY d.device LIMIT $1;

-- vendors_by_words: vendors with names of these words
SELECT vendor, name FROM vendor WHERE words_of(name) @@ to_tsquery('simple', $2)
 ORDER BY name, vendor LIMIT $1;

-- vendors_by_id: vendors whose ids lie between two
SELECT vendor, name FROM vendor WHERE vendor BETWEEN $2 AND $3 ORDER BY vendor LIMIT $1;

-- entries_by_reference: bank entries whose references begin so
SELECT entry, reference, payer, remittance, amount, currency, credit, state FROM bank_entry
 WHERE reference LIKE $2 ORDER BY reference, entry DESC LIMIT $1;

-- entries_by_words: bank entries whose payers and texts have these words
SELECT entry, reference, payer, remittance, amount, currency, credit, state FROM bank_entry
 WHERE words_of(payer || ' ' || remittance) @@ to_tsquery('simple', $2) ORDER BY entry DESC LIMIT $1;

-- receipts_by_number: receipts of the cash desk whose numbers begin so
SELECT receipt, wallet, amount, currency FROM cash_receipt WHERE receipt LIKE $2 ORDER BY receipt LIMIT $1;
