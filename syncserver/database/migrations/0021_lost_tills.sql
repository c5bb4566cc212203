-- A shift whose till is gone is closed by an admin: reconciled without a close, by a decision that says so. Should its
-- till's close come after all, it stays reconciled and is news (write_shift_close).
ALTER TABLE shift DROP CONSTRAINT shift_closed_has_its_figures,
    ADD CONSTRAINT shift_closed_has_its_figures CHECK (
        CASE WHEN closed_seq IS NULL THEN state IN ('open', 'reconciled') ELSE state <> 'open' END);
ALTER TABLE shift_decision DROP CONSTRAINT shift_decision_action_check,
    ADD CONSTRAINT shift_decision_action_check CHECK (
        action IN ('reconcile', 'close', 'accept', 'dispute', 'resend', 're_anchor', 'write_off', 'take_back')),
    DROP CONSTRAINT shift_decision_is_a_step,
    ADD CONSTRAINT shift_decision_is_a_step CHECK (
        CASE WHEN done AND action = 'close' THEN after = 'reconciled' AND before = 'open'
             WHEN done AND action IN ('reconcile', 'accept', 'write_off', 'take_back') THEN after = 'reconciled' AND before <> 'open'
             WHEN done AND action = 'dispute' THEN after = 'disputed' AND before IN ('closed', 'disputed')
             ELSE after = before END);

-- Where a shift ends in its journal, for what came after it was reconciled: at its close, or where none came at the next
-- opening.
CREATE FUNCTION end_of_shift(s shift) RETURNS bigint LANGUAGE sql STABLE RETURN coalesce(
    s.closed_seq,
    (SELECT min(n.opened_seq) FROM shift n WHERE n.device = s.device AND n.epoch = s.epoch AND n.opened_seq > s.opened_seq),
    9223372036854775807);

CREATE OR REPLACE VIEW shift_marked AS
    SELECT device, epoch, shift FROM shift WHERE state = 'disputed'
    UNION ALL
    SELECT device, epoch, shift FROM shift WHERE state = 'closed' AND opened_seq IS NULL
    UNION ALL
    SELECT device, epoch, shift FROM shift WHERE state = 'closed' AND NOT compared
    UNION ALL
    -- accepted while records were missing, and they came after all
    SELECT s.device, s.epoch, s.shift FROM shift s
     WHERE s.state = 'reconciled' AND NOT s.compared
       AND s.reconciled_records < (SELECT count(*) FROM journal_record j WHERE j.device = s.device AND j.epoch = s.epoch
              AND j.seq BETWEEN CASE WHEN s.closed_seq IS NULL OR s.opened_seq < s.closed_seq THEN s.opened_seq ELSE 0 END
                            AND end_of_shift(s))
    UNION ALL
    SELECT s.device, s.epoch, s.shift FROM journal_record j JOIN shift s ON s.device = j.device AND s.epoch = j.epoch
       AND j.seq >= coalesce(s.opened_seq, 0) AND (s.closed_seq IS NULL OR j.seq <= s.closed_seq)
     WHERE (j.fork OR j.status = 'rejected') AND s.state <> 'reconciled'
    UNION ALL
    SELECT s.device, s.epoch, s.shift FROM fork_record f JOIN shift s ON s.device = f.device AND s.epoch = f.epoch
       AND f.seq >= coalesce(s.opened_seq, 0) AND (s.closed_seq IS NULL OR f.seq <= s.closed_seq)
     WHERE s.state <> 'reconciled'
    UNION ALL
    SELECT s.device, s.epoch, s.shift FROM (SELECT DISTINCT device, epoch FROM fork_record) f JOIN shift s USING (device, epoch)
     WHERE s.state = 'reconciled'
       AND s.reconciled_forks < (SELECT count(*) FROM fork_record r WHERE r.device = s.device AND r.epoch = s.epoch
              AND r.seq BETWEEN CASE WHEN s.closed_seq IS NULL OR s.opened_seq < s.closed_seq THEN s.opened_seq ELSE 0 END
                            AND end_of_shift(s))
    UNION ALL
    SELECT p.device, p.epoch, p.shift FROM payment p JOIN shift s USING (device, epoch, shift)
     WHERE 'LATE' = ANY (p.reasons) AND s.state <> 'reconciled';

-- Flagged payments stand in payment_not_settled (state, received_at) too, in the same order.
DROP INDEX payment_flagged;
