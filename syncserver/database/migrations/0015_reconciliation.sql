-- Nothing yet: how shifts are reconciled.
SELECT;
