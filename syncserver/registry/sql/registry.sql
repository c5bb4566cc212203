-- Vendors, policies, cashiers, devices and their tokens.

-- write_vendor: add a vendor
INSERT INTO vendor (vendor, name, lat, lon, currency, created_at) VALUES ($1, $2, $3, $4, $5, $6);

-- write_vendor_balance: with nothing owed
INSERT INTO vendor_balance (vendor, currency) VALUES ($1, $2);

-- read_vendor: a vendor
SELECT vendor, name, lat, lon, currency, blocked_version FROM vendor WHERE vendor = $1;

-- list_vendors: all vendors, the oldest first
SELECT vendor, name, lat, lon, currency, blocked_version FROM vendor ORDER BY created_at, vendor;

-- vendors_by_name: some vendors, to choose from
SELECT vendor, name FROM vendor ORDER BY name, vendor LIMIT $1;

-- block_vendor: block or unblock a vendor from a book version on
UPDATE vendor SET blocked_version = $2 WHERE vendor = $1;

-- vendor_of_device: whose terminal a device is
SELECT vendor FROM device WHERE device = $1;

-- write_policy: change limits from a book version on
INSERT INTO policy (vendor, version, device, body, effective_at, actor, reason, proposed_by)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8);

-- policy_versions: every change of limits that concerns a vendor, or one of its devices too, in order
SELECT version, device, body, effective_at, actor, reason, proposed_by FROM policy
 WHERE vendor = $1 AND (device IS NULL OR device = $2) ORDER BY version;

-- devices_with_limits: the devices of a vendor that have limits of their own
SELECT DISTINCT device FROM policy WHERE vendor = $1 AND device IS NOT NULL;

-- start_books_over: a terminal's surroundings changed, so its book begins anew
UPDATE device SET generation = generation + 1 WHERE vendor = $1 AND ($2::uuid IS NULL OR device = $2);

-- start_all_books_over: this database was restored from a backup
UPDATE book_clock SET generation = generation + 1 RETURNING generation;

-- write_cashier: add a cashier, or change one
INSERT INTO cashier (vendor, id, name, role, pin, created_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (vendor, id) DO UPDATE SET name = excluded.name, role = excluded.role, pin = excluded.pin;

-- list_cashiers: who works at a vendor's tills, without their PINs
SELECT id, name, role FROM cashier WHERE vendor = $1 ORDER BY id;

-- delete_cashier: take a cashier off
DELETE FROM cashier WHERE vendor = $1 AND id = $2;

-- write_token: make an enrolment token
INSERT INTO enrolment_token (token_hash, vendor, device, lat, lon, expires_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- lock_token: an enrolment token, so that it is used once
SELECT vendor, device, lat, lon, expires_at, used_key, made_device, made_epoch FROM enrolment_token
 WHERE token_hash = $1 FOR UPDATE;

-- use_token: what was made of it, with which key
UPDATE enrolment_token SET used_key = $2, made_device = $3, made_epoch = $4 WHERE token_hash = $1;

-- key_is_known: whether a public key was ever seen
SELECT EXISTS (SELECT FROM device_epoch WHERE public_key = $1);

-- write_device: add a device in its first epoch
INSERT INTO device (device, vendor, name, model, lat, lon, epoch, created_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7);

-- start_epoch: a device's next epoch, where it stands now
UPDATE device SET epoch = epoch + 1, name = $2, model = $3, lat = $4, lon = $5,
       generation = CASE WHEN (lat, lon) = ($4, $5) THEN generation ELSE generation + 1 END
 WHERE device = $1 AND revoked_at IS NULL RETURNING epoch;

-- write_epoch: the key of an epoch
INSERT INTO device_epoch (device, epoch, kid, public_key, certificate, enrolled_at, head, lat, lon, ranges)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '[]');

-- read_certificate: the certificate of an epoch
SELECT certificate FROM device_epoch WHERE device = $1 AND epoch = $2;

-- read_device: a device
SELECT device, vendor, name, model, lat, lon, epoch, quarantined_at, revoked_at, last_seen_at FROM device
 WHERE device = $1;

-- current_key: the key of a device's current epoch
SELECT e.public_key FROM device d JOIN device_epoch e ON e.device = d.device AND e.epoch = d.epoch WHERE d.device = $1;

-- list_devices: all devices with their journals' ranges, the oldest first
SELECT d.device, d.vendor, v.name AS vendor_name, d.name, d.model, d.epoch, d.quarantined_at, d.revoked_at,
       d.last_seen_at, e.ranges,
       (SELECT jsonb_agg(every.ranges) FROM device_epoch every WHERE every.device = d.device) AS all_ranges
  FROM device d JOIN vendor v USING (vendor)
  LEFT JOIN device_epoch e ON e.device = d.device AND e.epoch = d.epoch
 ORDER BY d.created_at, d.device;

-- revoke_device: for good
UPDATE device SET revoked_at = $2 WHERE device = $1 AND revoked_at IS NULL;

-- end_quarantine: an admin has looked at the fork
UPDATE device SET quarantined_at = NULL WHERE device = $1 AND quarantined_at IS NOT NULL;

-- close_epoch: an epoch whose key is no longer trusted
UPDATE device_epoch SET compromised_at = $3 WHERE device = $1 AND epoch = $2 AND compromised_at IS NULL;

-- remember_assertion: each assertion is good once
INSERT INTO used_assertion (device, jti, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- forget_assertions: those that have expired anyway
DELETE FROM used_assertion WHERE expires_at < $1;

-- epochs_of_device: all epochs of a device, in the order of all locks
SELECT epoch FROM device_epoch WHERE device = $1 ORDER BY epoch FOR UPDATE;

-- held_voids: voids that waited for an admin, with the wallet of their payment where it is here
SELECT DISTINCT ON (v.epoch, v.payment, v.shift) v.epoch, v.payment, v.shift, j.wallet FROM void v
  LEFT JOIN journal_record j ON j.device = v.device AND j.epoch = v.epoch AND j.payment = v.payment
        AND j.type = 'payment' AND j.status <> 'rejected'
 WHERE v.device = $1 AND v.state = 'held' ORDER BY v.epoch, v.payment, v.shift, j.seq;

-- set_void_state: what became of one void
UPDATE void SET state = $5 WHERE device = $1 AND epoch = $2 AND payment = $3 AND shift = $4;
