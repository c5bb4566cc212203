-- What takes two admins (docs/api.md, "Two persons").

-- ask_first: be the first to ask
INSERT INTO second_person (action, object, first_by, first_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- who_asked: who asked first
SELECT first_by, first_at FROM second_person WHERE action = $1 AND object = $2;

-- forget_first: it was done, or is too old
DELETE FROM second_person WHERE action = $1 AND object = $2;
