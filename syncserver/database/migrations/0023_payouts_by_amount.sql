-- Entries that name no wallet are held against payouts of their amount.
CREATE INDEX payout_by_amount ON payout (amount, currency);
