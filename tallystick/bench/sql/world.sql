-- What a bench puts into the database before anything is measured, a handful of rows a statement or a million.

-- add_vendors: shops, with nothing owed
WITH new AS (SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[]) AS v (vendor, lat, lon)),
     balances AS (INSERT INTO vendor_balance (vendor, currency) SELECT vendor, $4 FROM new)
INSERT INTO vendor (vendor, name, lat, lon, currency, created_at) SELECT vendor, 'Shop', lat, lon, $4, $5 FROM new;

-- add_devices: one enrolled till each
WITH new AS (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::bytea[], $6::bytea[],
                                  $7::bytea[]) AS d (device, vendor, lat, lon, kid, public_key, genesis)),
     epochs AS (INSERT INTO device_epoch (device, epoch, kid, public_key, certificate, enrolled_at, head, ranges, lat, lon)
                SELECT device, 1, kid, public_key, ''::bytea, $8, genesis, '[]'::jsonb, lat, lon FROM new)
INSERT INTO device (device, vendor, name, model, lat, lon, epoch, created_at)
SELECT device, vendor, 'till', 'bench', lat, lon, 1, $8 FROM new;

-- add_customers: approved customers with an empty wallet each
WITH new AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::integer[]) AS c (user_id, wallet, lat, lon)),
     people AS (INSERT INTO customer (user_id, name, lat, lon, state, created_at)
                SELECT user_id, 'Maria Tamm', lat, lon, 'approved', $6 FROM new)
INSERT INTO wallet (wallet, customer, currency, lat, lon, created_at) SELECT wallet, user_id, $5, lat, lon, $6 FROM new;

-- issue: fund wallets, move it offline and hold it for a new series of codes each, as three transfers
WITH new AS (SELECT i.*, w.transfers, w.lat, w.lon
               FROM unnest($1::text[], $2::uuid[], $3::integer[]) AS i (wallet, series, cell) JOIN wallet w USING (wallet)),
     steps (step, debit, credit, cause) AS
       (VALUES (1, 'bank', 'online', 'funding'), (2, 'online', 'offline', 'move'), (3, 'offline', 'held', 'issue')),
     moved AS (INSERT INTO transfer (wallet, number, debit, credit, amount, currency, cause, series, at, actor)
               SELECT wallet, transfers + step, debit, credit, $4::bigint, $5, cause, CASE WHEN step = 3 THEN series END, $6::bigint, 'bench'
                 FROM new CROSS JOIN steps),
     written AS (INSERT INTO series (wallet, series, masked_name, t, m_kib, issued_at, expires_at, release_at, state, lat,
                                     lon, cell, version)
                 SELECT wallet, series, 'M. T.', 2, 19456, $6::bigint, $7::bigint, $7::bigint + 259200000, 'open', lat, lon, cell, 1 FROM new)
UPDATE wallet SET held = held + $4::bigint, transfers = wallet.transfers + 3 FROM new WHERE wallet.wallet = new.wallet;
