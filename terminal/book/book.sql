-- book: the state of the book, one row.
SELECT generation, version, complete, issued_at, expires_at, policy, cashiers FROM book;

-- standing: where the book stands, without what it says.
SELECT generation, version, complete, issued_at, expires_at FROM book;

-- set_book: a page was applied; NULL ages leave the book's age as it was.
INSERT INTO book (one, generation, version, complete, issued_at, expires_at, policy, cashiers, blocked)
VALUES (1, :generation, :version, :complete, :issued_at, :expires_at, :policy, :cashiers, :blocked)
ON CONFLICT (one) DO UPDATE SET generation = excluded.generation, version = excluded.version,
    complete = excluded.complete, issued_at = coalesce(excluded.issued_at, issued_at),
    expires_at = coalesce(excluded.expires_at, expires_at), policy = excluded.policy, cashiers = excluded.cashiers,
    blocked = excluded.blocked;

-- clear_series: a new generation starts over.
DELETE FROM book_series;

-- set_series: a whole series, new or replaced.
INSERT INTO book_series (series, wallet, name, t, m_kib, verifiers, caps, spent, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (series) DO UPDATE SET wallet = excluded.wallet, name = excluded.name, t = excluded.t,
    m_kib = excluded.m_kib, verifiers = excluded.verifiers, caps = excluded.caps, spent = excluded.spent,
    expires_at = excluded.expires_at;

-- reopen_series: the server lists series that it had closed before it was restored.
DELETE FROM book_closed WHERE series IN (SELECT unhex(value) FROM json_each(:listed));

-- close_series: nothing of it is good any more, by voucher either.
INSERT INTO book_closed (series) VALUES (?) ON CONFLICT (series) DO NOTHING;

-- remove_series: a closed one is in the book no more.
DELETE FROM book_series WHERE series = ?;

-- series_of_wallet: a customer's open series, the longest valid first.
SELECT series, wallet, name, t, m_kib, verifiers, caps, spent, expires_at FROM book_series
WHERE wallet = :wallet ORDER BY expires_at DESC, series;

-- series: one series.
SELECT series, wallet, name, t, m_kib, verifiers, caps, spent, expires_at FROM book_series WHERE series = :series;

-- is_closed: whether the server said that a series was withdrawn or is over.
SELECT 1 FROM book_closed WHERE series = :series;

-- is_blocked: whether a wallet is among the blocked ones.
SELECT 1 FROM book_blocked WHERE wallet = :wallet;

-- count_series: how many series the book holds.
SELECT count(*) FROM book_series;

-- believed_keys: server keys that are not past their time.
SELECT kid, key FROM server_key WHERE not_after IS NULL OR not_after >= :now;

-- set_key: a key that a believed one vouches for, with its latest end.
INSERT INTO server_key (kid, key, not_after) VALUES (:kid, :key, :not_after)
ON CONFLICT (kid) DO UPDATE SET not_after = excluded.not_after;

-- retire_other_keys: keys are complete each time, so one that is gone from them is believed no longer.
UPDATE server_key SET not_after = min(coalesce(not_after, :ended), :ended)
WHERE kid NOT IN (SELECT unhex(value) FROM json_each(:kept));

-- server_clock: the last time that the server told.
SELECT server_time, tick, boot FROM server_clock;

-- set_server_clock: the server told its time.
INSERT INTO server_clock (one, server_time, at, tick, boot) VALUES (1, :server_time, :at, :tick, :boot)
ON CONFLICT (one) DO UPDATE SET server_time = excluded.server_time, at = excluded.at, tick = excluded.tick,
    boot = excluded.boot;

-- note_update: a book changed what is known of a payment.
INSERT INTO payment_update (payment, heard_at, issued_at, status, reasons)
VALUES (:payment, :heard_at, :issued_at, :status, :reasons);
