-- record: a payment's signed record.
SELECT raw, link FROM record WHERE epoch = :epoch AND seq = :seq;

-- sale_of: the sale that a payment is a part of, how many parts it has, and what of it was paid in another way.
SELECT sale.id, sale.otherwise, (SELECT count(*) FROM sale_payment AS part WHERE part.sale = sale.id) AS parts
FROM sale_payment JOIN sale ON sale.id = sale_payment.sale WHERE sale_payment.payment = :payment;

-- times: how often a payment's receipt was handed out.
SELECT times FROM receipt_copy WHERE payment = :payment;

-- add: a receipt is handed out.
INSERT INTO receipt_copy (payment, times, first_at) VALUES (:payment, 1, :at)
ON CONFLICT (payment) DO UPDATE SET times = times + 1;

-- take_back: it was not, nothing reached the paper.
UPDATE receipt_copy SET times = times - 1 WHERE payment = :payment AND times > 0;
