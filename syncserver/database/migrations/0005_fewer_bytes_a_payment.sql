-- What a listener is told of an event stands in payment_event already: the outbox only says which ones are due.
ALTER TABLE outbox DROP COLUMN event;

-- One row of each is updated by every batch: room beside it keeps the update off their indexes.
ALTER TABLE device SET (fillfactor = 50);
ALTER TABLE device_epoch SET (fillfactor = 50);

-- Rows that live for seconds: cleaned up by their number, however many there are or were.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
ALTER TABLE pending_credit SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
ALTER TABLE series_change SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);
