-- Events on their way to whoever listens.

-- take_events: take some off the outbox; they are gone when the transaction that delivered them commits
WITH taken AS (
    DELETE FROM outbox WHERE (wallet, number) IN (
        SELECT wallet, number FROM outbox ORDER BY wallet, number LIMIT $1 FOR UPDATE SKIP LOCKED
    ) RETURNING wallet, number)
SELECT e.wallet, e.number, e.payment, e.before, e.after, e.reasons, e.at, e.actor, e.note
  FROM taken JOIN payment_event e ON e.wallet = taken.wallet AND e.number = taken.number
 ORDER BY e.wallet, e.number;
