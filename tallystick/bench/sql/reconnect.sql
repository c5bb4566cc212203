-- What the bench of a reconnecting fleet asks of the database, as its owner.

-- move_device: put a till where no customers live, so that its book is small
UPDATE device SET lat = $2, lon = $3 WHERE device = $1;

-- hold_settling: let nobody write a batch until this transaction ends
LOCK TABLE batch IN SHARE MODE;

-- count_payments: how many payments there are, under how many ids, and how many have no result yet
SELECT count(*) AS payments, count(DISTINCT payment) AS ids, count(*) FILTER (WHERE state IN ('PENDING', 'PROCESSING')) AS open
  FROM payment;
