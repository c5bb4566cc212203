-- A payout that came back in a person's word is tied to the bank's entry by which it did.
GRANT UPDATE (payout) ON bank_entry TO tallystick_server;

-- Entries that name no wallet are held against payouts of their amount.
CREATE INDEX payout_by_amount ON payout (amount, currency);

-- A file that was let in stays so when its import breaks off.
CREATE INDEX funding_request_let_in ON funding_request (subject, at) WHERE went_ahead;
