-- Where a device stood in each of its epochs: records of an earlier one are judged by the place of that enrolment.
ALTER TABLE device_epoch ADD COLUMN lat integer, ADD COLUMN lon integer;
UPDATE device_epoch e SET lat = coalesce(t.lat, d.lat), lon = coalesce(t.lon, d.lon)
  FROM device d LEFT JOIN enrolment_token t ON t.made_device = d.device
 WHERE d.device = e.device AND t.made_epoch IS NOT DISTINCT FROM e.epoch;
UPDATE device_epoch e SET lat = d.lat, lon = d.lon FROM device d WHERE d.device = e.device AND e.lat IS NULL;
ALTER TABLE device_epoch ALTER COLUMN lat SET NOT NULL, ALTER COLUMN lon SET NOT NULL;

-- Whether a record contradicts its neighbours: a refused one has no room for that among its reasons.
ALTER TABLE journal_record ADD COLUMN fork boolean NOT NULL DEFAULT false;
UPDATE journal_record SET fork = true WHERE 'FORK' = ANY (reasons);

-- A void is of a payment of its own shift: one that names another shift must not stand in the way of the right one.
ALTER TABLE void DROP CONSTRAINT void_pkey, ADD PRIMARY KEY (device, epoch, payment, shift);
