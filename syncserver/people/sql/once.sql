-- What was asked for once (docs/api.md, "The same thing twice").

-- claim_key: be the first with a key; whoever comes meanwhile waits here until this transaction has ended
INSERT INTO once (caller, key, fingerprint, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- read_answer: what the first with a key asked for, and was answered
SELECT fingerprint, answer, status FROM once WHERE caller = $1 AND key = $2;

-- write_answer: what is answered from now on
UPDATE once SET answer = $3::jsonb, status = $4 WHERE caller = $1 AND key = $2;
