-- Flagged payments: the queue in a filter, what its reviewer has to see, questions to vendors, and deciding many.

-- flagged_payments: payments that wait for an admin, of a filter, the oldest first, from behind a place in that order on
SELECT p.*, v.name AS vendor_name, 0::bigint AS refunded, f.questions, f.answers
  FROM flagged_in($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS f
  JOIN payment p ON p.wallet = f.wallet AND p.payment = f.payment JOIN vendor v ON v.vendor = p.vendor
 WHERE f.received_at >= $11 AND (f.received_at, f.wallet, f.payment) > ($11, $12, $13::uuid)
 ORDER BY f.received_at, f.wallet, f.payment LIMIT $14;

-- flagged_sums: how many payments wait in a filter, what they sum up to by currency, and since when the oldest does
SELECT currency, count(*) AS payments, sum(amount)::bigint AS amount, min(received_at) AS oldest
  FROM flagged_in($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) GROUP BY currency ORDER BY currency;

-- flagged_reasons: how many payments wait for each reason, in the same filter
SELECT reason, count(*) AS payments FROM flagged_in($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
 CROSS JOIN LATERAL unnest(reasons) AS reason GROUP BY reason ORDER BY payments DESC, reason;

-- talk_of_payment: how often its vendor was asked about a payment, and answered
SELECT count(*)::integer AS questions, count(a.question)::integer AS answers
  FROM payment_question q LEFT JOIN payment_answer a USING (question) WHERE q.wallet = $1 AND q.payment = $2;

-- who_decided: who decided a payment, when, and the name of that person where it is one
SELECT p.state, p.decided_by, p.decided_at, d.name, d.login FROM payment p
  LEFT JOIN person d ON d.user_id = CASE WHEN p.decided_by ~ '^(admin|superadmin) [0-9a-f-]{36}$'
                                         THEN split_part(p.decided_by, ' ', 2)::uuid END
 WHERE p.wallet = $1 AND p.payment = $2;

-- scene_of_payment: whose wallet it is and where they live, which terminal it was and whether that is still trusted
SELECT w.customer, c.name, w.lat, w.lon, w.blocked_version IS NOT NULL AS blocked, d.name AS device_name,
       d.quarantined_at, d.revoked_at
  FROM (SELECT $1::text AS wallet, $2::uuid AS device) AS k
  LEFT JOIN wallet w USING (wallet) LEFT JOIN customer c ON c.user_id = w.customer LEFT JOIN device d USING (device);

-- twins_of_payment: the other payments that named the same code, in the order of their arrival
SELECT p.*, v.name AS vendor_name, r.refunded, d.name AS device_name
  FROM payment p JOIN vendor v USING (vendor) LEFT JOIN device d ON d.device = p.device
 CROSS JOIN LATERAL (SELECT coalesce(sum(to_customer + to_house), 0)::bigint AS refunded FROM refund r
                      WHERE r.wallet = p.wallet AND r.payment = p.payment) AS r
 WHERE p.wallet = $1 AND p.series = $2 AND p.idx = $3 AND p.payment <> $4
 ORDER BY p.received_at, p.payment LIMIT $5;

-- questions_of_payment: what was asked about a payment, and answered, in order
SELECT q.question, q.text, q.actor, q.at, a.text AS answer, a.actor AS answered_by, a.at AS answered_at
  FROM payment_question q LEFT JOIN payment_answer a USING (question)
 WHERE q.wallet = $1 AND q.payment = $2 ORDER BY q.question;

-- questions_of_vendor: what a vendor was asked, the newest first, before one of them; those that wait alone, or all
SELECT q.question, q.wallet, q.payment, q.text, q.actor, q.at, a.text AS answer, a.actor AS answered_by,
       a.at AS answered_at, p.amount, p.currency, p.state, p.device, p.taken_at, p.reasons
  FROM payment_question q LEFT JOIN payment_answer a USING (question)
  JOIN payment p ON p.wallet = q.wallet AND p.payment = q.payment
 WHERE q.vendor = $1 AND ($2::uuid IS NULL OR q.question < $2) AND (NOT $3 OR a.question IS NULL)
 ORDER BY q.question DESC LIMIT $4;

-- write_question: ask a payment's vendor
INSERT INTO payment_question (question, wallet, payment, vendor, text, actor, at) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- question_to_vendor: a question to a vendor, for whoever answers it: whose payment it is about
SELECT wallet, payment FROM payment_question WHERE question = $1 AND vendor = $2;

-- write_answer: answer it, once
INSERT INTO payment_answer (question, text, actor, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- write_bulk: what an admin wants to decide together
INSERT INTO bulk_review (bulk, approve, reason, filter, asked_by, count, at) VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7);

-- write_bulk_items: every payment that waits in a filter, as it stands
INSERT INTO bulk_review_item (bulk, position, wallet, payment, version)
SELECT $11, row_number() OVER (ORDER BY received_at, wallet, payment), wallet, payment, questions + answers
  FROM flagged_in($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- read_bulk: what an admin wanted to decide together
SELECT bulk, approve, reason, filter, asked_by, count, at FROM bulk_review WHERE bulk = $1;

-- next_bulk_item: the next payment of it that nobody else is deciding
SELECT position, wallet, payment, version FROM bulk_review_item WHERE bulk = $1 AND outcome IS NULL
 ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED;

-- set_bulk_outcome: what became of one
UPDATE bulk_review_item SET outcome = $3, at = $4 WHERE bulk = $1 AND position = $2 AND outcome IS NULL;

-- bulk_progress: how many of them came to what, and to what sums; NULL for those that are left
SELECT i.outcome, p.currency, count(*) AS payments, sum(p.amount)::bigint AS amount
  FROM bulk_review_item i JOIN payment p ON p.wallet = i.wallet AND p.payment = i.payment
 WHERE i.bulk = $1 GROUP BY i.outcome, p.currency ORDER BY i.outcome NULLS LAST, p.currency;

-- bulk_items: what became of each, from behind a position on; of an outcome, or of all
SELECT i.position, i.wallet, i.payment, i.outcome, i.at, p.amount, p.currency, p.state, p.decided_by
  FROM bulk_review_item i JOIN payment p ON p.wallet = i.wallet AND p.payment = i.payment
 WHERE i.bulk = $1 AND i.position > $2 AND ($3::text IS NULL OR i.outcome = $3) ORDER BY i.position LIMIT $4;
