-- Who counts as another person. An admin whom another made over the network counts as that one where two are needed: whoever
-- makes an admin chooses the password. NULL where the operator made or vouched for them.
ALTER TABLE person ADD COLUMN made_by uuid;
UPDATE person SET made_by = substr(decided_by, 12)::uuid
 WHERE role IN ('admin', 'superadmin') AND decided_by ~ '^superadmin [0-9a-f-]{36}$' AND decided_at = registered_at;
GRANT UPDATE (made_by) ON person TO tallystick_server;

-- What an admin brought in without a second one adds up.
ALTER TABLE funding_request ADD COLUMN alone boolean NOT NULL DEFAULT false;
CREATE INDEX funding_request_alone ON funding_request (asked_by, at) WHERE alone;
