-- usual_cost: of the key derivation, by one series of the book.
SELECT t, m_kib FROM book_series LIMIT 1;

-- sync_state: what went wrong lately with syncing.
SELECT what, tried_at, succeeded_at, error FROM sync_state;

-- schema: which migrations this store has.
SELECT max(number) FROM migration;

-- add_guess: a code is about to be tried.
INSERT INTO guess (id, at, tick, boot, wallet, amount, sale)
VALUES (:id, :at, :tick, :boot, :wallet, :amount, :sale);

-- take_back_guess: it was no guess, the code was right.
DELETE FROM guess WHERE id = :id;

-- forget_guesses: none of them counts after an hour.
DELETE FROM guess WHERE CASE WHEN boot = :boot THEN :tick - tick ELSE :at - at END >= :age;

-- end_sale: what was guessed so far belongs to a sale that is over.
UPDATE guess SET sale = NULL WHERE wallet = :wallet AND amount = :amount;

-- sale_so_far: the guesses of the sale that this wallet and amount go on with.
SELECT sale, count(*) AS count, max(CASE WHEN boot = :boot THEN :tick - tick ELSE :at - at END) AS age
FROM guess WHERE wallet = :wallet AND amount = :amount AND sale IS NOT NULL
GROUP BY sale ORDER BY max(rowid) DESC LIMIT 1;

-- ages: how long ago (ms) codes were guessed, of one wallet or (NULL) of all, the oldest first.
SELECT CASE WHEN boot = :boot THEN :tick - tick ELSE :at - at END AS age
FROM guess WHERE coalesce(wallet = :wallet, TRUE) ORDER BY age DESC;

-- pin_try: the wrong PINs of a supervisor.
SELECT pin_hash, wrong, at, tick, boot FROM pin_try WHERE cashier = :cashier;

-- set_pin_try: one more of them.
INSERT INTO pin_try (cashier, pin_hash, wrong, at, tick, boot)
VALUES (:cashier, :pin_hash, :wrong, :at, :tick, :boot)
ON CONFLICT (cashier) DO UPDATE SET pin_hash = excluded.pin_hash, wrong = excluded.wrong, at = excluded.at,
    tick = excluded.tick, boot = excluded.boot;

-- forget_pin_tries: the PIN was right, or another supervisor lifts the lock.
DELETE FROM pin_try WHERE cashier = :cashier;

-- sale_in_hand: the sale that is neither finished nor given up.
SELECT id, amount, currency, cashier, begun_at, otherwise FROM sale WHERE ended_at IS NULL;

-- paid_in_part: whether the sale in hand is paid in part: something of it, and not all.
SELECT sum(payment.amount) > 0 AND sum(payment.amount) < sale.amount - sale.otherwise
FROM sale JOIN sale_payment ON sale_payment.sale = sale.id JOIN payment ON payment.id = sale_payment.payment
WHERE sale.ended_at IS NULL AND payment.state NOT IN ('VOIDED', 'FAILED');

-- sale_payments: what was paid of a sale by codes, in order.
SELECT payment.id FROM sale_payment JOIN payment ON payment.id = sale_payment.payment
WHERE sale_payment.sale = :sale ORDER BY payment.epoch, payment.seq;

-- add_sale: a sale begins.
INSERT INTO sale (id, amount, currency, cashier, begun_at) VALUES (:id, :amount, :currency, :cashier, :begun_at);

-- add_sale_payment: a payment is a part of a sale.
INSERT INTO sale_payment (payment, sale) VALUES (:payment, :sale);

-- pay_otherwise: what of a sale is paid in another way.
UPDATE sale SET otherwise = :otherwise WHERE id = :id;

-- close_sale: the cashier has seen how a sale ended.
UPDATE sale SET ended_at = :at, outcome = :outcome WHERE id = :id;

-- forget_sale: it was given up before anything of it was paid.
DELETE FROM sale WHERE id = :id;

-- page_of_all: payments behind a place, the newest first.
SELECT id FROM payment WHERE (epoch, seq) < (:epoch, :seq) ORDER BY epoch DESC, seq DESC LIMIT :most;

-- page_by_digits: those of wallets that end in these four digits or more, or whose ids begin with them.
SELECT id FROM payment
WHERE ((substr(wallet, -4) = :last AND wallet LIKE :pattern) OR id BETWEEN :low AND :high)
  AND (epoch, seq) < (:epoch, :seq)
ORDER BY epoch DESC, seq DESC LIMIT :most;

-- page_by_few_digits: those of wallets that end in less than four digits, of which there are many.
SELECT id FROM payment WHERE wallet LIKE :pattern AND (epoch, seq) < (:epoch, :seq)
ORDER BY epoch DESC, seq DESC LIMIT :most;

