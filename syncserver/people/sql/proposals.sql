-- Changes of limits that wait for a second admin.

-- write_proposal: what an admin proposes
INSERT INTO policy_proposal (proposal, vendor, device, body, reason, base, proposed_by, proposed_at, state)
VALUES ($1, $2, $3, $4::jsonb, $5, $6, $7, $8, 'open');

-- read_proposal: one of them, with the names of who proposed and who decided it
SELECT o.*, v.name AS vendor_name, d.name AS device_name, p.login AS proposed_login,
       p.state IS NOT DISTINCT FROM 'approved' AS counts, q.login AS decided_login
  FROM policy_proposal o JOIN vendor v USING (vendor) LEFT JOIN device d ON d.device = o.device
  LEFT JOIN person p ON p.user_id = o.proposed_by LEFT JOIN person q ON q.user_id = o.decided_by
 WHERE o.proposal = $1;

-- list_proposals: the newest first, before one of them; of a vendor, or of all; open ones alone, or all
SELECT o.*, v.name AS vendor_name, d.name AS device_name, p.login AS proposed_login,
       p.state IS NOT DISTINCT FROM 'approved' AS counts, q.login AS decided_login
  FROM policy_proposal o JOIN vendor v USING (vendor) LEFT JOIN device d ON d.device = o.device
  LEFT JOIN person p ON p.user_id = o.proposed_by LEFT JOIN person q ON q.user_id = o.decided_by
 WHERE ($1::uuid IS NULL OR o.proposal < $1) AND ($2::uuid IS NULL OR o.vendor = $2)
   AND (NOT $3 OR o.state = 'open' AND o.proposed_at > $4)
 ORDER BY o.proposal DESC LIMIT $5;

-- lock_proposal: one of them, so that it is decided once
SELECT proposal FROM policy_proposal WHERE proposal = $1 FOR UPDATE;

-- decide_proposal: what became of it
UPDATE policy_proposal SET state = $2, decided_by = $3, decided_at = $4, note = $5, version = $6
 WHERE proposal = $1 AND state = 'open';

-- role_of: what somebody is to this server
SELECT role FROM person WHERE user_id = $1;
