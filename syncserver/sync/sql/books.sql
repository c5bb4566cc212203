-- Code books: the numbering of what changed, and what a page holds.

-- next_version: take the next book version and keep the clock until commit
UPDATE book_clock SET version = version + 1 RETURNING version;

-- has_changes: whether anything waits to be numbered
SELECT EXISTS (SELECT FROM series_change) OR EXISTS (SELECT FROM device_update WHERE version IS NULL);

-- lock_clock: the version so far; nobody else numbers until commit
SELECT version FROM book_clock FOR UPDATE;

-- take_changes: series that changed; each is given a number of its own
DELETE FROM series_change RETURNING wallet, series;

-- number_series: give changed series their versions
UPDATE series SET version = new.version FROM unnest($1::text[], $2::uuid[], $3::bigint[]) AS new (wallet, series, version)
 WHERE series.wallet = new.wallet AND series.series = new.series;

-- number_updates: give all new updates one version
UPDATE device_update SET version = $1 WHERE version IS NULL;

-- set_clock: the version that was reached
UPDATE book_clock SET version = $1;

-- device_for_book: the terminal that asks, and its vendor
SELECT d.vendor, d.lat, d.lon, d.generation, d.quarantined_at, d.revoked_at, v.currency, v.blocked_version
  FROM device d JOIN vendor v USING (vendor) WHERE d.device = $1;

-- read_clock: how far books have come
SELECT version, generation FROM book_clock;

-- series_in_cells: series in some cells of the grid that changed since a version, in the order of their changes
SELECT s.wallet, s.series, s.masked_name, s.t, s.m_kib, s.expires_at, s.state, s.lat, s.lon, s.version
  FROM series s JOIN wallet w ON w.wallet = s.wallet AND w.currency = $4
 WHERE s.cell = ANY ($1::integer[]) AND s.version > $2 AND (s.state = 'open' OR $2 > 0)
 ORDER BY s.version LIMIT $3;

-- series_anywhere: the same without the grid, for a radius that is too large for it
SELECT s.wallet, s.series, s.masked_name, s.t, s.m_kib, s.expires_at, s.state, s.lat, s.lon, s.version
  FROM series s JOIN wallet w ON w.wallet = s.wallet AND w.currency = $3
 WHERE s.version > $1 AND (s.state = 'open' OR $1 > 0)
 ORDER BY s.version LIMIT $2;

-- codes_of_series: the codes of these series, by index
SELECT c.series, c.idx, c.cap, c.verifier, c.state
  FROM unnest($1::text[], $2::uuid[]) AS k (wallet, series)
  JOIN code c ON c.wallet = k.wallet AND c.series = k.series
 WHERE c.wallet = ANY ($1::text[]) ORDER BY c.series, c.idx;

-- updates_of_device: how a device's payments stand that changed since a version; each once, whatever clocks said
SELECT DISTINCT p.wallet, p.payment, p.state, p.reasons FROM device_update u
  JOIN payment p ON p.wallet = u.wallet AND p.payment = u.payment
 WHERE u.device = $1 AND u.version > $2 AND u.version <= $3 ORDER BY p.wallet, p.payment;

-- blocked_wallets: every wallet that is blocked
SELECT wallet FROM wallet WHERE blocked_version IS NOT NULL ORDER BY wallet;

-- cashiers_of_vendor: who may log in at a vendor's tills
SELECT id, name, role, pin FROM cashier WHERE vendor = $1 ORDER BY id;
