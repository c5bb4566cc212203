-- What people decide about shifts.

-- write_decision: what somebody did about a shift, or asked for; numbered under its journal's lock
INSERT INTO shift_decision (device, epoch, shift, number, action, done, before, after, reason, stake, currency, seen,
                            said, actor, at)
SELECT $1, $2, $3, (SELECT count(*) + 1 FROM shift_decision WHERE device = $1 AND epoch = $2 AND shift = $3),
       $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14;

-- set_shift_state: what a decision made of a shift
UPDATE shift SET state = $4, reconciled_at = $5, reconciled_records = $6, reconciled_forks = $7
 WHERE device = $1 AND epoch = $2 AND shift = $3;

-- decisions_of_shift: what people did about a shift, in order
SELECT number, action, done, before, after, reason, stake, currency, said, actor, at FROM shift_decision
 WHERE device = $1 AND epoch = $2 AND shift = $3 ORDER BY number;

-- decisions_of_day: what people did about a vendor's shifts of a time, in order
SELECT s.device, s.epoch, s.shift, c.number, c.action, c.done, c.before, c.after, c.reason, c.stake, c.currency, c.said, c.actor, c.at
  FROM device d JOIN shift s ON s.device = d.device
  JOIN shift_decision c ON c.device = s.device AND c.epoch = s.epoch AND c.shift = s.shift
 WHERE d.vendor = $1 AND s.day_at >= $2 AND s.day_at < $3 ORDER BY c.at, s.device, s.epoch, s.shift, c.number;

-- epoch_of_device: which epoch a device is in
SELECT epoch FROM device WHERE device = $1;

-- write_write_off: what the house pays for a shift
INSERT INTO write_off (write_off, device, epoch, shift, vendor, amount, currency, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- not_credited_since: what came for a shift since it was written off and that nobody was credited (yet)
SELECT coalesce(sum(p.amount), 0)::bigint FROM payment p JOIN write_off w USING (device, epoch, shift)
 WHERE p.device = $1 AND p.epoch = $2 AND p.shift = $3 AND p.received_at >= w.at AND p.state IN ('FLAGGED', 'FAILED');

-- write_off_of_shift: what the house paid for a shift, and what of it was taken back
SELECT w.write_off, w.amount, coalesce(sum(t.amount) FILTER (WHERE t.cause = 'take_back'), 0)::bigint AS taken
  FROM write_off w LEFT JOIN vendor_transfer t ON t.payout = w.write_off
 WHERE w.device = $1 AND w.epoch = $2 AND w.shift = $3 GROUP BY w.write_off, w.amount;
