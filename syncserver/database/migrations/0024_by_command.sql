-- What was done by command on the machine, which no second admin saw.
CREATE INDEX audit_by_command ON audit (id) WHERE actor LIKE 'cli%';
