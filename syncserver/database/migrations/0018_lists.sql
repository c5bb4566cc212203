-- Lists for admins (docs/performance.md, "Lists"): each begins at the newest and looks at no more than a bounded number of
-- rows. Those of a batch have the same key, so an ordinary payment costs three short index entries; all others are partial.
-- In the order of arrival too, which stretches alone do not give.
DROP INDEX payment_by_arrival;
CREATE INDEX payment_by_arrival ON payment (received_at);
CREATE INDEX payment_at_vendor ON payment (vendor, received_at);
CREATE INDEX payment_of_device ON payment (device, received_at) WHERE device IS NOT NULL;
CREATE INDEX payment_not_settled ON payment (state, received_at) WHERE state <> 'SUCCESSFUL';
CREATE INDEX payment_with_reasons ON payment (received_at) WHERE reasons <> '{}';
CREATE INDEX payment_online ON payment (received_at) WHERE channel = 'online';

-- Searching: words of names by how they begin, numbers and references too. No ASCII sign means
-- anything: the parser alone would take a name for a tag, a host or a path.
CREATE FUNCTION words_of(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector('simple'::regconfig, regexp_replace($1, '[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]+', ' ', 'g'));
CREATE INDEX customer_words ON customer USING gin (words_of(name));
CREATE INDEX vendor_words ON vendor USING gin (words_of(name));
CREATE INDEX device_words ON device USING gin (words_of(name));
CREATE INDEX bank_entry_words ON bank_entry USING gin (words_of(payer || ' ' || remittance));
CREATE INDEX bank_entry_reference ON bank_entry (reference text_pattern_ops) WHERE reference IS NOT NULL;
CREATE INDEX cash_receipt_number ON cash_receipt (receipt text_pattern_ops);
CREATE INDEX person_by_login ON person (login text_pattern_ops);
