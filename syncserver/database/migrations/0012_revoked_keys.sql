-- A signing key that somebody stole: nothing that it signed is believed from then on. Books say so for a year.
ALTER TABLE server_key ADD COLUMN revoked_at bigint;
