-- Seals: what they cover, and what they are held against.

-- last_seal: where a chain ends
SELECT number, head FROM seal WHERE chain = $1 ORDER BY number DESC LIMIT 1;

-- write_seal: the next seal of a chain
INSERT INTO seal (chain, number, previous, rows, count, head, signature, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- take_entries: audit rows that no seal covers, as they are; they are covered when this transaction commits
WITH taken AS (
    DELETE FROM audit_to_seal WHERE id IN (SELECT id FROM audit_to_seal ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING id)
SELECT a.id, a.at, a.actor, a.action, a.object, a.origin, a.before, a.after, a.reason
  FROM taken JOIN audit a USING (id) ORDER BY a.id;

-- chains: every chain with its last seal, and how many rows it covers
SELECT DISTINCT ON (chain) chain, number, head, at, sum(count) OVER (PARTITION BY chain)::bigint AS rows
  FROM seal ORDER BY chain, number DESC;

-- seals_of_chain: some seals of a chain, in their order
SELECT chain, number, previous, rows, count, head, signature, at FROM seal WHERE chain = $1 AND number > $2
 ORDER BY number LIMIT $3;

-- knows_head: whether a head is one of a chain's
SELECT EXISTS (SELECT FROM seal WHERE head = $1);

-- entries_by_id: audit rows as they are now
SELECT id, at, actor, action, object, origin, before, after, reason FROM audit WHERE id = ANY ($1::uuid[]);

-- events_by_key: payments' events as they are now
SELECT e.wallet, e.number, e.payment, e.before, e.after, e.reasons, e.at, e.actor, e.note
  FROM unnest($1::text[], $2::bigint[]) AS k (wallet, number) JOIN payment_event e USING (wallet, number);

-- count_entries: how many audit rows there are, and how many of them wait for a seal
SELECT (SELECT count(*) FROM audit) AS stored, (SELECT count(*) FROM audit_to_seal JOIN audit USING (id)) AS waiting;

-- count_events: how many events there are, and how many of them wait for a seal
SELECT (SELECT count(*) FROM payment_event) AS stored,
       (SELECT count(*) FROM outbox JOIN payment_event USING (wallet, number)) AS waiting;

-- all_entries: what names each audit row that waits for no seal
SELECT id FROM audit a WHERE NOT EXISTS (SELECT FROM audit_to_seal w WHERE w.id = a.id) ORDER BY id;

-- all_events: what names each event that waits for no seal
SELECT wallet, number FROM payment_event e
 WHERE NOT EXISTS (SELECT FROM outbox w WHERE w.wallet = e.wallet AND w.number = e.number) ORDER BY wallet, number;
