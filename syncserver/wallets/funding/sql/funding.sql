-- How money comes in: bank accounts, their entries, and the cash desk.

-- write_bank_account: add one of our bank accounts, or change how it is called
INSERT INTO bank_account (account, holder, bic, currency, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (account) DO UPDATE SET holder = excluded.holder, bic = excluded.bic
 WHERE bank_account.currency = excluded.currency;

-- list_bank_accounts: our bank accounts, of a currency or all
SELECT account, holder, bic, currency FROM bank_account WHERE $1::text IS NULL OR currency = $1
 ORDER BY created_at, account;

-- lock_bank_accounts: lock those that a file is of, in the one order of all locks
SELECT account, currency FROM bank_account WHERE account = ANY ($1::text[]) ORDER BY account FOR NO KEY UPDATE;

-- write_import: remember a file
INSERT INTO bank_import (import, format, at, actor) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- known_entries: which of these entries are here
SELECT DISTINCT key FROM bank_entry WHERE key = ANY ($1::bytea[]);

-- known_references: which of these references credits are here with, and which entries those are
SELECT DISTINCT account, reference, key FROM bank_entry
 WHERE strong AND credit AND NOT reversal AND (account, reference) IN (SELECT * FROM unnest($1::text[], $2::text[]));

-- known_deposits: what is here for these wallets of these days and amounts, and from which statement
SELECT DISTINCT account, coalesce(wallet, named) AS wallet, booked_on, amount, import, statement, strong FROM bank_entry
 WHERE (account, booked_on, amount) IN (SELECT * FROM unnest($1::text[], $2::date[], $3::bigint[]))
   AND credit AND NOT reversal AND coalesce(wallet, named) IS NOT NULL;

-- write_entries: add entries of a statement, with what became of each
INSERT INTO bank_entry (entry, account, key, part, statement, reference, strong, booked_on, amount, currency, credit,
                        reversal, payer, remittance, named, state, reason, wallet, number, end_to_end, payout, import,
                        imported_at)
SELECT e.*, $22, $23
  FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::integer[], $5::integer[], $6::text[], $7::boolean[],
              $8::date[], $9::bigint[], $10::text[], $11::boolean[], $12::boolean[], $13::text[], $14::text[],
              $15::text[], $16::text[], $17::text[], $18::text[], $19::bigint[], $20::text[], $21::uuid[]) AS e;

-- lock_entry: one entry, for whoever assigns it
SELECT entry, account, amount, currency, credit, reversal, state, reason, wallet FROM bank_entry
 WHERE entry = $1 FOR UPDATE;

-- assign_entry: what an unmatched entry became, and who decided it
UPDATE bank_entry SET state = 'credited', wallet = $2, number = $3, decided_by = $4, decided_at = $5
 WHERE entry = $1 AND state = 'unmatched';

-- read_entry: one entry
SELECT * FROM bank_entry WHERE entry = $1;

-- list_entries: entries of a state, or of all, the newest first
SELECT * FROM bank_entry WHERE state = $1 AND ($2::uuid IS NULL OR entry < $2) AND ($3::text IS NULL OR reason = $3)
 ORDER BY entry DESC LIMIT $4;

-- list_all_entries: entries of any state, the newest first
SELECT * FROM bank_entry WHERE ($1::uuid IS NULL OR entry < $1) AND ($2::text IS NULL OR reason = $2)
 ORDER BY entry DESC LIMIT $3;

-- receipt_is_used: whether money was paid in with a receipt
SELECT EXISTS (SELECT FROM cash_receipt WHERE receipt = $1);

-- cash_of_wallet: what came into a wallet in cash since a time
SELECT coalesce(sum(amount), 0)::bigint FROM cash_receipt WHERE wallet = $1 AND at > $2;

-- write_receipt_of_desk: what was paid in with a receipt
INSERT INTO cash_receipt (receipt, wallet, number, amount, currency, received_by, at)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING;

-- write_money_request: that an admin asked for money to move
INSERT INTO money_request (request, action, subject, amount, currency, asked_by, went_ahead, alone, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- lock_asker: an admin, so that of two requests at once the second knows of the first
SELECT FROM person WHERE user_id = $1 FOR NO KEY UPDATE;

-- moved_alone: what an admin moved without a second one since a time, by currency
SELECT currency, sum(amount)::bigint AS total FROM money_request WHERE asked_by = $1 AND alone AND at > $2
 GROUP BY currency;

-- let_in: the most of a subject that was let in since a time, by currency
SELECT currency, max(amount) AS most FROM money_request
 WHERE action = $1 AND subject = $2 AND went_ahead AND at > $3 GROUP BY currency;

-- customer_of_wallet: whose wallet it is
SELECT customer FROM wallet WHERE wallet = $1;
