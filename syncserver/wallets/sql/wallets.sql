-- Customers, wallets, series and codes.

-- write_customer: add an approved customer
INSERT INTO customer (user_id, name, lat, lon, state, created_at) VALUES ($1, $2, $3, $4, 'approved', $5);

-- number_was_used: whether a number is a wallet, or payments ever named it
SELECT EXISTS (SELECT FROM wallet WHERE wallet = $1) OR EXISTS (SELECT FROM payment_event WHERE wallet = $1);

-- write_wallet: open a wallet
INSERT INTO wallet (wallet, customer, currency, lat, lon, created_at) VALUES ($1, $2, $3, $4, $5, $6);

-- read_wallet: what a wallet has, without locking it
SELECT wallet, currency, online, offline, held, review, blocked_version FROM wallet WHERE wallet = $1;

-- wallet_of_customer: what a customer's wallet has, without locking it
SELECT wallet, currency, online, offline, held, review FROM wallet WHERE customer = $1;

-- customer_name: the name of a wallet's customer
SELECT name FROM customer WHERE user_id = $1;

-- longest_upload: the longest upload window, in hours, of any policy that may still apply
SELECT coalesce(max((body ->> 'upload_hours')::bigint), 0) FROM policy WHERE body ? 'upload_hours';

-- write_series: issue a series
INSERT INTO series (wallet, series, masked_name, t, m_kib, issued_at, expires_at, release_at, state, lat, lon, cell, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, $11, 0);

-- write_codes: its codes
INSERT INTO code (wallet, series, idx, cap, verifier, wrapped_proof_key, state)
SELECT $1, $2, c.idx, c.cap, c.verifier, c.wrapped, 'issued'
  FROM unnest($3::integer[], $4::bigint[], $5::bytea[], $6::bytea[]) AS c (idx, cap, verifier, wrapped);

-- find_series: a series by its id
SELECT wallet, series, state, expires_at, release_at, withdrawn_version, released_at FROM series WHERE series = $1;

-- series_of_wallet: a wallet's series, the newest first, with how many of their codes are in which state
SELECT s.series, s.state, s.issued_at, s.expires_at, s.release_at, s.withdrawn_version, s.released_at,
       count(*) AS codes, count(*) FILTER (WHERE c.state = 'claimed') AS claimed,
       coalesce(sum(c.cap) FILTER (WHERE c.state IN ('issued', 'expired', 'withdrawn')), 0)::bigint AS held
  FROM series s JOIN code c USING (wallet, series) WHERE s.wallet = $1
 GROUP BY s.wallet, s.series ORDER BY s.issued_at DESC, s.series LIMIT $2;

-- withdraw_series: close a series from a book version on; codes that are not claimed stay held until its release
UPDATE series SET state = 'closed', withdrawn_version = $3, version = $3 WHERE wallet = $1 AND series = $2
   AND withdrawn_version IS NULL AND released_at IS NULL;

-- withdraw_codes: its codes that nobody has claimed
UPDATE code SET state = 'withdrawn' WHERE wallet = $1 AND series = $2 AND state = 'issued';

-- held_by_series: what its codes that nobody has claimed still hold, and how many they are
SELECT coalesce(sum(cap), 0)::bigint AS held, count(*) AS codes FROM code
 WHERE wallet = $1 AND series = $2 AND state IN ('issued', 'expired', 'withdrawn');

-- codes_of_wallet: a page of a wallet's series, the newest first, below one of them, with their codes; of open ones only
-- series that can be spent at $4, and what nobody has claimed of them
WITH page AS (
    SELECT s.wallet, s.series, s.state, s.issued_at, s.expires_at, s.release_at, s.withdrawn_version, s.released_at
      FROM series s
     WHERE s.wallet = $1 AND ($2::uuid IS NULL OR s.series < $2)
       AND (NOT $3::boolean OR (s.state = 'open' AND s.expires_at >= $4::bigint
            AND EXISTS (SELECT FROM code o WHERE o.wallet = s.wallet AND o.series = s.series AND o.state = 'issued')))
     ORDER BY s.series DESC LIMIT $5)
SELECT p.series, p.state, p.issued_at, p.expires_at, p.release_at, p.withdrawn_version, p.released_at,
       c.idx, c.cap, c.state AS code_state
  FROM page p JOIN code c ON c.wallet = p.wallet AND c.series = p.series
 WHERE NOT $3::boolean OR c.state = 'issued'
 ORDER BY p.series DESC, c.idx;

-- expired_series: open series whose time is over
SELECT wallet, series FROM series WHERE state = 'open' AND released_at IS NULL AND expires_at < $1 LIMIT $2;

-- close_expired: close them
UPDATE series SET state = 'closed' FROM unnest($1::text[], $2::uuid[]) AS k (wallet, series)
 WHERE series.wallet = k.wallet AND series.series = k.series AND series.state = 'open';

-- expire_codes: their codes that nobody has claimed
UPDATE code SET state = 'expired' FROM unnest($1::text[], $2::uuid[]) AS k (wallet, series)
 WHERE code.wallet = k.wallet AND code.series = k.series AND code.state = 'issued';

-- due_series: series whose unclaimed caps are due to return
SELECT wallet, series FROM series WHERE released_at IS NULL AND release_at <= $1 ORDER BY release_at LIMIT $2;

-- release_codes: give up the hold of codes that nobody has claimed
UPDATE code SET state = 'released' FROM unnest($1::text[], $2::uuid[]) AS k (wallet, series)
 WHERE code.wallet = k.wallet AND code.series = k.series AND code.state IN ('issued', 'expired', 'withdrawn')
RETURNING code.wallet, code.series, code.cap;

-- close_released: series that are done
UPDATE series SET released_at = $3, state = 'closed' FROM unnest($1::text[], $2::uuid[]) AS k (wallet, series)
 WHERE series.wallet = k.wallet AND series.series = k.series AND series.released_at IS NULL;

-- block_wallet: block or unblock a wallet from a book version on
UPDATE wallet SET blocked_version = $2 WHERE wallet = $1;

-- customers_after: customers after one, the oldest first, each with the wallet
SELECT c.user_id, c.name, c.lat, c.lon, c.created_at, w.wallet, w.currency, w.online, w.offline, w.held, w.review,
       w.blocked_version IS NOT NULL AS blocked, p.login, p.state AS person_state
  FROM customer c JOIN wallet w ON w.customer = c.user_id LEFT JOIN person p ON p.user_id = c.user_id
 WHERE ($1::uuid IS NULL OR c.user_id > $1) AND ($3::uuid IS NULL OR c.user_id = $3) ORDER BY c.user_id LIMIT $2;
