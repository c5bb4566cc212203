-- What the records of each closed shift come to, less the voided ones, for whoever holds its close against them.
-- Every journal is read once, and not once a shift: a till may open any number of them before its payments.
CREATE VIEW shift_as_recorded AS
WITH taken AS MATERIALIZED (
    SELECT j.device, j.epoch, j.seq, p.shift, p.payment, p.amount
      FROM journal_record j JOIN payment p ON p.wallet = j.wallet AND p.payment = j.payment
     WHERE j.type = 'payment' AND j.status <> 'rejected'),
 seen AS MATERIALIZED (
    SELECT device, epoch, shift, count(*) AS count, sum(t.amount) AS total
      FROM taken t JOIN shift s USING (device, epoch, shift)
     WHERE t.seq < s.closed_seq AND t.seq > CASE WHEN s.opened_seq < s.closed_seq THEN s.opened_seq ELSE 0 END
       AND NOT EXISTS (SELECT FROM void v WHERE v.device = s.device AND v.epoch = s.epoch AND v.payment = t.payment
                          AND v.shift = s.shift AND v.seq < s.closed_seq)
     GROUP BY device, epoch, shift)
SELECT device, epoch, shift, count, total FROM seen;
GRANT SELECT ON shift_as_recorded TO tallystick_server;
