-- Nothing yet: what the admins' web console needs.
SELECT;
