-- Events on their way to whoever listens.

-- take_events: take some off the outbox; they are gone when the transaction that delivered them commits
DELETE FROM outbox WHERE (wallet, number) IN (
    SELECT wallet, number FROM outbox ORDER BY wallet, number LIMIT $1 FOR UPDATE SKIP LOCKED
) RETURNING wallet, number, event;