-- page_by_id: those whose ids lie within.
SELECT id FROM payment WHERE id BETWEEN :low AND :high AND (epoch, seq) < (:epoch, :seq)
ORDER BY epoch DESC, seq DESC LIMIT :most;

-- page_by_amount: those of one amount.
SELECT id FROM payment WHERE amount = :amount AND (epoch, seq) < (:epoch, :seq)
ORDER BY epoch DESC, seq DESC LIMIT :most;

-- page_by_time: those of [since, until), by this terminal's clock.
SELECT id FROM payment WHERE at >= :since AND at < :until AND (epoch, seq) < (:epoch, :seq)
ORDER BY epoch DESC, seq DESC LIMIT :most;

-- page_by_state: those in a state that few are in.
SELECT id FROM payment
WHERE state = :state AND state IN ('PENDING', 'FLAGGED', 'FAILED', 'VOIDED') AND (epoch, seq) < (:epoch, :seq)
ORDER BY epoch DESC, seq DESC LIMIT :most;

-- page_of_completed: those that most are like.
SELECT id FROM payment WHERE state = 'COMPLETED' AND (epoch, seq) < (:epoch, :seq)
ORDER BY epoch DESC, seq DESC LIMIT :most;

-- batches_with: the batches that a record was in, in order; none holds more than :most records.
SELECT id, first_seq, made_at, receipt, answered_at FROM batch
WHERE epoch = :epoch AND first_seq BETWEEN :seq - :most AND :seq AND last_seq >= :seq ORDER BY made_at, id;

-- updates_of_payment: what books said of a payment after its receipt.
SELECT heard_at, issued_at, status, reasons FROM payment_update WHERE payment = :payment ORDER BY rowid;

-- answer_to: the server's word on a record.
SELECT status, reasons FROM answer WHERE epoch = :epoch AND seq = :seq;

-- refunds_of_payment: what this till asked the server to give back of a payment.
SELECT amount, approver, reason, asked_at, state, ended_at, problem FROM refund WHERE payment = :payment
ORDER BY asked_at, key;

-- is_refunded: whether anything of a payment was given back, or may have been.
SELECT 1 FROM refund WHERE payment = :payment AND state IN ('asked', 'done') LIMIT 1;

-- past_shifts: shifts that began before a moment, the newest first; counts and totals as they were signed.
SELECT id, epoch, cashier, opening_float, opened_at, closed_at, count, total FROM shift
WHERE (opened_at, id) < (:opened_at, :id) ORDER BY opened_at DESC, id DESC LIMIT :most;

-- shift: one shift.
SELECT id, epoch, cashier, opening_float, opened_at, closed_at, count, total, carried_count, carried_total FROM shift
WHERE id = :id;

-- shift_by_state: what became of a shift's payments.
SELECT state, count(*) AS count, sum(amount) AS total FROM payment WHERE shift = :shift GROUP BY state;

-- shift_records: the records of a shift's payments that are not void, in order, with their amounts.
SELECT record.raw, payment.amount FROM payment JOIN record USING (epoch, seq)
WHERE payment.shift = :shift AND payment.state <> 'VOIDED' ORDER BY payment.epoch, payment.seq;

-- shift_refunds: what was given back in a shift, and what may have been.
SELECT state, count(*) AS count, sum(amount) AS total FROM refund WHERE shift = :shift GROUP BY state;

-- refunds_not_answered: each refund of which it is not known whether the server made it, the oldest first.
SELECT refund.payment, refund.amount, refund.currency, refund.asked_at, refund.approver, payment.wallet
FROM refund JOIN payment ON payment.id = refund.payment WHERE refund.state = 'asked' ORDER BY refund.asked_at, refund.key;

-- refunds_asked: the refunds of which it is not known whether the server made them.
SELECT count(*) AS count, coalesce(sum(amount), 0) AS total FROM refund WHERE state = 'asked';

-- paid_together: the payments of the sale that one is a part of, or that one alone.
SELECT id FROM payment
WHERE id IN (
    SELECT :payment
    UNION SELECT part.payment FROM sale_payment JOIN sale_payment AS part ON part.sale = sale_payment.sale
    WHERE sale_payment.payment = :payment
)
ORDER BY epoch, seq;

-- add_raised_limit: somebody's word that raised a limit for a payment.
INSERT INTO raised_limit (payment, approver, reasons, at) VALUES (:payment, :approver, :reasons, :at);

-- raised_limit: whose word it was.
SELECT approver, reasons, at FROM raised_limit WHERE payment = :payment;
