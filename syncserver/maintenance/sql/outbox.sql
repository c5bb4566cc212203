-- Events on their way to whoever listens. The outbox is empty most of the time, and its plans are made then, but it may
-- hold millions: so each part finds its rows in one way only, by an index or by their places.

-- by_index: for the rest of a transaction no table is read from end to end
SELECT set_config('enable_seqscan', 'off', true);

-- take_events: take some off the outbox; they are gone when the transaction that delivered them commits
WITH taken AS (
    DELETE FROM outbox WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM outbox ORDER BY wallet, number LIMIT $1 FOR UPDATE SKIP LOCKED
    )) RETURNING wallet, number)
SELECT e.wallet, e.number, e.payment, e.before, e.after, e.reasons, e.at, e.actor, e.note
  FROM taken CROSS JOIN LATERAL (
    SELECT * FROM payment_event p WHERE p.wallet = taken.wallet AND p.number = taken.number LIMIT 1) e
 ORDER BY e.wallet, e.number;
