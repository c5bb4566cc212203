-- Payments for people: looking them up and reviewing them.

-- read_payment: one payment of a wallet
SELECT p.*, v.name AS vendor_name FROM payment p JOIN vendor v USING (vendor) WHERE p.wallet = $1 AND p.payment = $2;

-- find_payments: payments with an id, in whatever wallet
SELECT p.*, v.name AS vendor_name FROM payment p JOIN vendor v USING (vendor) WHERE p.payment = $1 ORDER BY p.wallet;

-- events_of_payment: what happened to a payment, in order
SELECT number, before, after, reasons, at, actor, note FROM payment_event
 WHERE wallet = $1 AND payment = $2 ORDER BY number;

-- caps_of_code: the cap of the code that a payment named
SELECT cap FROM code WHERE wallet = $1 AND series = $2 AND idx = $3;

-- flagged_payments: payments that wait for an admin, the oldest first
SELECT p.*, v.name AS vendor_name FROM payment p JOIN vendor v USING (vendor)
 WHERE p.state = 'FLAGGED' ORDER BY p.received_at, p.wallet, p.payment LIMIT $1;
