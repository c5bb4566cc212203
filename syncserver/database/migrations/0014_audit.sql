-- Nothing yet: the audit.
SELECT;
