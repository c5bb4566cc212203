-- What each device has added in its latest day (UTC, days since the epoch): one that is no till must not fill the disk.
ALTER TABLE device ADD COLUMN intake_day integer NOT NULL DEFAULT 0, ADD COLUMN intake_records bigint NOT NULL DEFAULT 0,
                   ADD COLUMN intake_bytes bigint NOT NULL DEFAULT 0;
