-- How shifts are reconciled: till by till, by people, and day by day.

-- When a shift ended, or began where it has not ended, by its till's clock; since when it is reconciled, by ours.
ALTER TABLE shift
    ADD COLUMN day_at bigint GENERATED ALWAYS AS (coalesce(closed_at, opened_at)) STORED,
    ADD COLUMN reconciled_at bigint,
    -- how many records, and other halves of forks, lay in it then. More is news: no clock can tell, since what came before
    -- may have waited for whoever decided
    ADD COLUMN reconciled_records bigint,
    ADD COLUMN reconciled_forks bigint,
    ADD CONSTRAINT shift_is_reconciled_at_a_time CHECK ((state = 'reconciled') = (reconciled_at IS NOT NULL));
CREATE INDEX shift_by_day ON shift (day_at, device, epoch, shift);
CREATE INDEX shift_of_device_by_day ON shift (device, day_at);
CREATE INDEX shift_by_opening ON shift (device, epoch, opened_seq);
CREATE INDEX shift_by_state ON shift (state, opened_at) WHERE state IN ('open', 'disputed');
CREATE INDEX shift_not_compared ON shift (device, epoch) WHERE NOT compared AND state IN ('closed', 'reconciled');
CREATE INDEX shift_without_opening ON shift (device, epoch) WHERE state = 'closed' AND opened_seq IS NULL;

-- What is odd in journals. Ordinary records and payments are in neither, so they pay nothing for them.
CREATE INDEX journal_record_odd ON journal_record (device, epoch, seq) WHERE fork OR status = 'rejected';
CREATE INDEX payment_late ON payment (device, epoch, shift) WHERE 'LATE' = ANY (reasons);

-- The shifts that need a person, but for those that are open for too long. A list has them first. One may be here twice.
CREATE VIEW shift_marked AS
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
              AND j.seq BETWEEN CASE WHEN s.opened_seq < s.closed_seq THEN s.opened_seq ELSE 0 END AND s.closed_seq)
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
              AND r.seq BETWEEN CASE WHEN s.opened_seq < s.closed_seq THEN s.opened_seq ELSE 0 END AND s.closed_seq)
    UNION ALL
    SELECT p.device, p.epoch, p.shift FROM payment p JOIN shift s USING (device, epoch, shift)
     WHERE 'LATE' = ANY (p.reasons) AND s.state <> 'reconciled';
GRANT SELECT ON shift_marked TO tallystick_server;

-- What people did about a shift, and why: numbered in each shift without gaps. Also of the first of two, who asked and
-- whose word did nothing by itself (`done` is false). Never altered.
CREATE TABLE shift_decision (
    device uuid NOT NULL,
    epoch integer NOT NULL,
    shift uuid NOT NULL,
    number integer NOT NULL CHECK (number >= 1),
    action text NOT NULL CHECK (action IN ('reconcile', 'accept', 'dispute', 'resend', 're_anchor', 'write_off', 'take_back')),
    done boolean NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    reason text,
    stake bigint,            -- minor units that were at stake, and their currency
    currency text,
    seen text NOT NULL,      -- the figures as they stood: their fingerprint, and in words
    said text NOT NULL,
    actor text NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (device, epoch, shift, number),
    CONSTRAINT shift_decision_has_its_reason CHECK (action IN ('reconcile', 'resend') OR reason IS NOT NULL),
    CONSTRAINT shift_decision_is_a_step CHECK (
        CASE WHEN done AND action IN ('reconcile', 'accept', 'write_off', 'take_back') THEN after = 'reconciled' AND before <> 'open'
             WHEN done AND action = 'dispute' THEN after = 'disputed' AND before IN ('closed', 'disputed')
             ELSE after = before END)
);
GRANT SELECT, INSERT ON shift_decision TO tallystick_server;

-- What the house paid a vendor for sales that a till's close proves and whose records are lost: at most once a shift. What
-- moved stands in vendor_transfer under the same id, also what was taken back when records came after all. Never altered.
CREATE TABLE write_off (
    write_off uuid PRIMARY KEY,
    device uuid NOT NULL,
    epoch integer NOT NULL,
    shift uuid NOT NULL,
    vendor uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL,
    at bigint NOT NULL,
    CONSTRAINT write_off_once_a_shift UNIQUE (device, epoch, shift)
);
GRANT SELECT, INSERT ON write_off TO tallystick_server;
