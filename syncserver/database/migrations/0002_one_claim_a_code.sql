-- A code's hold is claimed by one payment. The wallet's lock sees to that; this makes sure of it.
CREATE UNIQUE INDEX payment_claims_its_code ON payment (wallet, series, idx) WHERE claimed;
