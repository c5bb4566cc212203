-- A country of customers, each with a wallet and one series of five codes, for the book of one terminal. The server
-- writes all rows itself, some 100,000 customers a call. Wallets rise, versions are spread over them: the series of one
-- page lie all over the tables, which is harder on a pull than the order of a real issue.

-- book_seed: the same places in every bench, others in each session
SELECT setseed($1);

-- book_people: one chunk of customers, in places near ($3 of every $4), around the radius (as many), and in 400 far towns
CREATE TEMPORARY TABLE IF NOT EXISTS book_people (
    user_id uuid, wallet text, series uuid, lat integer, lon integer, cell integer, version bigint, secret bytea);

-- book_forget: the chunk before this one
TRUNCATE book_people;

-- book_places: customers number $1 to $2 of $3, every $4-th of them within 19.8 km of ($5, $6), as many at 21 to 60 km
INSERT INTO book_people
SELECT gen_random_uuid(), (1000000000 + i)::text,
       (lpad(to_hex($7::bigint + rank), 12, '0') || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15))::uuid,
       spot.lat, spot.lon, (spot.lat + 900000000) / 1000000 * 3600 + (spot.lon + 1800000000) / 1000000 % 3600, rank + 2,
       decode(hash || hash || hash || substr(hash, 1, 24), 'hex')
  FROM (SELECT i, i * 1236067 % $3::bigint AS rank, md5(i::text) AS hash, random() AS one, random() AS two
          FROM generate_series($1::bigint, $2::bigint) AS i) AS n
 CROSS JOIN LATERAL (
       SELECT rank % $4::bigint AS kind, rank / $4::bigint % 400 AS town, 2 * pi() * two AS angle,
              CASE rank % $4::bigint WHEN 0 THEN 0.178 * sqrt(one) ELSE 0.19 + 0.35 * one END AS degrees) AS c
 CROSS JOIN LATERAL (
       SELECT CASE WHEN kind < 2 THEN $5::integer + (degrees * sin(angle) * 1e7)::integer
                   ELSE ((50 + town % 20 * 0.4 + (one - 0.5) * 0.3) * 1e7)::integer END AS lat,
              CASE WHEN kind < 2
                   THEN $6::integer + (degrees * cos(angle) / cos(radians($5::integer / 1e7)) * 1e7)::integer
                   ELSE ((8 + town / 20 * 0.8 + (two - 0.5) * 0.3) * 1e7)::integer END AS lon) AS spot;

-- book_customers: the people
INSERT INTO customer (user_id, name, lat, lon, state, created_at)
SELECT user_id, 'Maria Tamm', lat, lon, 'approved', $1 FROM book_people;

-- book_wallets: their wallets, with $2 held
INSERT INTO wallet (wallet, customer, currency, held, transfers, lat, lon, created_at)
SELECT wallet, user_id, $3, $2, 3, lat, lon, $1 FROM book_people;

-- book_transfers: how the money got there
INSERT INTO transfer (wallet, number, debit, credit, amount, currency, cause, series, at, actor)
SELECT wallet, step, debit, credit, $2::bigint, $3, cause, CASE WHEN step = 3 THEN series END, $1::bigint, 'bench'
  FROM book_people CROSS JOIN (VALUES (1, 'bank', 'online', 'funding'), (2, 'online', 'offline', 'move'),
                                      (3, 'offline', 'held', 'issue')) AS steps (step, debit, credit, cause);

-- book_series: one series each, good for three days more
INSERT INTO series (wallet, series, masked_name, t, m_kib, issued_at, expires_at, release_at, state, lat, lon, cell, version)
SELECT wallet, series, 'M. T.', 2, 19456, $1::bigint, $1::bigint + 259200000, $1::bigint + 518400000, 'open', lat, lon, cell, version
  FROM book_people;

-- book_codes: $1 codes of $2 in each; no server derives them, so verifiers and wrapped proof keys are any bytes
INSERT INTO code (wallet, series, idx, cap, verifier, wrapped_proof_key, state)
SELECT wallet, series, idx, $2, uuid_send(gen_random_uuid()), secret, 'issued'
  FROM book_people CROSS JOIN generate_series(0, $1::integer - 1) AS idx;

-- book_clock: every version is given
UPDATE book_clock SET version = $1;

-- book_changes: series within some cells that changed, as a claim notes it
INSERT INTO series_change (wallet, series)
SELECT wallet, series FROM series WHERE cell = ANY ($1::integer[]) AND version > 0 ORDER BY wallet LIMIT $2;
