-- When a customer last paid, by the time that the rules use: of a settled or flagged payment none was later, though the
-- last may have been reversed since. Whoever settles a payment under the wallet's lock knows from it what history to read.
ALTER TABLE wallet ADD COLUMN last_paid_at bigint NOT NULL DEFAULT 0;
UPDATE wallet SET last_paid_at = paid.last
  FROM (SELECT wallet, max(taken_at) AS last FROM payment WHERE state <> 'FAILED' GROUP BY wallet) AS paid
 WHERE wallet.wallet = paid.wallet;

-- Most journals have no void that waits for its payment, which one look tells.
CREATE INDEX void_waiting ON void (device, epoch) WHERE state = 'waiting';
