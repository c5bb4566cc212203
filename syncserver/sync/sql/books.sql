-- Code books: the numbering of what changed, and what a page holds.

-- next_version: take the next book version and keep the clock until commit
UPDATE book_clock SET version = version + 1 RETURNING version;

-- has_changes: whether anything waits to be numbered
SELECT EXISTS (SELECT FROM series_change) OR EXISTS (SELECT FROM device_update WHERE version IS NULL);

-- lock_clock: the version so far; nobody else numbers until commit
SELECT version FROM book_clock FOR UPDATE;

-- number_series: give changed series a version each, the next $2 changes after version $1; how many changes, and series
WITH taken AS (
    DELETE FROM series_change WHERE ctid = ANY (ARRAY(SELECT ctid FROM series_change LIMIT $2)) RETURNING wallet, series),
 numbered AS (
    SELECT wallet, series, $1::bigint + row_number() OVER (ORDER BY wallet, series) AS version
      FROM (SELECT DISTINCT wallet, series FROM taken) AS changed),
 given AS (
    UPDATE series SET version = n.version FROM numbered n
     WHERE series.wallet = n.wallet AND series.series = n.series)
SELECT (SELECT count(*) FROM taken) AS changes, (SELECT count(*) FROM numbered) AS series;

-- number_updates: give new updates a version each, the next $2 after version $1
WITH numbered AS (
    SELECT ctid, $1::bigint + row_number() OVER () AS version FROM device_update WHERE version IS NULL LIMIT $2)
UPDATE device_update u SET version = n.version FROM numbered n WHERE u.ctid = n.ctid;

-- set_clock: the version that was reached
UPDATE book_clock SET version = $1;

-- device_for_book: the terminal that asks, and its vendor
SELECT d.vendor, d.lat, d.lon, d.generation, d.quarantined_at, d.revoked_at, v.currency, v.blocked_version
  FROM device d JOIN vendor v USING (vendor) WHERE d.device = $1;

-- read_clock: how far books have come
SELECT version, generation FROM book_clock;

-- next_in_cells: the first version after one at which a series in some cells of the grid changed
SELECT min(n.version) FROM unnest($1::text[]) AS st (state) CROSS JOIN unnest($2::integer[]) AS c (cell)
 CROSS JOIN LATERAL (SELECT version FROM series s WHERE s.state = st.state AND s.cell = c.cell AND s.version > $3
                      ORDER BY version LIMIT 1) AS n;

-- series_in_cells: series in some cells of the grid that changed within a window of versions, in their order
SELECT s.wallet, s.series, s.masked_name, s.t, s.m_kib, s.expires_at, s.state, s.lat, s.lon, s.version
  FROM series s JOIN wallet w ON w.wallet = s.wallet AND w.currency = $6
 WHERE s.state = ANY ($1::text[]) AND s.cell = ANY ($2::integer[]) AND s.version > $3 AND s.version <= $4
 ORDER BY s.version LIMIT $5;

-- series_anywhere: the same without the grid, for a radius that is too large for it
SELECT s.wallet, s.series, s.masked_name, s.t, s.m_kib, s.expires_at, s.state, s.lat, s.lon, s.version
  FROM series s JOIN wallet w ON w.wallet = s.wallet AND w.currency = $4
 WHERE s.state = ANY ($1::text[]) AND s.version > $2 ORDER BY s.version LIMIT $3;

-- codes_of_series: the codes of these series, a row each in their order, with what is said of them by index
SELECT c.verifiers, c.caps, c.spent FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS k (wallet, series, place)
 CROSS JOIN LATERAL (
       SELECT coalesce(array_agg(verifier ORDER BY idx), '{}') AS verifiers, coalesce(array_agg(cap ORDER BY idx), '{}') AS caps,
              coalesce(array_agg(idx ORDER BY idx) FILTER (WHERE state = 'claimed'), '{}') AS spent
         FROM code WHERE code.wallet = k.wallet AND code.series = k.series) AS c
 ORDER BY k.place;

-- updates_end: the version at which a device has had $4 updates since a version, where it has that many
SELECT version FROM device_update WHERE device = $1 AND version > $2 AND version <= $3
 ORDER BY version OFFSET $4::integer - 1 LIMIT 1;

-- updates_of_device: how a device's payments stand that changed since a version; each once, whatever clocks said. One
-- that was refunded as a whole was taken all the same: its till, which holds it against its shift, hears of no void
SELECT DISTINCT p.wallet, p.payment, p.reasons,
       CASE WHEN p.state = 'REVERSED' AND EXISTS (SELECT FROM refund r WHERE r.wallet = p.wallet AND r.payment = p.payment)
            THEN 'SUCCESSFUL' ELSE p.state END AS state
  FROM device_update u
  JOIN payment p ON p.wallet = u.wallet AND p.payment = u.payment
 WHERE u.device = $1 AND u.version > $2 AND u.version <= $3 ORDER BY p.wallet, p.payment;

-- blocked_wallets: every wallet that is blocked
SELECT wallet FROM wallet WHERE blocked_version IS NOT NULL ORDER BY wallet;

-- cashiers_of_vendor: who may log in at a vendor's tills
SELECT id, name, role, pin FROM cashier WHERE vendor = $1 ORDER BY id;
