-- Whose word raised a limit of this till once, for one payment: its record has the reasons among its flags, and no field
-- for whoever approved.
CREATE TABLE raised_limit (
    payment BLOB PRIMARY KEY REFERENCES payment (id),
    approver TEXT NOT NULL,
    reasons TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
