-- What a page of a book is read by. Closed series are kept for ever and soon outnumber the open ones: a terminal that
-- starts over must not step through them, so the state stands before the cell.
CREATE INDEX series_in_books ON series (state, cell, version);
DROP INDEX series_by_cell;
