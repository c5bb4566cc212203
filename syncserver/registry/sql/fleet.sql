-- Devices as those see them who look after all of them.

-- write_report: what a terminal last said of itself
INSERT INTO device_report (device, at, book, app, waiting, oldest_at, skew_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (device) DO UPDATE SET at = excluded.at, book = excluded.book, app = excluded.app,
    waiting = excluded.waiting, oldest_at = excluded.oldest_at, skew_ms = excluded.skew_ms;

-- fleet: devices in a state (NULL: in any) of a vendor (NULL: of all) after one, in the order of their ids. `silent` are
-- those that were not heard of since $4
SELECT * FROM (
    SELECT d.device, d.vendor, v.name AS vendor_name, v.currency, d.name, d.model, d.epoch, d.quarantined_at, d.revoked_at,
           d.lat, d.lon, d.created_at, greatest(d.last_seen_at, r.at) AS last_seen_at, e.ranges, x.all_ranges,
           r.at AS reported_at, r.book, r.app, r.waiting, r.oldest_at, r.skew_ms,
           CASE WHEN d.revoked_at IS NOT NULL THEN 'revoked'
                WHEN d.quarantined_at IS NOT NULL THEN 'quarantined'
                WHEN x.gaps THEN 'incomplete'
                ELSE 'enrolled' END AS state
      FROM device d JOIN vendor v USING (vendor)
      LEFT JOIN device_epoch e ON e.device = d.device AND e.epoch = d.epoch
      LEFT JOIN device_report r ON r.device = d.device
      LEFT JOIN LATERAL (
          SELECT jsonb_agg(every.ranges) AS all_ranges,
                 bool_or(jsonb_array_length(every.ranges) > 1
                         OR coalesce((every.ranges -> 0 ->> 0)::bigint, 1) > 1) AS gaps
            FROM device_epoch every WHERE every.device = d.device) x ON true
     WHERE ($1::uuid IS NULL OR d.device > $1) AND ($3::uuid IS NULL OR d.vendor = $3)
       AND ($6::uuid IS NULL OR d.device = $6)) AS fleet
 WHERE $2::text IS NULL OR state = $2
    OR ($2 = 'silent' AND state <> 'revoked' AND coalesce(last_seen_at, created_at) < $4)
 ORDER BY device LIMIT $5;

-- epochs: a device's journals, the newest first
SELECT epoch, enrolled_at, compromised_at, ranges, kid FROM device_epoch WHERE device = $1 ORDER BY epoch DESC;

-- batches_of_device: what a device sent last
SELECT batch, epoch, received_at, records FROM batch WHERE device = $1 ORDER BY batch DESC LIMIT $2;

-- impose_quarantine: an admin does not trust a device for now
UPDATE device SET quarantined_at = $2 WHERE device = $1 AND quarantined_at IS NULL AND revoked_at IS NULL;
