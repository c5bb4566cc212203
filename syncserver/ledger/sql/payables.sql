-- What vendors are owed: folding what batches credited, and the movements in which no wallet has a part.

-- take_pending_credits: take some credits off the list, those that nobody else is folding
DELETE FROM pending_credit WHERE (wallet, number) IN (
    SELECT wallet, number FROM pending_credit ORDER BY wallet, number LIMIT $1 FOR UPDATE SKIP LOCKED
) RETURNING vendor, amount;

-- lock_payables: lock what these vendors are owed, in the one order of all locks
SELECT FROM vendor_balance WHERE vendor = ANY ($1::uuid[]) ORDER BY vendor FOR NO KEY UPDATE;

-- add_to_payable: add folded credits to what vendors are owed
UPDATE vendor_balance SET payable = payable + folded.amount
  FROM unnest($1::uuid[], $2::bigint[]) AS folded (vendor, amount)
 WHERE vendor_balance.vendor = folded.vendor;

-- take_credits_of: take all credits of some vendors off the list, and wait for whoever is folding some of them
DELETE FROM pending_credit WHERE (wallet, number) IN (
    SELECT wallet, number FROM pending_credit WHERE vendor = ANY ($1::uuid[]) ORDER BY wallet, number FOR UPDATE
) RETURNING vendor, amount;

-- lock_and_read_payables: the same locks, with what is there
SELECT vendor, currency, payable, transfers FROM vendor_balance WHERE vendor = ANY ($1::uuid[])
 ORDER BY vendor FOR NO KEY UPDATE;

-- write_vendor_transfers: add balanced movements, all of one time and actor
INSERT INTO vendor_transfer (vendor, number, debit, credit, amount, currency, cause, payout, at, actor)
SELECT t.*, $9, $10
  FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::uuid[]) AS t;

-- set_payables: what vendors are owed after them, computed under the lock
UPDATE vendor_balance SET payable = new.payable, transfers = new.transfers
  FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS new (vendor, payable, transfers)
 WHERE vendor_balance.vendor = new.vendor;
