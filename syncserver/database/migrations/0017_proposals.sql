-- What waits for somebody: changes of limits for a second admin, questions about flagged payments for their vendors, and
-- payments that one admin decides together.

-- A change of limits, which takes effect with another admin's word. Good for a day.
CREATE TABLE policy_proposal (
    proposal uuid PRIMARY KEY,
    vendor uuid NOT NULL,
    device uuid,
    body jsonb NOT NULL,           -- the changed fields, as in policy
    reason text NOT NULL,
    base bigint NOT NULL,          -- the last change of these limits when it was proposed; 0 where there was none
    proposed_by uuid NOT NULL,
    proposed_at bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'confirmed', 'withdrawn')),
    decided_by uuid,
    decided_at bigint,
    note text,                     -- why it was withdrawn
    version bigint,                -- the change that it became
    CHECK ((state = 'open') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    CHECK ((state = 'confirmed') = (version IS NOT NULL))
);
CREATE INDEX policy_proposal_open ON policy_proposal (proposal) WHERE state = 'open';
CREATE INDEX policy_proposal_of_vendor ON policy_proposal (vendor, proposal);
GRANT SELECT, INSERT ON policy_proposal TO tallystick_server;
GRANT UPDATE (state, decided_by, decided_at, note, version) ON policy_proposal TO tallystick_server;

-- Why limits were changed, and who proposed it where another confirmed it.
ALTER TABLE policy ADD COLUMN reason text, ADD COLUMN proposed_by text;

-- What an admin asked a vendor about a payment, and what the vendor's person said. Never altered.
CREATE TABLE payment_question (
    question uuid PRIMARY KEY,
    wallet text COLLATE "C" NOT NULL,
    payment uuid NOT NULL,
    vendor uuid NOT NULL,
    text text NOT NULL,
    actor text NOT NULL,
    at bigint NOT NULL
);
CREATE INDEX payment_question_of_payment ON payment_question (wallet, payment);
CREATE INDEX payment_question_of_vendor ON payment_question (vendor, question);
CREATE TABLE payment_answer (
    question uuid PRIMARY KEY REFERENCES payment_question,
    text text NOT NULL,
    actor text NOT NULL,
    at bigint NOT NULL
);
GRANT SELECT, INSERT ON payment_question, payment_answer TO tallystick_server;

-- What waits for an admin, with how often its vendor was asked about it and answered.
CREATE VIEW flagged_payment AS
SELECT p.wallet, p.payment, p.received_at, p.vendor, p.device, p.amount, p.currency, p.reasons, talk.questions,
       talk.answers
  FROM payment p
 CROSS JOIN LATERAL (SELECT count(*)::integer AS questions, count(a.question)::integer AS answers
                       FROM payment_question q LEFT JOIN payment_answer a USING (question)
                      WHERE q.wallet = p.wallet AND q.payment = p.payment) AS talk
 WHERE p.state = 'FLAGGED';
GRANT SELECT ON flagged_payment TO tallystick_server;

-- What of it is in a filter: the queue, its sums and whoever decides all of it mean the same. NULL is anything; times
-- are those of arrival, the second one is not in it; talk is none, waiting or answered.
CREATE FUNCTION flagged_in(since bigint, until bigint, why text, of_vendor uuid, of_device uuid, of_wallet text,
                           in_currency text, at_least bigint, at_most bigint, talk text) RETURNS SETOF flagged_payment
LANGUAGE sql STABLE AS $$
    SELECT * FROM flagged_payment f
     WHERE f.received_at >= since AND f.received_at < until
       AND (why IS NULL OR why = ANY (f.reasons)) AND (of_vendor IS NULL OR f.vendor = of_vendor)
       AND (of_device IS NULL OR f.device = of_device) AND (of_wallet IS NULL OR f.wallet = of_wallet)
       AND (in_currency IS NULL OR f.currency = in_currency) AND f.amount BETWEEN at_least AND at_most
       AND CASE talk WHEN 'waiting' THEN f.questions > f.answers
                     WHEN 'answered' THEN f.questions > 0 AND f.questions = f.answers
                     WHEN 'none' THEN f.questions = 0 ELSE true END
$$;

-- All flagged payments that an admin saw in a filter, decided one by one with one word, and what became of each.
CREATE TABLE bulk_review (
    bulk uuid PRIMARY KEY,
    approve boolean NOT NULL,
    reason text,
    filter jsonb NOT NULL,
    asked_by uuid NOT NULL,
    count integer NOT NULL CHECK (count >= 1),
    at bigint NOT NULL
);
CREATE TABLE bulk_review_item (
    bulk uuid NOT NULL,
    position integer NOT NULL CHECK (position >= 1),
    wallet text COLLATE "C" NOT NULL,
    payment uuid NOT NULL,
    version integer NOT NULL,      -- of the payment, when the admin saw it
    outcome text CHECK (outcome IN ('decided', 'decided_before', 'changed', 'needs_second')),
    at bigint,
    PRIMARY KEY (bulk, position),
    UNIQUE (bulk, wallet, payment),
    CHECK ((outcome IS NULL) = (at IS NULL))
);
CREATE INDEX bulk_review_item_left ON bulk_review_item (bulk, position) WHERE outcome IS NULL;
GRANT SELECT, INSERT ON bulk_review, bulk_review_item TO tallystick_server;
GRANT UPDATE (outcome, at) ON bulk_review_item TO tallystick_server;
