-- A payout that came back in a person's word is tied to the bank's entry by which it did.
GRANT UPDATE (payout) ON bank_entry TO tallystick_server;

-- A file that was let in stays so when its import breaks off.
CREATE INDEX money_request_let_in ON money_request (subject, at) WHERE went_ahead;
