-- Nothing yet: payouts.
SELECT;
