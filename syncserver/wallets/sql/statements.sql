-- What moved in a wallet, and what it had after each movement.

-- statement_page: some of a wallet's transfers below a number and within a time, the newest first, each with the balances
-- after it: what the wallet has now, less all that moved since. Only what is newer than the page's last row is read; what
-- moved between a vendor and the house alone is none of the wallet's
WITH page AS (
    SELECT number FROM transfer
     WHERE wallet = $1 AND number < $2 AND at >= $3 AND at < $4
       AND (debit IN ('online', 'offline', 'held', 'review') OR credit IN ('online', 'offline', 'held', 'review'))
     ORDER BY number DESC LIMIT $5),
 newer AS (
    SELECT t.*, (t.credit = 'online')::int - (t.debit = 'online')::int AS to_online,
           (t.credit = 'offline')::int - (t.debit = 'offline')::int AS to_offline,
           (t.credit = 'held')::int - (t.debit = 'held')::int AS to_held,
           (t.credit = 'review')::int - (t.debit = 'review')::int AS to_review
      FROM transfer t WHERE t.wallet = $1 AND t.number >= (SELECT min(number) FROM page)),
 running AS (
    SELECT n.number, n.debit, n.credit, n.amount, n.currency, n.cause, n.payment, n.series, n.vendor, n.at,
           w.online - coalesce(sum(n.amount * n.to_online) OVER since, 0)::bigint AS online,
           w.offline - coalesce(sum(n.amount * n.to_offline) OVER since, 0)::bigint AS offline,
           w.held - coalesce(sum(n.amount * n.to_held) OVER since, 0)::bigint AS held,
           w.review - coalesce(sum(n.amount * n.to_review) OVER since, 0)::bigint AS review
      FROM newer n CROSS JOIN wallet w WHERE w.wallet = $1
    WINDOW since AS (ORDER BY n.number DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
SELECT r.*, v.name AS vendor_name
  FROM running r JOIN page USING (number) LEFT JOIN vendor v ON v.vendor = r.vendor ORDER BY r.number DESC;
